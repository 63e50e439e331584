"""Streams: how each of them ended, when it came, and in how many pieces.

`stream` judges a stream by itself and shows all of its figures; elsewhere rules, trials or profiles judge it, and a
table shows what matters.
"""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import Percentiles, Report, StreamReport, Verdict
from sseprobe.reporters.blocks import (
    MAX_ROWS,
    VERDICT_TONES,
    Block,
    Cell,
    Column,
    Field,
    Record,
    Records,
    Row,
    Table,
    Tone,
    more_than,
)
from sseprobe.reporters.cases import VERDICT_OUTCOMES, Case, CaseOutcome
from sseprobe.reporters.sections.base import Section
from sseprobe.rules.base import without_numbers
from sseprobe.text import one_line
from sseprobe.units import human_bytes, human_ms

FORMULAS: Final = (
    "Times count from just before connecting. ITL: gaps between events with content. "
    "TPOT = (last - first content) / (tokens - 1); tokens as in usage; tokens/s = 1 / TPOT."
)
_BARS: Final = "▁▂▃▄▅▆▇█"
_SENTENCE: Final = 400
_JUDGED_BY_ITSELF: Final = "stream"
_SIDES_OF_TRIALS: Final = "abort-test"
_COLUMNS: Final = (
    Column("Stream"),
    Column("Ending"),
    Column("TTFT", number=True),
    Column("ITL p50", number=True),
    Column("ITL max", number=True),
    Column("End", number=True),
    Column("Events", number=True),
    Column("Tokens", number=True),
)


def blocks(report: Report) -> Iterator[Block]:
    """All figures of each stream; where they are not judged by themselves, a table, and the figures in detail."""
    shown = list(enumerate(report.streams[:MAX_ROWS]))
    by_itself = report.command == _JUDGED_BY_ITSELF
    more = more_than(len(shown), len(report.streams), "streams")
    if not by_itself:
        rows = tuple(_row(index, stream) for index, stream in shown)
        in_detail = report.command == _SIDES_OF_TRIALS
        yield Table("Streams", _COLUMNS, rows, (*_remarks(report), *more), detail=in_detail)
    records = tuple(_record(index, stream, judged=by_itself) for index, stream in shown)
    notes: tuple[Cell, ...] = ((FORMULAS,),) if records else ()
    title = "Stream" if by_itself else "Figures of each stream"
    yield Records(title, ("Stream", "Figures"), records, (*notes, *more), detail=not by_itself)


def cases(report: Report) -> Iterator[Case]:
    """One a stream; of `abort-test` none, where each is a part of a trial."""
    if report.command != _SIDES_OF_TRIALS:
        for index, stream in enumerate(report.streams):
            yield _case(index, stream, report)


SECTION: Final = Section("stream", blocks, cases=cases, claim="A stream ends completely")


def _row(index: int, stream: StreamReport) -> Row:
    figures = stream.metrics
    times = (figures.ttft_ms, figures.itl_ms.p50, figures.itl_ms.max, figures.e2e_ms)
    tokens = "—" if figures.tokens is None else f"{figures.tokens:,}"
    cells: tuple[str, ...] = (
        str(index), str(stream.ending), *map(human_ms, times), f"{stream.events:,}", tokens
    )  # fmt: skip
    return Row(tuple((cell,) for cell in cells), Tone.BAD if stream.verdict is Verdict.FAIL else Tone.PLAIN)


def _remarks(report: Report) -> Iterator[Cell]:
    """What there is to say of streams beside their figures, each remark once."""
    if report.profiles and report.streams:
        yield ("stream 0 is the URL's own, without a simulated proxy",)
    groups: dict[str, tuple[str, list[int]]] = {}
    for index, stream in enumerate(report.streams[:MAX_ROWS]):
        for remark in _remarks_on(stream):
            groups.setdefault(without_numbers(remark), (remark, []))[1].append(index)
    for remark, indices in list(groups.values())[:MAX_ROWS]:
        which = f"stream {indices[0]}" if len(indices) == 1 else f"streams {', '.join(map(str, indices[:20]))}"
        yield (f"{which}: {remark}",)


def _remarks_on(stream: StreamReport) -> Iterator[str]:
    if stream.ending_reason:
        yield one_line(stream.ending_reason, _SENTENCE)
    if stream.text_at and stream.text_learned_from is not None:
        yield f"text at {one_line(stream.text_at, 60)}"
    if not stream.ending_proven:
        yield "unproven: no end mark"
    for note in stream.notes[:20]:
        yield one_line(note, _SENTENCE)


def _record(index: int, stream: StreamReport, *, judged: bool) -> Record:
    tone = VERDICT_TONES[stream.verdict] if judged else Tone.PLAIN
    fields = [Field(label, text, tone if label == "ending" else Tone.PLAIN) for label, text in figures_of(stream)]
    fields += [Field("note", one_line(note, _SENTENCE), Tone.OPEN) for note in stream.notes[:20]]
    return Record(f"stream {index}", str(stream.ending), tuple(fields), tone)


