"""Hops in a document: the two paths side by side, the profiles, what helps, time limits, clients that leave."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import PathReport, Report, Verdict
from sseprobe.reporters import hops, paths
from sseprobe.reporters.document import MAX_ROWS, VERDICT_TONES, Cell, Quote, Row, Section, Tone
from sseprobe.stop_detection.answers import Answer

_HEAD: Final = ("Profile", "Verdict", "TTFT", "Added p50", "Added max", "Events a burst", "Ending", "What it means")
_ABORTS: Final = {Answer.STOPPED: Tone.GOOD, Answer.RUNNING: Tone.OPEN, Answer.UNKNOWN: Tone.PLAIN}
_LIMITS: Final = {"kept": Tone.GOOD, "cut": Tone.BAD}
_TOLD_ELSEWHERE: Final = ("meaning", "limit", "when the client leaves")


def hop_sections(report: Report) -> Iterator[Section]:
    """The sections, some of them perhaps empty."""
    if report.path is not None:
        yield _paths(report, report.path)
    yield _profiles(report)
    yield _details(report)
    yield _limits(report)
    yield _aborts(report)


def _paths(report: Report, path: PathReport) -> Section:
    rows: list[Row] = []
    for label, *said in paths.side_by_side(report, path):
        cells: list[Cell] = [(Quote(each),) if label == "URL" else (each,) for each in said]
        rows.append(Row(((label,), *cells)))
    lines: list[Cell] = [(each,) for each in paths.evidence(path)]
    if like := paths.like(path):
        lines.append((f"it behaves like {like}",))
    if (step := paths.next_step(report, path)) is not None:
        lines.append((f"next, {step[1]}:", Quote(step[0])))
    return Section("The two paths", tuple(lines), ("", "This path", "Direct"), tuple(rows))


def _profiles(report: Report) -> Section:
    rows: list[Row] = []
    lines: list[Cell] = []
    for profile in report.profiles[:MAX_ROWS]:
        mark = hops.mark_of(profile, report)
        tone = Tone.PLAIN if mark.endswith("*") else VERDICT_TONES[profile.verdict]
        said = (hops.name_of(profile), mark, *hops.figures(profile), hops.meaning(profile))
        rows.append(Row(tuple((each,) for each in said), tone))
    if any(row.cells[1][0] in ("fail*", "open*") for row in rows):
        lines.append((f"* {hops.why_uncounted(report)}",))
    if more := len(report.profiles) - len(rows):
        lines.append((f"… and {more} more profiles: see --report json",))
    return Section("Profiles", tuple(lines), _HEAD, tuple(rows))


def _details(report: Report) -> Section:
    """Of what does not pass: the cause, and what helps."""
    rows = []
    for profile in [each for each in report.profiles if each.verdict is not Verdict.PASS][:MAX_ROWS]:
        tone = VERDICT_TONES[profile.verdict] if hops.is_counted(profile, report) else Tone.PLAIN
        told = [(label, said) for label, said in hops.told(profile) if label not in _TOLD_ELSEWHERE]
        helps = tuple(said for label, said in told if label == "helps")
        helps = helps or (hops.NO_CURE if hops.without_cure(profile) else "—",)
        more = tuple(f"{label}: {said}" for label, said in told if label not in ("cause", "helps"))
        cause = tuple(said for label, said in told if label == "cause") or ("—",)
        rows.append(Row(((hops.name_of(profile), hops.title_of(profile)), cause, helps, more), tone))
    return Section("Causes and cures", head=("Profile", "Cause", "What helps", "More"), rows=tuple(rows))


def _limits(report: Report) -> Section:
    rows = [
        Row(
            tuple((each,) for each in (hops.name_of(profile), *hops.limit_told(limit))),
            _LIMITS.get(limit.answer, Tone.PLAIN),
        )
        for profile in report.profiles
        for limit in profile.limits
    ]
    return Section("Time limits", head=("Profile", "Limit", "Answer", "Seen"), rows=tuple(rows[:MAX_ROWS]))


def _aborts(report: Report) -> Section:
    rows = [
        Row(((hops.name_of(each),), (hops.abort_told(each.abort),)), _ABORTS[each.abort.answer])
        for each in report.profiles
        if each.abort is not None
    ]
    return Section("When the client leaves", head=("Profile", "What the server does"), rows=tuple(rows[:MAX_ROWS]))
