"""The part of the terminal report that tells of rules: findings with their bytes, readers, probes, what is open."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sseprobe.report import Excerpt, ReaderReport, Report, RuleResult
from sseprobe.reporters.cases import Told, by_weight, counting, counts_of, fail_on_of, shown, told
from sseprobe.reporters.figures import brief
from sseprobe.reporters.trials import trial_lines
from sseprobe.rules.catalogue import RuleVerdict, Severity
from sseprobe.text import one_line

SEVERITIES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}
_ENDINGS: Final = {"pass": "green", "fail": "red", "inconclusive": "yellow"}
_MAX_SHOWN: Final = 5
"""Findings of a rule: the others are counted."""
_MAX_STREAMS: Final = 20
_PART: Final = 200
_COMPRESSION: Final = "compression"

Line = Text | Table | Padding


def check_lines(report: Report, width: int) -> Iterator[Line]:
    """What to print, after the headline. The report's notes are not among it."""
    yield Text(f"  {counts_of(report.results)}")
    yield from _not_tried(report)
    yield from result_lines(report, width)
    if report.readers:
        yield from _readers(report.readers)
    if report.abort is not None:
        yield Text()
        yield from trial_lines(report, report.abort)
    if report.streams:
        yield Text()
        yield _streams(report)
    yield from _probes(report)
    yield from _baseline(report)
    yield from _undecided(report.results)


def _not_tried(report: Report) -> Iterator[Line]:
    """What was not asked for as other clients do: a pass says nothing of it."""
    ran = {each.probe: each.ran for each in report.probes}
    if ran.get("repeat") and ran.get(_COMPRESSION) is False:
        said = "not tried: asking for compression, as browsers do (--probe compression)"
        yield _indented(Text(said, style="yellow"))


def result_lines(report: Report, width: int) -> Iterator[Line]:
    """The rules that found something, or crashed."""
    fail_on = fail_on_of(report)
    for result in by_weight(report.results, fail_on):
        yield from _result(result, fail_on, width)


def _indented(text: Text, columns: int = 2) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _result(result: RuleResult, fail_on: Severity, width: int) -> Iterator[Line]:
    crashed = result.verdict is RuleVerdict.CRASHED
    counts = crashed or bool(counting(result, fail_on))
    said, style = ("crashed", "bold red") if crashed else (str(result.severity), SEVERITIES[result.severity])
    head = Text.assemble((one_line(result.rule, 40), "bold"), " ", (said, style), f"  {one_line(result.title, _PART)}")
    if not counts:
        expected = all(finding.baselined for finding in result.findings)
        head.append("  (expected by the baseline)" if expected else "  (does not count)", style="dim")
    yield Text()
    yield _indented(head)
    if result.reason is not None:
        yield _indented(Text(one_line(result.reason, 600)), 4)
    faults = sorted(told(result), key=lambda fault: fault.finding.baselined)[:_MAX_SHOWN]
    for fault in faults:
        yield from _finding(fault, width)
    if more := len(result.findings) - sum(fault.times for fault in faults) + result.more:
        yield _indented(Text(f"… and {more} more: see --report json", style="dim"), 4)
    yield _indented(Text(one_line(result.spec, 300), style="dim"), 4)


def _finding(fault: Told, width: int) -> Iterator[Line]:
    finding, place = fault.finding, fault.place
    text = Text(one_line(finding.message, 600))
    text.append(f"  {place}" if place else "", style="dim")
    text.append("  expected by the baseline" if finding.baselined else "", style="dim")
    yield _indented(text, 4)
    if finding.excerpt is not None:
        yield from excerpt_lines(finding.excerpt, width, 6)
    pairs = [("expected", finding.expected), ("actual", finding.actual)]
    sides = Text()
    for label, said in pairs:
        if said is not None:
            sides.append(" · " if sides else "").append(f"{label} ", style="dim").append(one_line(said, 300))
    if sides:
        yield _indented(sides, 6)


