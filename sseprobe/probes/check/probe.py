"""`check`: judges healthy streams and active probes by the rules, and compares third-party parsers."""

import asyncio
from typing import Final

from sseprobe import dialects
from sseprobe.config.options.probes import CheckOptions
from sseprobe.errors import ISSUES
from sseprobe.http_exchange import Ending, Request
from sseprobe.probes.check import active
from sseprobe.probes.check.active.abort import GRACE_S
from sseprobe.probes.check.run import CheckPlan, CheckRun
from sseprobe.probes.check.third_party_readers import READ_BYTES, read_by_third_parties
from sseprobe.probes.context import RunContext, refuse_request
from sseprobe.probes.files import open_cassette
from sseprobe.probes.judging import Evidence, judge_all, worst
from sseprobe.probes.request import dialect_of_recording
from sseprobe.probes.stream_report import report_of_recorded
from sseprobe.readers.run import Stop
from sseprobe.redaction import Redactor
from sseprobe.report import ReaderReport, Report, RuleResult, Target, Verdict
from sseprobe.report.from_stream import target_of
from sseprobe.rules import Rule, RuleVerdict
from sseprobe.streams.transcript import transcript_of_cassette
from sseprobe.units import human_bytes

_MOCK_SCENARIO: Final = "tokens=60,itl_ms=10"
_ANSWER_ONLY: Final = "HTTP001"
"""The one rule that judges an answer that is not a stream."""


async def check(context: RunContext[CheckOptions]) -> Report:
    """Runs the probe. Never raises for what a target does. Raises UsageError. Cancelled, it reports what was seen."""
    own = context.own
    probes = None if own.probes is None else tuple(dict.fromkeys(map(active.known_name, own.probes)))
    if own.recording is not None:
        refuse_request(context.options, context.url, own.probes, own.witnesses)
        return await _recorded(context, own.recording)
    target = await context.prepare_target(truth_port=0, scenario=_MOCK_SCENARIO)
    run = CheckRun(context.judging, target.stream.redact)
    plan = CheckPlan(
        target.stream,
        own.repeat,
        probes,
        tuple(context.witnesses(target, own.witnesses, GRACE_S)),
        target.mock_url,
        target.truth_url,
        context.observer.stream_view(target.stream.redact, target.stream.request),
    )
    await run.go(plan, context.observer)
    first = run.transcripts[0] if run.transcripts else None
    dialect = (first.expected or first.dialect) if first else target.stream.dialect
    return await _report(context, run, target_of(target.stream.request, dialect.name if dialect else dialects.PLAIN))


async def _recorded(context: RunContext[CheckOptions], path: str) -> Report:
    """The same for a recording: no active probe runs."""
    options, cassette = context.options.request, open_cassette(path)
    dialect = dialect_of_recording(options, cassette.opening)
    run = CheckRun(context.judging, Redactor())
    decoder, stream = transcript_of_cassette(cassette, dialect, named=options.names_dialect)
    run.streams.append(report_of_recorded(cassette, decoder))
    run.transcripts.append(stream)
    for name in active.NAMES:
        run.skip(name, "a recording cannot answer requests", failed=False)
    request = Request(cassette.opening.method, cassette.opening.url, [])
    return await _report(context, run, target_of(request, (stream.expected or stream.dialect).name))


async def _report(context: RunContext[CheckOptions], run: CheckRun, target: Target) -> Report:
    """Judges while the readers' processes run; interrupted, it waits for neither."""
    judging = run.judging
    context.observer.progress("judging")
    stop = Stop()
    reading = asyncio.ensure_future(read_by_third_parties(run, stop))
    evidence = Evidence(
        run.transcripts,
        run.evidence,
        lambda rule: _absent(rule, run),
        frozenset(run.failed_probes),
        run.named,
        only=_ANSWER_ONLY if run.error is not None else None,
    )
    results, interrupted = await judge_all(judging.selection.rules(), evidence, judging.selection, run.redact)
    readers: list[ReaderReport] = []
    try:
        if interrupted:
            raise asyncio.CancelledError
        readers = await reading
    except asyncio.CancelledError:
        interrupted = True
    finally:
        stop.now()
    context.interrupted = interrupted or run.interrupted
    results, baseline = judging.compared(results, complete=run.error is None and not context.interrupted)
    error = run.redact(str(run.error)) if run.error else None
    verdict = Verdict.FAIL if error is not None else judging.verdict(results, baseline)
    if any(stream.ending is Ending.ABORTED for stream in run.streams):
        verdict = worst(verdict, Verdict.INCONCLUSIVE)
    return context.report(
        verdict,
        error=error,
        target=target,
        results=results,
        fail_on=judging.fail_on,
        probes=run.probes,
        baseline=baseline,
        streams=run.streams,
        trials=[trial for result in run.probe_results for trial in result.trials],
        abort=next((result.abort for result in run.probe_results if result.abort is not None), None),
        notes=[*_notes(run, results, readers), *(note for result in run.probe_results for note in result.notes)],
        readers=readers,
    )


def _absent(rule: Rule, run: CheckRun) -> str:
    if run.error is not None or not run.transcripts:
        return "no stream came"
    if run.interrupted:
        return "interrupted before it"
    return run.missing.get(rule.subject, "no probe collected what it judges")


def _notes(check: CheckRun, results: list[RuleResult], readers: list[ReaderReport]) -> list[str]:
    """What was not checked, since a stream ended early or is long; and rules that crashed."""
    notes = []
    if readers and len(check.transcripts[0].body) > READ_BYTES:
        notes.append(f"third-party parsers read the first {human_bytes(READ_BYTES)} of stream 0")
    notes += [
        f"stream {index} ended with an error that it reported: what a complete stream must do was not checked"
        for index, stream in enumerate(check.transcripts)
        if stream.ending is Ending.ERROR and stream.expected is None and check.error is None
    ]
    notes += [
        f"stream {index} was cut short or aborted: what follows is unknown, so the verdict cannot be pass"
        for index, stream in enumerate(check.transcripts)
        if stream.ending is Ending.ABORTED and not check.interrupted
    ]
    crashed = [result.rule for result in results if result.verdict is RuleVerdict.CRASHED]
    if crashed:
        notes.append(
            f"{', '.join(crashed)} crashed, which is a bug in sseprobe: please report it, with this report, at {ISSUES}"
        )
    return notes
