"""The `stream` probe: receive one stream as it comes, show it, and say what became of it."""

import asyncio
import time

from sseprobe import exit_codes
from sseprobe.body_framing import framing_of
from sseprobe.cassette import Cassette
from sseprobe.dialects import by_header
from sseprobe.dialects.base import Dialect, EndRule, Kind
from sseprobe.ending import Outcome, mismatch
from sseprobe.errors import SseprobeError, TargetError
from sseprobe.probes.receiving import CODING_IS_CUT, SILENCE_AFTER_END_S, StreamPlan, StreamRun, now
from sseprobe.reception import Reception, View
from sseprobe.redaction import Redactor
from sseprobe.report import Report, StreamReport, Verdict
from sseprobe.report.from_stream import stream_report, target_of
from sseprobe.rules.http import READ_ONE_MEMBER
from sseprobe.text import one_line
from sseprobe.transcript import BodyEnd, Clock, Ending, Request


def run(plan: StreamPlan, view: View) -> Report:
    """Runs the probe. Never raises for what a target does. Ctrl-C ends the stream, and is reported."""
    started_at, started_ns = now(), time.monotonic_ns()
    state = StreamRun(plan, view)
    error: SseprobeError | None = None
    try:
        _run_interruptibly(state)
    except TargetError as failure:
        error = failure
    finally:
        view.close()
    stream = report_of(state, error)
    verdict, exit_code = _judge(state, stream, error)
    return Report(
        command="stream",
        target=target_of(plan.request, (state.reception.expected or state.reception.dialect).name),
        started_at=started_at,
        duration_ms=round((time.monotonic_ns() - started_ns) / 1e6, 3),
        verdict=verdict,
        exit_code=exit_code,
        error=plan.redact(str(error)) if error else None,
        streams=[stream] if stream else [],
    )


def _run_interruptibly(state: StreamRun) -> None:
    try:
        asyncio.run(state.go())
    except KeyboardInterrupt:
        state.interrupted = True


def report_of(state: StreamRun, error: SseprobeError | None) -> StreamReport | None:
    """The report of a stream, None if there never was an answer."""
    if state.head is None:
        return None
    outcome = state.outcome()
    if error is not None:
        outcome = Outcome(Ending.ERROR, str(error), None)
    return stream_report(
        state.reception,
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
    dialect = state.reception.dialect
    if state.body_end is BodyEnd.CLOSE:
        evidence = "" if dialect.end_rule is not EndRule.BODY else ": HTTP could not have shown a truncation"
        notes.append(f"the body ended with the connection, without a length or chunks{evidence}")
    if state.body_end is BodyEnd.LEFT_OPEN:
        waited_s = SILENCE_AFTER_END_S if state.reception.is_surely_over else state.plan.options.idle_timeout_s
        end = dialect.terminator or state.reception.end_mark
        notes.append(f"after {end} the server left the connection open for {waited_s:g} s")
    if state.stream is not None and state.stream.gzip_members > 1:
        notes.append(f"gzip in {state.stream.gzip_members} members: {READ_ONE_MEMBER} read the first alone")
    if state.stream is not None and state.stream.coding_is_cut and outcome.ending is Ending.COMPLETE:
        notes.append(CODING_IS_CUT)
    if state.plan.options.http2 and state.head is not None and state.head.http_version != "2":
        notes.append(f"HTTP/2 was offered; the server chose HTTP/{state.head.http_version}")
    meter = state.reception.meter
    if meter.clock is Clock.KERNEL and meter.kernel_reads < meter.reads:
        notes.append(f"{meter.reads - meter.kernel_reads} of {meter.reads} reads came without the kernel's stamp")
    return notes + _notes_on_meaning(state.reception, outcome)


def _notes_on_meaning(reception: Reception, outcome: Outcome) -> list[str]:
    """What the events say that their dialect does not explain."""
    notes = []
    if (expected := reception.expected) is not None:
        said = mismatch(expected.name, reception.dialect.name)
        notes += [] if said in (outcome.reason or "") else [said]
    if (other := reception.looks_like) is not None:
        notes.append(f"this looks like {other}, not {reception.dialect.name}: try --dialect {other}, or leave it out")
    given = reception.reading.given if reception.reading else None
    if given and given.text is not None and reception.meter.events and not reception.content_deltas:
        looks = f"; the last is {one_line(reception.last_data, 80)}" if reception.last_data else ""
        notes.append(f"no event holds text at {reception.reading.text_at if reception.reading else ''}{looks}")
    if (ignored := reception.ignored.note) is not None:
        notes.append(ignored)
    if reception.answer.said(Kind.TEXT).startswith("{'"):
        notes.append("the payloads look like dicts of Python: send json.dumps(…), which every client can read")
    if reception.lacks_terminator:
        missing = reception.dialect.terminator
        notes.append(f"the events are those of {reception.dialect.name}, but no {missing} came: it ended otherwise")
    if unknown := reception.unknown_events:
        kinds = ", ".join(one_line(kind, 40) for kind in reception.unknown_types)
        events = "1 event is" if unknown == 1 else f"{unknown} events are"
        notes.append(f"{events} not what {reception.dialect.name} defines ({kinds}); kept, and not decoded")
    return notes


def _judge(state: StreamRun, stream: StreamReport | None, error: SseprobeError | None) -> tuple[Verdict, int]:
    if state.interrupted:
        return Verdict.INCONCLUSIVE, exit_codes.INTERRUPTED
    if error is not None or stream is None:
        return Verdict.FAIL, exit_codes.NO_STREAM
    return stream.verdict, exit_codes.PASS if stream.verdict is Verdict.PASS else exit_codes.FAIL


def report_of_recorded(cassette: Cassette, reception: Reception) -> StreamReport:
    """The report of a recording that was received once more."""
    outcome = reception.finish(cassette.end.end, cassette.end.t_ns)
    return stream_report(
        reception,
        outcome,
        redact=Redactor(),
        head=cassette.head,
        body_end=cassette.end.end,
        notes=_notes_on_meaning(reception, outcome) + ([] if cassette.last else [cassette.end.problem or ""]),
    )


def run_recorded(cassette: Cassette, dialect: Dialect | None, view: View, *, named: bool) -> Report:
    """The same for a recording, as fast as it can be read."""
    started_at, started_ns = now(), time.monotonic_ns()
    dialect = dialect if named else by_header(cassette.head.header, dialect)
    framing = framing_of(cassette.head, (chunk.data for chunk in cassette.chunks), dialect)
    reception = Reception(dialect, named=named, framing=framing)
    reception.meter.ttfb_ns = cassette.head.t_ns
    view.head(cassette.head, [])
    for chunk in cassette.chunks:
        view.received(chunk, reception.receive(chunk), reception.dialect)
    reception.receive_eof(view)
    view.close()
    stream = report_of_recorded(cassette, reception)
    return Report(
        command="stream",
        target=target_of(
            Request(cassette.opening.method, cassette.opening.url, []), (reception.expected or reception.dialect).name
        ),
        started_at=started_at,
        duration_ms=round((time.monotonic_ns() - started_ns) / 1e6, 3),
        verdict=stream.verdict,
        exit_code=exit_codes.PASS if stream.verdict is Verdict.PASS else exit_codes.FAIL,
        streams=[stream],
    )