def excerpt_lines(excerpt: Excerpt, width: int, indent: int) -> Iterator[Text]:
    """The bytes in one line cut to the width, and carets under those that are meant."""
    room = max(8, width - indent)
    bytes_ = shown(excerpt)
    before, marked, after = bytes_.before, bytes_.marked, bytes_.after
    # The beginning of what is marked is in view: what stands before it gives way first.
    left = _last_cells(before, max(room // 4, room - cell_len(marked) - cell_len(after)))
    start = cell_len(left)
    marked = _first_cells(marked, room - start)
    after = _first_cells(after, room - start - cell_len(marked))
    line = Text(" " * indent, no_wrap=True, overflow="crop")
    yield line.append(left, style="dim").append(marked, style="bold red").append(after, style="dim")
    carets = "^" * max(1, cell_len(marked))
    yield Text(" " * (indent + min(start, room - 1)) + carets, style="red", no_wrap=True, overflow="crop")


def _first_cells(text: str, cells: int) -> str:
    """The text, or as much of its beginning as fits, with `…` where it is cut."""
    if cell_len(text) <= cells:
        return text
    return f"{set_cell_size(text, cells - 1).rstrip()}…" if cells > 0 else ""


def _last_cells(text: str, cells: int) -> str:
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) >= cells:
        text = text[1:]
    return f"…{text}"


def _readers(readers: list[ReaderReport]) -> Iterator[Line]:
    yield Text()
    for reader in readers:
        if not reader.agrees:
            said, style = ("could not be asked", "yellow") if reader.agrees is None else ("disagrees", "bold yellow")
            differences = "; ".join(one_line(each, 300) for each in reader.differences[:_MAX_SHOWN])
            more = len(reader.differences) - _MAX_SHOWN
            text = Text.assemble(_name(reader), " ", (said, style), f": {differences}")
            yield _indented(text.append(f"; and {more} more" if more > 0 else "", style="dim"))
    if agreeing := [_name(reader) for reader in readers if reader.agrees]:
        yield _indented(Text(f"read the same by {', '.join(agreeing)}"))


def _name(reader: ReaderReport) -> str:
    return one_line(f"{reader.reader} {reader.version or ''}".rstrip(), 80)


def _streams(report: Report) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for index, stream in enumerate(report.streams[:_MAX_STREAMS]):
        figures = Text(brief(stream))
        if stream.ending_reason:
            figures.append(f" · {one_line(stream.ending_reason, 300)}", style="default")
        for note in stream.notes:
            figures.append(f" · {one_line(note, 300)}", style="yellow")
        table.add_row(Text(f"  stream {index}", style="dim"), Text(stream.ending, _ENDINGS[stream.verdict]), figures)
    if (more := len(report.streams) - _MAX_STREAMS) > 0:
        table.add_row("  …", "", Text(f"and {more} more streams: see --report json", style="dim"))
    return table


def _probes(report: Report) -> Iterator[Line]:
    if ran := [one_line(each.probe, 40) for each in report.probes if each.ran]:
        yield _indented(Text.assemble(("probes ", "dim"), ", ".join(ran)))
    for names, why in idle_probes(report):
        yield _indented(Text.assemble(("not run ", "dim"), f"{names}: {why}"))


def idle_probes(report: Report) -> Iterator[tuple[str, str]]:
    """The probes that did not run, with those together that have the same reason."""
    idle = [
        (one_line(each.detail.replace(f"--probe {each.probe}", "--probe NAME"), 300), one_line(each.probe, 40))
        for each in report.probes
        if not each.ran
    ]
    for why, names in groupby(sorted(idle), key=lambda each: each[0]):
        yield ", ".join(name for _, name in names), why


def _baseline(report: Report) -> Iterator[Line]:
    if (baseline := report.baseline) is None:
        return
    said = f"baseline {one_line(baseline.file, 200)}: {baseline.expected} expected, {len(baseline.stale)} stale"
    yield _indented(Text(said))
    for entry in baseline.stale[:_MAX_STREAMS]:
        yield _indented(Text.assemble(("stale ", "bold red"), one_line(entry, 400)), 4)
    if (more := len(baseline.stale) - _MAX_STREAMS) > 0:
        yield _indented(Text(f"… and {more} more", style="dim"), 4)


def _undecided(results: list[RuleResult]) -> Iterator[Line]:
    for result in results:
        if result.verdict is RuleVerdict.INCONCLUSIVE or (
            result.named and result.verdict is RuleVerdict.NOT_APPLICABLE
        ):
            named = ", and was named" if result.named else ""
            reason = one_line(result.reason or result.title, 400)
            text = Text.assemble((f"{result.verdict} ", "yellow"), f"{one_line(result.rule, 40)}{named}: {reason}")
            yield _indented(text)
    absent = [each.rule for each in results if each.verdict is RuleVerdict.NOT_APPLICABLE and not each.named]
    if absent:
        yield _indented(Text.assemble(("not applicable ", "dim"), compacted(absent)))


def compacted(rules: list[str]) -> str:
    """Ids with neighbours drawn together: `SSE001-003, HTTP007`."""
    groups: list[list[str]] = []
    for rule in rules:
        if groups and _follows(groups[-1][-1], rule):
            groups[-1].append(rule)
        else:
            groups.append([rule])
    return ", ".join(one_line(group[0] + (f"-{_number(group[-1])}" if len(group) > 1 else ""), 60) for group in groups)


def _number(rule: str) -> str:
    return rule[len(rule.rstrip("0123456789")) :]


def _follows(first: str, second: str) -> bool:
    one, two = _number(first), _number(second)
    same = first.removesuffix(one) == second.removesuffix(two)
    return same and bool(one) and bool(two) and max(len(one), len(two)) < 10 and int(two) == int(one) + 1
