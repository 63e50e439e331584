"""Sections: one file a kind of result. To add one: one file here, and its line in `SECTIONS`.

`terminal`, `html` and `markdown` are made of their blocks; `junit`, `sarif` and `github` of their cases. Files begin
with the verdict and the first section; a terminal ends with them.
"""

from collections.abc import Iterator
from typing import Final

from sseprobe import exit_codes
from sseprobe.report import Report
from sseprobe.reporters.blocks import VERDICT_TONES, Block, Header, is_empty, without_empty_columns
from sseprobe.reporters.cases import Case, CaseOutcome
from sseprobe.reporters.sections import (
    abort,
    baseline,
    notes,
    paths,
    probes,
    profile_aborts,
    profiles,
    readers,
    rules,
    stream,
    time_limits,
)
from sseprobe.reporters.sections.base import Section
from sseprobe.text import one_line
from sseprobe.units import human_ms

SECTIONS: Final[tuple[Section, ...]] = (
    paths.SECTION,
    profiles.SECTION,
    time_limits.SECTION,
    profile_aborts.SECTION,
    rules.SECTION,
    baseline.SECTION,
    abort.SECTION,
    notes.SECTION,
    readers.SECTION,
    stream.SECTION,
    probes.SECTION,
)
"""The most important first."""

RUN: Final = "run"
CLAIMS: Final = {RUN: "The run comes to a verdict", **{each.kind: each.claim for each in SECTIONS}}
"""By the kind of a case: what it shows if it passes."""

_SENTENCE: Final = 400


def blocks_of(report: Report) -> list[Block]:
    """All blocks that are not empty, the most important first, details last."""
    blocks = (block for section in SECTIONS for block in section.blocks(report) if not is_empty(block))
    return sorted(map(without_empty_columns, blocks), key=lambda block: block.detail)


def cases_of(report: Report) -> list[Case]:
    """All cases; the last one is about the run as a whole, where no other case says why it does not pass."""
    cases = [case for section in SECTIONS for case in section.cases(report)]
    return [*cases, *_run(report, cases)]


def header_of(report: Report) -> Header:
    target, run = report.target, cases_of(report)[-1:]
    lines = [case.message for case in run if case.kind == RUN and case.outcome.counts]
    if report.exit_code == exit_codes.INTERRUPTED:
        lines = [] if report.error is None else [one_line(report.error, _SENTENCE)]
    return Header(
        verdict="interrupted" if report.exit_code == exit_codes.INTERRUPTED else str(report.verdict),
        tone=VERDICT_TONES[report.verdict],
        command=one_line(report.command, 40),
        target=one_line(f"{target.method} {target.url}", 2000),
        lines=(*lines, *(line for section in SECTIONS for line in section.summary(report))),
        facts=" · ".join(_facts(report)),
    )


def _facts(report: Report) -> Iterator[str]:
    yield f"exit code {report.exit_code}"
    yield f"dialect {one_line(report.target.dialect, 40)}"
    yield f"started {one_line(report.started_at, 40)}"
    yield f"took {human_ms(report.duration_ms)}"
    if report.fail_on is not None:
        yield f"findings count from severity {report.fail_on}"
    yield f"{one_line(report.tool.name, 40)} {one_line(report.tool.version, 40)}"


def _run(report: Report, cases: list[Case]) -> Iterator[Case]:
    remarks = tuple(one_line(note, _SENTENCE) for note in report.notes[:20])
    title = "the run as a whole"
    if report.exit_code == exit_codes.PASS:
        if not cases:
            yield Case(RUN, "run", title, CaseOutcome.PASSED, "", remarks)
        return
    message = None
    if report.exit_code == exit_codes.INTERRUPTED:
        message = "interrupted"
    elif report.error is not None:
        message = one_line(report.error, _SENTENCE)
    elif not any(case.outcome.counts for case in cases):
        because = f": {remarks[0]}" if remarks else ""
        message = f"{report.verdict}, with exit code {report.exit_code}{because}"
    if message is not None:
        yield Case(RUN, "run", title, CaseOutcome.ERROR, message, remarks)
