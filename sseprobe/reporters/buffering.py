"""The part of the terminal report that tells of hops: which break the stream, why, and what was seen to help."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sseprobe.report import PathReport, ProfileReport, Report
from sseprobe.reporters import hops, paths
from sseprobe.reporters.findings import result_lines
from sseprobe.reporters.hops import Alike
from sseprobe.stop_detection.answers import Answer
from sseprobe.text import one_line
from sseprobe.transcript import Ending

Line = Text | Table | Padding

_MARKS: Final = {"fail": "bold red", "open": "bold yellow", "fail*": "yellow", "open*": "yellow", "pass": "green"}
_ANSWERS: Final = {Answer.STOPPED: "default", Answer.RUNNING: "yellow", Answer.UNKNOWN: "default"}
_HEADS: Final = ("\nTTFT", "added\np50", "added\nmax", "events\na burst", "\nending")
_MAX_GROUPS: Final = 40
_NAMES: Final = 56
"""Columns for names, where there is more room than that."""
_LABELS: Final = 9
_INDENT: Final = 2
_GAP: Final = 2


def hop_lines(report: Report, width: int) -> Iterator[Line]:
    """What to print, after the headline. The report's notes are not among it."""
    if not report.profiles and report.path is None:
        return
    for said in hops.found(report):
        yield _indented(Text(said))
    if report.path is not None:
        yield from _path(report, report.path)
    elif report.streams:
        yield _labelled([("direct", Text(hops.direct(report.streams[0])))])
    if report.fail_on is None:
        yield from result_lines(report, width)
    if not report.profiles:
        return
    groups = hops.groups_of(report)[:_MAX_GROUPS]
    yield Text()
    yield from _overview(groups, width)
    if any(group.mark.endswith("*") for group in groups):
        yield _indented(Text(f"* {hops.why_uncounted(report)}", style="dim"))
    yield _indented(Text(hops.WORST, style="dim"))
    for group in groups:
        if group.mark != "pass":
            yield from _group(group)
    yield from _limits(report)
    yield from _aborts(report)


def _indented(text: Text, columns: int = _INDENT) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _labelled(rows: Sequence[tuple[str | Text, Text]], indent: int = _INDENT, min_width: int = 0) -> Padding:
    table = Table.grid(padding=(0, _GAP), pad_edge=False)
    table.add_column(style="dim", no_wrap=True, min_width=min_width)
    table.add_column(overflow="fold")
    for label, said in rows:
        table.add_row(label, said)
    return Padding(table, (0, 0, 0, indent), expand=False)


def _overview(groups: list[Alike], width: int) -> Iterator[Line]:
    """A table, or lines where there is no room for one."""
    rows = [(group, hops.figures(group.worst)) for group in groups]
    widths = [
        max(cell_len(each) for each in chain(head.split("\n"), (figures[column] for _, figures in rows)))
        for column, head in enumerate(_HEADS)
    ]
    longest = max(cell_len(name) + 1 for group in groups for name in group.names)
    marks = max(cell_len(group.mark) for group in groups)
    if _INDENT + marks + longest + sum(widths) + _GAP * (len(widths) + 1) > width:
        for group, _ in rows:
            line = Text(hops.figures_line(group.worst))
            yield _labelled([(_mark(group), Text(", ".join(group.names))), ("", line)])
        return
    table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("\nprofile", overflow="fold", max_width=max(longest, _NAMES))
    for head, columns in zip(_HEADS, widths, strict=True):
        table.add_column(head, justify="left" if head == _HEADS[-1] else "right", no_wrap=True, min_width=columns)
    for group, figures in rows:
        *numbers, ending = (Text(each) for each in figures)
        ending.stylize("" if group.worst.ending is Ending.COMPLETE else "red")
        table.add_row(_mark(group), Text(", ".join(group.names)), *numbers, ending)
    yield Padding(table, (0, 0, 0, _INDENT), expand=False)


