"""The report of one received stream: its ending, and notes on unusual things."""

from sseprobe.dialects.base import DeltaKind, EndRule
from sseprobe.errors import SseprobeError
from sseprobe.http_exchange import BodyEnd, Clock, Ending
from sseprobe.probes.ending_advice import CODING_IS_CUT
from sseprobe.probes.receive import SILENCE_AFTER_END_S, StreamRun
from sseprobe.redaction import Redactor
from sseprobe.report import StreamReport
from sseprobe.report.from_stream import stream_report
from sseprobe.rules.http import READ_ONE_MEMBER
from sseprobe.streams.cassette import Cassette
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome, mismatch
from sseprobe.text import one_line


def report_of(state: StreamRun, error: SseprobeError | None) -> StreamReport | None:
    """The report of a stream, None if there never was an answer."""
    if state.head is None:
        return None
    outcome = state.outcome()
    if error is not None:
        outcome = Outcome(Ending.ERROR, str(error), None)
    return stream_report(
        state.decoder,
        outcome,
        redact=state.plan.redact,
        head=state.head,
        body_end=state.body_end,
        redirects=state.redirects,
        error=state.plan.redact(str(error)) if error else None,
        notes=state.notes + _notes(state, outcome),
    )


def _notes(state: StreamRun, outcome: Outcome) -> list[str]:
    notes = []
    dialect = state.decoder.dialect
    if state.body_end is BodyEnd.CLOSE:
        evidence = "" if dialect.end_rule is not EndRule.BODY else ": HTTP cannot show whether it was truncated"
        notes.append(f"the body ended with the connection, without Content-Length or chunks{evidence}")
    if state.body_end is BodyEnd.LEFT_OPEN:
        waited_s = SILENCE_AFTER_END_S if state.decoder.is_certainly_over else state.plan.options.idle_timeout_s
        end = dialect.terminator or state.decoder.end_mark
        notes.append(f"after {end} the server left the connection open for {waited_s:g} s")
    if state.stream is not None and state.stream.gzip_members > 1:
        notes.append(f"gzip in {state.stream.gzip_members} members: {READ_ONE_MEMBER} read the first alone")
    if state.stream is not None and state.stream.coding_is_cut and outcome.ending is Ending.COMPLETE:
        notes.append(CODING_IS_CUT)
    if state.plan.options.http2 and state.head is not None and state.head.http_version != "2":
        notes.append(f"HTTP/2 was offered; the server chose HTTP/{state.head.http_version}")
    meter = state.decoder.tally.meter
    if meter.clock is Clock.KERNEL and meter.kernel_reads < meter.reads:
        notes.append(f"{meter.reads - meter.kernel_reads} of {meter.reads} reads came without the kernel's stamp")
    return notes + _notes_on_meaning(state.decoder, outcome)


def _notes_on_meaning(decoder: StreamDecoder, outcome: Outcome) -> list[str]:
    """Notes on events that their dialect does not explain."""
    notes = []
    if (expected := decoder.expected) is not None:
        note = mismatch(expected.name, decoder.dialect.name)
        notes += [] if note in (outcome.reason or "") else [note]
    if (other := decoder.looks_like) is not None:
        notes.append(
            f"this looks like {other}, not {decoder.dialect.name}: use --dialect {other}, or leave the option out"
        )
    given = decoder.event_format.given if decoder.event_format else None
    if given and given.text is not None and decoder.tally.meter.events and not decoder.tally.content_deltas:
        looks = f"; the last is {one_line(decoder.last_data, 80)}" if decoder.last_data else ""
        notes.append(f"no event holds text at {decoder.event_format.text_at if decoder.event_format else ''}{looks}")
    if (ignored := decoder.tally.ignored.note) is not None:
        notes.append(ignored)
    if decoder.tally.answer.text_of(DeltaKind.TEXT).startswith("{'"):
        notes.append("the payloads look like Python dicts: send json.dumps(…) instead, which every client can read")
    if decoder.lacks_terminator:
        missing = decoder.dialect.terminator
        notes.append(
            f"the events are those of {decoder.dialect.name}, but {missing} is missing: the stream ended without it"
        )
    if unknown := decoder.tally.unknown_events:
        kinds = ", ".join(one_line(kind, 40) for kind in decoder.tally.unknown_types)
        events = "1 event is" if unknown == 1 else f"{unknown} events are"
        notes.append(f"{events} not defined by {decoder.dialect.name} ({kinds}); kept, but not decoded")
    return notes


def report_of_recorded(cassette: Cassette, decoder: StreamDecoder) -> StreamReport:
    """The report of a recording."""
    outcome = decoder.finish(cassette.end.end, cassette.end.t_ns)
    return stream_report(
        decoder,
        outcome,
        redact=Redactor(),
        head=cassette.head,
        body_end=cassette.end.end,
        notes=_notes_on_meaning(decoder, outcome) + ([] if cassette.last else [cassette.end.problem or ""]),
    )
