"""The baseline: expected findings that no longer occur."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import Report
from sseprobe.reporters.blocks import MAX_ROWS, Block, Cell, Lines, Tone, more_than
from sseprobe.reporters.cases import Case, CaseOutcome
from sseprobe.reporters.sections.base import Section
from sseprobe.text import one_line

_SENTENCE: Final = 400


def summary(report: Report) -> Iterator[str]:
    """How many findings were expected, and how many of them did not occur."""
    if (found := report.baseline) is not None:
        yield f"baseline {one_line(found.file, 200)}: {found.expected} expected, {len(found.stale)} stale"


def blocks(report: Report) -> Iterator[Block]:
    stale = report.baseline.stale if report.baseline is not None else []
    shown: tuple[Cell, ...] = tuple((one_line(entry, _SENTENCE),) for entry in stale[:MAX_ROWS])
    lines = shown + more_than(len(shown), len(stale), "entries")
    yield Lines("Stale baseline entries: expected, but not found", lines, Tone.BAD)


def cases(report: Report) -> Iterator[Case]:
    """One, where an entry is stale."""
    if report.baseline is None or not report.baseline.stale:
        return
    stale = report.baseline.stale
    shown = tuple(one_line(entry, _SENTENCE) for entry in stale[:MAX_ROWS])
    if len(stale) > MAX_ROWS:
        shown += (f"… and {len(stale) - MAX_ROWS} more",)
    others = f" (and {len(stale) - 1} more)" if len(stale) > 1 else ""
    message = f"expected by the baseline, but not found: {shown[0]}{others}"
    details = shown if others else ()
    yield Case("baseline", "baseline", "the baseline is up to date", CaseOutcome.FAILED, message, details)


SECTION: Final = Section("baseline", blocks, summary, cases, "Each finding of the baseline still occurs")
