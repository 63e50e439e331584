"""`stream`: receives one stream, shows it as it arrives, and reports how it ended."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from sseprobe.config.options.probes import StreamOptions
from sseprobe.dialects import by_header
from sseprobe.errors import SseprobeError, TargetError
from sseprobe.http_exchange import Request
from sseprobe.probes.context import RunContext, refuse_request
from sseprobe.probes.files import open_cassette
from sseprobe.probes.judging import Evidence, judge_all, worst
from sseprobe.probes.receive import StreamRun
from sseprobe.probes.request import dialect_of_recording
from sseprobe.probes.stream_report import report_of, report_of_recorded
from sseprobe.redaction import Redactor
from sseprobe.report import Report, Verdict
from sseprobe.report.from_stream import target_of
from sseprobe.streams.body_framing import framing_of
from sseprobe.streams.cassette import Cassette
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.transcript import Transcript, transcript_of_cassette

_NO_PROBE = "`stream` runs no active probes: use `check`"


async def stream(context: RunContext[StreamOptions]) -> Report:
    """Runs the probe. Never raises for what a target does. Raises UsageError. Cancelled, it reports what was seen."""
    if context.own.recording is not None:
        refuse_request(context.options, context.url)
        return await _recorded(context, open_cassette(context.own.recording))
    target = await context.prepare_target()
    judges = context.options.judging.are_given
    plan = replace(target.stream, keep=judges)
    view = context.observer.stream_view(plan.redact, plan.request)
    run = StreamRun(plan, view)
    error: SseprobeError | None = None
    try:
        await run.go()
    except TargetError as failure:
        error = failure
    finally:
        view.close()
    received = report_of(run, error)
    is_stream = error is None and received is not None
    verdict = received.verdict if received is not None and is_stream else Verdict.FAIL
    parts: dict[str, Any] = {"streams": [received] if received else []}
    context.interrupted = run.interrupted
    if judges and is_stream:
        verdict = worst(verdict, await _judge(context, [run.transcript()], plan.redact, parts))
    return context.report(
        verdict,
        dialect=run.decoder.expected or run.decoder.dialect,
        error=plan.redact(str(error)) if error else None,
        **parts,
    )


async def _judge(
    context: RunContext[StreamOptions], streams: Sequence[Transcript], redact: Redactor, parts: dict[str, Any]
) -> Verdict:
    """Applies the rules, since an option about them was given; adds their results to the parts of the report."""
    judging = context.judging
    evidence = Evidence(streams, (), lambda _rule: _NO_PROBE)
    results, interrupted = await judge_all(judging.selection.rules(), evidence, judging.selection, redact)
    context.interrupted |= interrupted
    results, baseline = judging.compared(results, complete=not context.interrupted)
    parts |= {"results": results, "baseline": baseline, "fail_on": judging.fail_on}
    return judging.verdict(results, baseline)


async def _recorded(context: RunContext[StreamOptions], cassette: Cassette) -> Report:
    """The same for a recording, as fast as it can be read."""
    options = context.options.request
    named = options.names_dialect
    expected = dialect_of_recording(options, cassette.opening)
    dialect = expected if named else by_header(cassette.head.header, expected)
    framing = framing_of(cassette.head, (chunk.data for chunk in cassette.chunks), dialect)
    decoder = StreamDecoder(dialect, named=named, framing=framing)
    decoder.tally.meter.ttfb_ns = cassette.head.t_ns
    request = Request(cassette.opening.method, cassette.opening.url, [])
    view = context.observer.stream_view(Redactor(), request)
    view.head(cassette.head, [])
    for chunk in cassette.chunks:
        view.received(chunk, decoder.receive(chunk), decoder.dialect)
    decoder.receive_eof(view)
    view.close()
    received = report_of_recorded(cassette, decoder)
    verdict = received.verdict
    parts: dict[str, Any] = {"streams": [received]}
    if context.options.judging.are_given:
        _, transcript = transcript_of_cassette(cassette, expected, named=named)
        verdict = worst(verdict, await _judge(context, [transcript], Redactor(), parts))
    name = (decoder.expected or decoder.dialect).name
    return context.report(verdict, target=target_of(request, name), **parts)
