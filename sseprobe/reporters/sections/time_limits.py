"""Time limits of profiles (`buffer-test`): which of them cut the stream."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import LimitReport, Report
from sseprobe.reporters.blocks import MAX_ROWS, Block, Cell, Column, Row, Table, Tone, more_than
from sseprobe.reporters.sections.base import Section
from sseprobe.text import one_line

_SENTENCE: Final = 400
_ANSWERS: Final = {"cut": "cut", "kept": "kept", "not-reached": "not reached"}
_TONES: Final = {"cut": Tone.BAD, "kept": Tone.GOOD}
_COLUMNS: Final = (Column("Result"), Column("Limit"), Column("Profiles", wraps=True), Column("Seen", wraps=True))


def blocks(report: Report) -> Iterator[Block]:
    """The limits that cut, one a row; the others by what became of them; in detail, each of them."""
    groups: dict[tuple[str, str], list[tuple[str, LimitReport]]] = {}
    rows: list[Row] = []
    for profile in report.profiles:
        name = one_line(profile.profile, 60) or "-"
        for limit in profile.limits:
            which, answer, seen = words(limit)
            rows.append(_row(answer, which, name, seen, limit))
            groups.setdefault((answer, which), []).append((name, limit))
    if not rows:
        return
    order = list(_ANSWERS.values())
    found = sorted(groups.items(), key=lambda each: order.index(each[0][0]) if each[0][0] in order else len(order))
    together = []
    for (answer, which), limits in found[:MAX_ROWS]:
        names = ", ".join(name for name, _ in limits)
        seen = words(limits[0][1])[2] if limits[0][1].answer == "cut" else ""
        together.append(_row(answer, which, names, seen, limits[0][1]))
    scale = max(limit.scale for profile in report.profiles for limit in profile.limits)
    pace: Cell = (f"tried up to {scale:,.3g} times faster" if scale > 1 else "tried in real time",)
    yield Table("Time limits", _COLUMNS, tuple(together), (pace,))
    if len(together) < len(rows):
        more = more_than(MAX_ROWS, len(rows), "limits")
        yield Table("Each time limit", _COLUMNS, tuple(rows[:MAX_ROWS]), more, detail=True)


SECTION: Final = Section("time-limit", blocks)


def words(limit: LimitReport) -> tuple[str, str, str]:
    """Which limit, what became of it, and what was seen."""
    pace = f"; tried {limit.scale:,.3g} times faster" if limit.scale > 1 else ""
    answer = _ANSWERS.get(limit.answer, one_line(limit.answer, 40))
    return f"{one_line(limit.limit, 40)} {limit.limit_s:g} s", answer, f"{one_line(limit.detail, _SENTENCE)}{pace}"


def _row(answer: str, which: str, names: str, seen: str, limit: LimitReport) -> Row:
    cells = (answer, which, names, seen)
    return Row(tuple((cell,) for cell in cells), _TONES.get(limit.answer, Tone.PLAIN))