def _mark(group: Alike) -> Text:
    return Text(group.mark, style=_MARKS[group.mark])


def _group(group: Alike) -> Iterator[Line]:
    profile = group.worst
    head = Text.assemble((", ".join(group.names), "bold"))
    if len(group.profiles) == 1:
        head.append(f"  {hops.title_of(profile)}")
        head.append(f"  ({one_line(profile.basis, 200)})" if profile.basis else "", style="dim")
    yield Text()
    yield _indented(head)
    yield _labelled(list(_told(profile)), 4, _LABELS)


def _told(profile: ProfileReport) -> Iterator[tuple[str, Text]]:
    yield "means", Text(hops.meaning(profile))
    if profile.cause is not None:
        yield "cause", Text(one_line(profile.cause, 400))
    else:
        yield "seen", Text(one_line(profile.reason, 400))
    for each in hops.cures(profile):
        what, seen = hops.cure(each)
        yield "cure", Text.assemble((what, "green"), (f" ({seen})" if seen else "", "dim"))
    if hops.without_cure(profile):
        yield "cure", Text(hops.NO_CURE)
    if said := hops.in_vain(profile):
        yield "in vain", Text(said, style="dim")
    if said := hops.untried(profile):
        yield "not tried", Text(said)
    for note in profile.notes[:20]:
        yield "note", Text(one_line(note, 400), style="yellow")


def _limits(report: Report) -> Iterator[Line]:
    """What became of the time limits: of those that cut, what was seen; of the others, whose they are."""
    cut: list[tuple[str, Text]] = []
    others: dict[str, dict[str, list[str]]] = {}
    scales = [limit.scale for profile in report.profiles for limit in profile.limits]
    for profile in report.profiles:
        name = hops.name_of(profile)
        for limit in profile.limits:
            which, answer, seen = hops.limit_told(limit)
            if limit.answer == "cut":
                cut.append((answer, Text(f"{which}: {name}").append(f" ({seen})" if seen else "", style="dim")))
            else:
                others.setdefault(answer, {}).setdefault(which, []).append(name)
    if not scales:
        return
    pace = f", tried up to {max(scales):,.3g} times faster" if max(scales) > 1 else ", in real time"
    yield Text()
    yield _indented(Text.assemble(("time limits", "bold"), (pace, "dim")))
    rows = [
        (answer, Text(" · ".join(f"{which}: {', '.join(names)}" for which, names in limits.items())))
        for answer, limits in others.items()
    ]
    yield _labelled([*cut[:_MAX_GROUPS], *rows[:_MAX_GROUPS]], 4, _LABELS)


def _aborts(report: Report) -> Iterator[Line]:
    rows = []
    for when, answer, names, more in list(hops.aborts_told(report))[:_MAX_GROUPS]:
        said = Text.assemble((", ".join(names), _ANSWERS[answer]), (f" ({more})" if more else "", "dim"))
        rows.append((when, said))
    if rows:
        yield Text()
        yield _indented(Text("when the client leaves, the server learns of it", style="bold"))
        yield _labelled(rows, 4, _LABELS)


def _path(report: Report, path: PathReport) -> Iterator[Line]:
    table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    table.add_column("", style="dim", no_wrap=True)
    for head in ("this path", "direct"):
        table.add_column(head, overflow="fold")
    for label, ours, theirs in paths.side_by_side(report, path):
        table.add_row(label, Text(ours), Text(theirs))
    yield Text()
    yield Padding(table, (0, 0, 0, _INDENT), expand=False)
    yield Text()
    rows = [("evidence" if not index else "", Text(said)) for index, said in enumerate(paths.evidence(path))]
    if like := paths.like(path):
        rows.append(("like", Text(f"it behaves like {like}")))
    if (step := paths.next_step(report, path)) is not None:
        rows.append(("next", Text.assemble((step[0], "bold")).append(f"  {step[1]}", style="dim")))
    yield _labelled(rows)
