"""`terminal`: for people. The verdict first, then why, then the figures."""

from io import StringIO
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sseprobe.report import Percentiles, Report, StreamReport, Verdict
from sseprobe.reporters.trials import trial_lines
from sseprobe.text import one_line, visible
from sseprobe.units import human_bytes, human_ms

_STYLES: Final = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}
_BARS: Final = "▁▂▃▄▅▆▇█"
_FORMULAS: Final = (
    "Times count from just before connecting. ITL: gaps between events with content. "
    "TPOT = (last - first content) / (tokens - 1); tokens as in usage; tokens/s = 1 / TPOT."
)


def render(report: Report, *, width: int, colour: bool) -> str:
    """The report as lines of at most `width` columns."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(20, width),
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_headline(report), soft_wrap=False)
    if report.error:
        console.print(Text(f"  {visible(report.error)}"))
    if report.abort is not None:
        for line in trial_lines(report, report.abort):
            console.print(line)
    for stream in report.streams if report.abort is None else []:
        if stream.status == 200 or not report.error:
            console.print(_stream_table(stream))
            console.print(Text(_FORMULAS, style="dim"))
    return out.getvalue()


def _headline(report: Report) -> Text:
    verdict = "INTERRUPTED" if report.exit_code == 130 else report.verdict.upper()
    return Text.assemble(
        (verdict, _STYLES[report.verdict]),
        f"  {report.command}  ",
        f"{report.target.method} {visible(report.target.url)}",
    )


def _stream_table(stream: StreamReport) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _rows(stream):
        table.add_row(f"  {label}", value)
    return table


def _rows(stream: StreamReport) -> list[tuple[str, Text]]:
    figures = stream.metrics
    rows = [
        ("answer", Text(_answer(stream))),
        ("ending", _ending(stream)),
        *(
            ("redirect", Text(f"{hop.status} {visible(hop.url)} -> {visible(hop.location)}"))
            for hop in stream.redirects
        ),
        (
            "latency",
            Text(
                f"TTFB {human_ms(figures.ttfb_ms)} · TTFE {human_ms(figures.ttfe_ms)} · "
                f"TTFT {human_ms(figures.ttft_ms)} · end {human_ms(figures.e2e_ms)}"
            ),
        ),
        ("ITL", Text(_itl(figures.itl_ms, figures.unmeasured_gaps))),
    ]
    if len(figures.gaps_ms) > 1:
        rows.append(
            ("gaps", Text.assemble((sparkline(figures.gaps_ms), "cyan"), f" max {human_ms(figures.itl_ms.max)}"))
        )
    rows.append(("tokens", Text(_tokens(stream))))
    rows.append(("arrival", Text(_arrival(stream))))
    rows.append(("clock", Text(_clock(stream))))
    rows += [("note", Text(visible(note), style="yellow")) for note in stream.notes]
    return rows


def _answer(stream: StreamReport) -> str:
    content_type = one_line(stream.content_type or "no Content-Type", 60)
    return f"{stream.status} · HTTP/{stream.http_version} · {content_type} · {stream.dialect}"


def _ending(stream: StreamReport) -> Text:
    text = Text(stream.ending, style=_STYLES[stream.verdict])
    reasons = [f"finish reason {one_line(reason, 40)}" for reason in dict.fromkeys(stream.finish_reasons) if reason]
    if stream.body_end is not None:
        reasons.append(f"body: {stream.body_end}")
    text.append(f" ({', '.join(reasons)})" if reasons else "", style="default")
    if stream.incomplete and stream.verdict is Verdict.PASS:
        text.append(f" · the answer is incomplete: {one_line(stream.incomplete, 60)}", style="yellow")
    if stream.ending_reason:
        text.append(f": {one_line(stream.ending_reason, 400)}", style="default")
    if stream.error is not None and (stream.error.type or stream.error.code):
        kinds = [one_line(kind, 60) for kind in (stream.error.type, stream.error.code) if kind]
        text.append(f" [{', '.join(kinds)}]", style="red")
    return text


def _itl(itl: Percentiles, unmeasured: int) -> str:
    if not itl.count:
        said = "no gap between two events with content"
    else:
        said = f"p50 {human_ms(itl.p50)} · p90 {human_ms(itl.p90)} · p99 {human_ms(itl.p99)} · max {human_ms(itl.max)}"
    return said + (f" · {unmeasured} gaps unknown, read too late" if unmeasured else "")


def _tokens(stream: StreamReport) -> str:
    figures = stream.metrics
    if figures.tokens is None:
        return "unknown: the stream sent no usage"
    rate = "" if figures.tokens_per_s is None else f" · {figures.tokens_per_s:,.4g} tokens/s"
    return f"{figures.tokens:,} · TPOT {human_ms(figures.tpot_ms)}{rate}"


def _arrival(stream: StreamReport) -> str:
    figures = stream.metrics
    ratio = figures.bunching_ratio
    bunching = "bunching unknown, read too late" if ratio is None else f"{ratio:.3g} events per read"
    if not stream.events:
        bunching = "no event"
    stalls = f"{figures.stalls} stalls over {human_ms(figures.stall_limit_ms)}"
    heartbeats = f" · {stream.comments:,} comments" if stream.comments else ""
    heartbeats += f" · {stream.heartbeats:,} heartbeats" if stream.heartbeats else ""
    counts = f"{stream.events:,} events in {stream.reads:,} reads, {human_bytes(stream.bytes)}"
    return f"{counts} · {bunching} · {stalls}{heartbeats}"


def _clock(stream: StreamReport) -> str:
    if stream.clock is None:
        return "no read to stamp"
    if stream.clock == "user":
        return "user: stamped by this process after each read; its own lag is unknown"
    lag = stream.metrics.client_lag_ms
    return f"kernel · client lag p50 {human_ms(lag.p50)} · p99 {human_ms(lag.p99)} · max {human_ms(lag.max)}"


def sparkline(values: list[float]) -> str:
    """Bars from zero to the largest value."""
    top = max(values) or 1.0
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * len(_BARS)))] for value in values)
