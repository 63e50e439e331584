"""The figures of one stream in words, for every reporter that writes for people. What comes back may be shown."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import Percentiles, StreamReport, Verdict
from sseprobe.text import one_line
from sseprobe.units import human_bytes, human_ms

FORMULAS: Final = (
    "Times count from just before connecting. ITL: gaps between events with content. "
    "TPOT = (last - first content) / (tokens - 1); tokens as in usage; tokens/s = 1 / TPOT."
)
_BARS: Final = "▁▂▃▄▅▆▇█"


def figures_of(stream: StreamReport) -> Iterator[tuple[str, str]]:
    """All of them, with their labels."""
    yield "answer", answer(stream)
    yield "ending", str(stream.ending) + "".join(ending(stream))
    for hop in stream.redirects:
        yield "redirect", f"{hop.status} {one_line(hop.url, 400)} -> {one_line(hop.location, 400)}"
    if (found := text_place(stream)) is not None:
        yield "text", found
    yield "latency", latency(stream)
    yield "ITL", itl(stream.metrics.itl_ms, stream.metrics.unmeasured_gaps)
    if (longest := silence(stream)) is not None:
        yield "silence", longest
    yield "tokens", tokens(stream)
    yield "arrival", arrival(stream)
    yield "clock", clock(stream)


def brief(stream: StreamReport) -> str:
    """What matters of it in a line, without its ending."""
    figures = stream.metrics
    gaps = f"gaps p50 {human_ms(figures.itl_ms.p50)}, max {human_ms(figures.itl_ms.max)}"
    counted = "" if figures.tokens is None else f" · {figures.tokens:,} tokens"
    unproven = "" if stream.ending_proven else " · unproven: no end mark"
    if stream.text_at and stream.text_learned_from is not None:
        unproven = f" · text at {one_line(stream.text_at, 60)}{unproven}"
    return f"TTFT {human_ms(figures.ttft_ms)} · {gaps} · {stream.events:,} events{counted}{unproven}"


def answer(stream: StreamReport) -> str:
    """Status, version, type, dialect."""
    content_type = one_line(stream.content_type or "no Content-Type", 60)
    version, dialect = one_line(stream.http_version or "?", 20), one_line(stream.dialect, 40)
    return f"{stream.status} · HTTP/{version} · {content_type} · {dialect}"


def ending(stream: StreamReport) -> tuple[str, str, str, str]:
    """What follows the ending's name: how it was told, what is missing from the answer, why, and the error's kind."""
    said = [f"finish reason {one_line(reason, 40)}" for reason in dict.fromkeys(stream.finish_reasons) if reason][:8]
    if stream.end_mark is not None:
        said.append(f"end mark {one_line(stream.end_mark, 60)}")
    if not stream.ending_proven:
        said.append("unproven: no end mark")
    if stream.body_end is not None:
        said.append(f"body: {stream.body_end}")
    told = f" ({', '.join(said)})" if said else ""
    lacks = stream.incomplete if stream.verdict is Verdict.PASS else None
    incomplete = f" · the answer is incomplete: {one_line(lacks, 60)}" if lacks else ""
    why = f": {one_line(stream.ending_reason, 400)}" if stream.ending_reason else ""
    error = stream.error
    kinds = [one_line(kind, 60) for kind in (error.type, error.code) if kind] if error else []
    return told, incomplete, why, f" [{', '.join(kinds)}]" if kinds else ""


def text_place(stream: StreamReport) -> str | None:
    """Where the text of an app's own events was found, None where nobody had to look."""
    if stream.text_at is None:
        return None
    place = one_line(stream.text_at, 80) or "the whole payload"
    if stream.text_learned_from is None:
        return place
    events = "1 event" if stream.text_learned_from == 1 else f"{stream.text_learned_from} events"
    return f"{place}, learned from {events}; --text-at chooses another"


def latency(stream: StreamReport) -> str:
    """The times to what comes first, and to the end."""
    figures = stream.metrics
    return (
        f"TTFB {human_ms(figures.ttfb_ms)} · TTFE {human_ms(figures.ttfe_ms)} · "
        f"TTFT {human_ms(figures.ttft_ms)} · end {human_ms(figures.e2e_ms)}"
    )


def itl(gaps: Percentiles, unmeasured: int) -> str:
    """The gaps between events with content."""
    if not gaps.count:
        said = "no gap between two events with content"
    else:
        said = (
            f"p50 {human_ms(gaps.p50)} · p90 {human_ms(gaps.p90)} · p99 {human_ms(gaps.p99)} · max {human_ms(gaps.max)}"
        )
    return said + (f" · {unmeasured} gaps unknown, read too late" if unmeasured else "")


def tokens(stream: StreamReport) -> str:
    """How many, and how fast."""
    figures = stream.metrics
    if figures.tokens is None:
        return "unknown: the stream sent no usage"
    rate = "" if figures.tokens_per_s is None else f" · {figures.tokens_per_s:,.4g} tokens/s"
    return f"{figures.tokens:,} · TPOT {human_ms(figures.tpot_ms)}{rate}"


def rate(stream: StreamReport) -> str:
    """Tokens a second."""
    per_s = stream.metrics.tokens_per_s
    return "tokens/s unknown" if per_s is None else f"{per_s:,.4g} tokens/s"


def arrival(stream: StreamReport) -> str:
    """In how many pieces it came."""
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


def silence(stream: StreamReport) -> str | None:
    """The longest times without content and without a byte, None where neither is long."""
    content, byte = stream.metrics.content_silence_ms, stream.metrics.byte_silence_ms
    if content is None or byte is None or max(content, byte) <= stream.metrics.stall_limit_ms:
        return None
    kept = ", while other bytes came" if content - byte > stream.metrics.stall_limit_ms else ""
    return f"{human_ms(content)} without content{kept} · {human_ms(byte)} without a byte (the longest of each)"


def clock(stream: StreamReport) -> str:
    """Who stamped the reads, and how late this process was."""
    if stream.clock is None:
        return "no read to stamp"
    if stream.clock == "user":
        return "user: stamped by this process after each read; its own lag is unknown"
    lag = stream.metrics.client_lag_ms
    return f"kernel · client lag p50 {human_ms(lag.p50)} · p99 {human_ms(lag.p99)} · max {human_ms(lag.max)}"


def sparkline(values: list[float]) -> str:
    """Bars from zero to the largest value."""
    top = max(values) or 1.0
    return "".join(_BARS[max(0, min(len(_BARS) - 1, int(value / top * len(_BARS))))] for value in values)
