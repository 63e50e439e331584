"""Client aborts behind profiles (`buffer-test`): when the server learns that its client has disconnected."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import ProfileAbort, Report
from sseprobe.reporters.blocks import MAX_ROWS, Block, Column, Row, Table, Tone
from sseprobe.reporters.sections.base import Section
from sseprobe.stop_detection.answers import Answer
from sseprobe.text import one_line
from sseprobe.units import human_ms

_AT_ONCE_MS: Final = 50.0
_NEAR: Final = 1.5
_UNTIMED: Final = {Answer.STOPPED: "at an unknown time", Answer.RUNNING: "never", Answer.UNKNOWN: "unknown"}
_TONES: Final = {Answer.STOPPED: Tone.GOOD, Answer.RUNNING: Tone.OPEN, Answer.UNKNOWN: Tone.PLAIN}
_COLUMNS: Final = (
    Column("Server notices"),
    Column("Profiles", wraps=True),
    Column("Remarks", wraps=True),
)

Named = tuple[str, ProfileAbort]


def blocks(report: Report) -> Iterator[Block]:
    """The profiles, with those together that are alike."""
    rows = [
        Row(((when,), (", ".join(names),), (remark,)), _TONES[answer]) for when, answer, names, remark in alike(report)
    ]
    yield Table("When the client disconnects", _COLUMNS, tuple(rows[:MAX_ROWS]))


SECTION: Final = Section("profile-abort", blocks)


def words(abort: ProfileAbort) -> str:
    """When the server learns that its client has disconnected, and how many tokens are wasted."""
    wasted = "" if not abort.overrun_tokens else f", {_wasted_tokens(abort.overrun_tokens)}"
    if abort.answer is Answer.UNKNOWN:
        return f"unknown: {one_line(abort.reason or 'no evidence', 400)}"
    if abort.closed_ms is None:
        never = abort.answer is Answer.RUNNING
        return ("the server never notices and generates to the end" if never else "the server stops") + wasted
    on = ", but continues" if abort.answer is Answer.RUNNING else ""
    return f"the server notices after {human_ms(abort.closed_ms)}{on}{wasted}"


def _wasted_tokens(count: int) -> str:
    """How many tokens were generated after the client had disconnected."""
    return f"{count:,} wasted token{'' if count == 1 else 's'}"


def alike(report: Report) -> Iterator[tuple[str, Answer, list[str], str]]:
    """Profiles with the same outcome: when the server notices, which answer, which profiles, and more."""
    aborts = [(one_line(each.profile, 60) or "-", each.abort) for each in report.profiles if each.abort is not None]
    timed = [pair for pair in aborts if pair[1].answer is Answer.STOPPED and pair[1].closed_ms is not None]
    timed.sort(key=lambda pair: pair[1].closed_ms or 0.0)
    others: dict[tuple[str, Answer], list[Named]] = {}
    for name, abort in aborts:
        if abort.answer is not Answer.STOPPED or abort.closed_ms is None:
            when = _UNTIMED[abort.answer] if abort.closed_ms is None else "but continues"
            others.setdefault((when, abort.answer), []).append((name, abort))
    for (when, answer), pairs in others.items():
        yield when, answer, *_remarks(pairs)
    while timed:
        first = timed[0][1].closed_ms or 0.0
        together = [pair for pair in timed if (pair[1].closed_ms or 0.0) <= max(_AT_ONCE_MS, _NEAR * first)]
        timed = timed[len(together) :]
        times = dict.fromkeys(human_ms(abort.closed_ms) for _, abort in (together[0], together[-1]))
        yield f"after {' to '.join(times)}", Answer.STOPPED, *_remarks(together)


def _remarks(pairs: list[Named]) -> tuple[list[str], str]:
    """The profiles' names, and what there is to say of all of them."""
    wasted = max(abort.overrun_tokens or 0 for _, abort in pairs)
    reasons = dict.fromkeys(one_line(abort.reason, 200) for _, abort in pairs if abort.reason)
    parts = [f"up to {_wasted_tokens(wasted)}"] if wasted else []
    return [name for name, _ in pairs], "; ".join([*parts, *list(reasons)[:3]])
