"""`terminal`: for people. The verdict first, then why, then the figures."""

from io import StringIO
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sseprobe.report import Report, StreamReport, Verdict
from sseprobe.reporters import figures
from sseprobe.reporters.buffering import hop_lines
from sseprobe.reporters.cases import plain_rows
from sseprobe.reporters.findings import check_lines
from sseprobe.reporters.trials import trial_lines
from sseprobe.text import one_line, visible
from sseprobe.units import human_ms

STYLES: Final = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}

_LONG: Final = 4000


def render(report: Report, *, width: int, colour: bool) -> str:
    """The report as lines of at most `width` columns."""
    out = StringIO()
    width = max(20, width)
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_headline(report), soft_wrap=False)
    if report.error:
        console.print(Text(f"  {visible(report.error[:_LONG])}"))
    if report.fail_on is not None:
        for line in check_lines(report, width):
            console.print(line)
    elif report.abort is not None:
        for each in trial_lines(report, report.abort):
            console.print(each)
    elif not report.profiles and report.path is None:
        for stream in report.streams:
            if stream.status == 200 or not report.error:
                console.print(_stream_table(stream))
                console.print(Text(figures.FORMULAS, style="dim"))
    for part in hop_lines(report, width):
        console.print(part)
    for row in plain_rows(report.load or {}):
        console.print(Padding(Text(row), (0, 0, 0, 2)))
    for note in report.notes:
        console.print(Padding(Text(visible(note[:_LONG]), style="yellow"), (0, 0, 0, 2)))
    text = out.getvalue()
    return text if colour else "".join(f"{line.rstrip()}\n" for line in text.split("\n")[:-1])


def _headline(report: Report) -> Text:
    verdict = "INTERRUPTED" if report.exit_code == 130 else report.verdict.upper()
    return Text.assemble(
        (verdict, STYLES[report.verdict]),
        f"  {one_line(report.command, 40)}  ",
        f"{one_line(report.target.method, 40)} {one_line(report.target.url, 2000)}",
    )


def _stream_table(stream: StreamReport) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, said in figures.figures_of(stream):
        table.add_row(f"  {label}", _ending(stream) if label == "ending" else Text(said))
        if label == "ITL" and len(stream.metrics.gaps_ms) > 1:
            table.add_row("  gaps", _gaps(stream))
    for note in stream.notes:
        table.add_row("  note", Text(visible(note[:_LONG]), style="yellow"))
    return table


def _gaps(stream: StreamReport) -> Text:
    longest = human_ms(stream.metrics.itl_ms.max)
    return Text.assemble((figures.sparkline(stream.metrics.gaps_ms), "cyan"), f" max {longest}")


def _ending(stream: StreamReport) -> Text:
    text = Text(stream.ending, style=STYLES[stream.verdict])
    told, incomplete, why, kinds = figures.ending(stream)
    text.append(told, style="default")
    text.append(incomplete, style="yellow")
    text.append(why, style="default")
    return text.append(kinds, style="red")