def _case(index: int, stream: StreamReport, report: Report) -> Case:
    outcome = VERDICT_OUTCOMES[stream.verdict]
    if outcome.counts and report.command != _JUDGED_BY_ITSELF:
        outcome = CaseOutcome.SKIPPED
    message = f"{stream.ending}: {one_line(stream.ending_reason or '', _SENTENCE)}".removesuffix(": ")
    if not stream.ending_proven:
        message += ", unproven"
    if outcome is CaseOutcome.SKIPPED:
        message += " (not judged by itself)"
    details = [f"{label}: {text}" for label, text in figures_of(stream)]
    details += [f"note: {one_line(note, _SENTENCE)}" for note in stream.notes[:20]]
    e2e_ms = stream.metrics.e2e_ms
    return Case("stream", f"stream {index}", message, outcome, message, tuple(details), duration_ms=e2e_ms)


def figures_of(stream: StreamReport) -> Iterator[tuple[str, str]]:
    """All of them, with their labels."""
    yield "answer", _answer(stream)
    yield "ending", _ending(stream)
    for redirect in stream.redirects:
        yield "redirect", f"{redirect.status} {one_line(redirect.url, 400)} -> {one_line(redirect.location, 400)}"
    if (found := _text_location(stream)) is not None:
        yield "text", found
    yield "latency", _latency(stream)
    yield "ITL", _itl(stream.metrics.itl_ms, stream.metrics.unmeasured_gaps)
    if len(stream.metrics.gaps_ms) > 1:
        yield "gaps", f"{sparkline(stream.metrics.gaps_ms)} max {human_ms(stream.metrics.itl_ms.max)}"
    if (longest := _silence(stream)) is not None:
        yield "silence", longest
    yield "tokens", _tokens(stream)
    yield "arrival", _arrival(stream)
    yield "clock", _clock(stream)


def _answer(stream: StreamReport) -> str:
    """Status, version, type, dialect."""
    content_type = one_line(stream.content_type or "no Content-Type", 60)
    version, dialect = one_line(stream.http_version or "?", 20), one_line(stream.dialect, 40)
    return f"{stream.status} · HTTP/{version} · {content_type} · {dialect}"


def _ending(stream: StreamReport) -> str:
    """The ending: how it was recognized, what is missing from the answer, why, and the kind of the error."""
    marks = [f"finish reason {one_line(reason, 40)}" for reason in dict.fromkeys(stream.finish_reasons) if reason][:8]
    if stream.end_mark is not None:
        marks.append(f"end mark {one_line(stream.end_mark, 60)}")
    if not stream.ending_proven:
        marks.append("unproven: no end mark")
    if stream.body_end is not None:
        marks.append(f"body: {stream.body_end}")
    text = f"{stream.ending}" + (f" ({', '.join(marks)})" if marks else "")
    if stream.incomplete and stream.verdict is Verdict.PASS:
        text += f" · the answer is incomplete: {one_line(stream.incomplete, 60)}"
    if stream.ending_reason:
        text += f": {one_line(stream.ending_reason, _SENTENCE)}"
    error = stream.error
    kinds = [one_line(kind, 60) for kind in (error.type, error.code) if kind] if error else []
    return text + (f" [{', '.join(kinds)}]" if kinds else "")


def _text_location(stream: StreamReport) -> str | None:
    """Where the text of an app's own events was found, None where nobody had to look."""
    if stream.text_at is None:
        return None
    place = one_line(stream.text_at, 80) or "the whole payload"
    if stream.text_learned_from is None:
        return place
    events = "1 event" if stream.text_learned_from == 1 else f"{stream.text_learned_from} events"
    return f"{place}, learned from {events}; --text-at chooses another"


def _latency(stream: StreamReport) -> str:
    """The times to what comes first, and to the end."""
    figures = stream.metrics
    return (
        f"TTFB {human_ms(figures.ttfb_ms)} · TTFE {human_ms(figures.ttfe_ms)} · "
        f"TTFT {human_ms(figures.ttft_ms)} · end {human_ms(figures.e2e_ms)}"
    )


def _itl(gaps: Percentiles, unmeasured: int) -> str:
    """The gaps between events with content."""
    if not gaps.count:
        text = "no gap between two events with content"
    else:
        text = (
            f"p50 {human_ms(gaps.p50)} · p90 {human_ms(gaps.p90)} · p99 {human_ms(gaps.p99)} · max {human_ms(gaps.max)}"
        )
    return text + (f" · {unmeasured} gaps unknown, read too late" if unmeasured else "")


def _tokens(stream: StreamReport) -> str:
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


def _arrival(stream: StreamReport) -> str:
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


def _silence(stream: StreamReport) -> str | None:
    """The longest times without content and without a byte, None where neither is long."""
    content, byte = stream.metrics.content_silence_ms, stream.metrics.byte_silence_ms
    if content is None or byte is None or max(content, byte) <= stream.metrics.stall_limit_ms:
        return None
    kept = ", while other bytes came" if content - byte > stream.metrics.stall_limit_ms else ""
    return f"{human_ms(content)} without content{kept} · {human_ms(byte)} without a byte (the longest of each)"


def _clock(stream: StreamReport) -> str:
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
