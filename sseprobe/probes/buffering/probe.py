"""`buffer-test`: measures the endpoint behind simulated proxies, or two paths to one server side by side."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from sseprobe.config.options.probes import BufferOptions
from sseprobe.errors import UsageError
from sseprobe.probes.buffering.client_abort import GRACE_S
from sseprobe.probes.buffering.profile_run import ProfileResult
from sseprobe.probes.buffering.run import BufferPlan, BufferRun
from sseprobe.probes.context import PreparedTarget, RunContext
from sseprobe.probes.judging import Evidence, judge_all, worst
from sseprobe.probes.receive import StreamPlan
from sseprobe.probes.request import build_request
from sseprobe.proxy.profile import NAMES, by_name
from sseprobe.report import Percentiles, ProfileReport, Report, Verdict
from sseprobe.rules import Rule
from sseprobe.streams.transcript import Transcript
from sseprobe.units import ms
from sseprobe.witnesses import by_spec
from sseprobe.witnesses.base import Context

_MOCK_SCENARIO: Final = "tokens=120,itl_ms=20"
_ASKS_FOR_GZIP: Final = "Accept-Encoding: gzip"
_SIDE_BY_SIDE: Final = 4
_SIDE_BY_SIDE_ON_MOCK: Final = 12
_FAMILY: Final = "BUF"


async def buffer_test(context: RunContext[BufferOptions]) -> Report:
    """Runs the probe. Never raises for what a target does. Raises UsageError. Cancelled, it reports what was seen."""
    own = context.own
    if own.direct is not None and context.url is None:
        raise UsageError("--direct names the direct path to a server: give the other path as URL.")
    if own.real_time and context.url is not None:
        raise UsageError("--real-time is for the bundled mock: with a URL, time limits are always real.")
    default = () if own.direct is not None else NAMES
    profiles = tuple(by_name(name) for name in dict.fromkeys(default if own.profiles is None else own.profiles))
    given = context.options
    context.options = replace(given, request=replace(given.request, headers=_asking_for_gzip(given.request.headers)))
    target = await context.prepare_target(truth_port=0, scenario=_MOCK_SCENARIO)
    target, second = _second_path(context, target)
    witness_context = target.witness_context(GRACE_S)
    _check_witnesses(specs := own.witnesses or [], witness_context)
    plan = BufferPlan(
        target.stream,
        profiles,
        named=own.profiles is not None,
        direct=second,
        is_mock=target.mock_url is not None,
        real_time=own.real_time,
        witnesses=(lambda: [by_spec(spec, witness_context) for spec in specs]) if specs else None,
        side_by_side=_SIDE_BY_SIDE if context.url else _SIDE_BY_SIDE_ON_MOCK,
        again=given.request.as_arguments(),
        view=context.observer.stream_view(target.stream.redact, target.stream.request),
    )
    run = BufferRun(plan, context.observer)
    await run.go()
    return await _report(context, run)


def _asking_for_gzip(headers: list[str]) -> list[str]:
    """The headers with Accept-Encoding: gzip, as most clients send it: some proxies then compress."""
    named = any(each.lower().startswith("accept-encoding:") for each in headers)
    return headers if named else [*headers, _ASKS_FOR_GZIP]


def _second_path(
    context: RunContext[BufferOptions], target: PreparedTarget
) -> tuple[PreparedTarget, StreamPlan | None]:
    """The target, and the plan of --direct if that was given. The secrets of both are masked in both."""
    if context.own.direct is None:
        return target, None
    first = target.stream
    request, dialect, redact = build_request(context.own.direct, context.options.request)
    first = replace(first, redact=first.redact.joined(redact))
    return replace(target, stream=first), replace(first, request=request, dialect=dialect, record_to=None)


def _check_witnesses(specs: list[str], context: Context) -> None:
    """Checks the witnesses before anything runs. Raises UsageError."""
    for spec in specs:
        if spec.startswith("upstream:"):
            port = spec.partition(":")[2]
            raise UsageError(
                f"--witness {spec}: in buffer-test, one provider must serve all proxies. Start it yourself: "
                f"sseprobe mock --port {port}; then use --witness mock:http://127.0.0.1:{port}."
            )
        by_spec(spec, context).close()


async def _report(context: RunContext[BufferOptions], run: BufferRun) -> Report:
    redact, judging = run.plan.stream.redact, context.judging
    profiles = [_report_of(each, run) for each in run.results]
    streams = [run.transcript] if run.transcript is not None else []
    rules = judging.selection.rules() if streams else []
    if not judging.selection.select:  # what concerns buffering, unless other rules were asked for
        rules = [rule for rule in rules if rule.family == _FAMILY and rule.subject is Transcript]
    results, interrupted = await judge_all(rules, Evidence(streams, (), _absent), judging.selection, redact)
    context.interrupted = interrupted or run.interrupted
    results, baseline = judging.compared(results, complete=run.error is None and not context.interrupted)
    verdict = _verdict(run, profiles)
    if run.error is None:
        verdict = worst(verdict, judging.verdict(results, baseline))
    given = context.options.judging.are_given
    notes = [note for note in (*run.notes, run.cut, run.unclear) if note]
    return context.report(
        verdict,
        dialect=run.dialect,
        error=redact(str(run.error)) if run.error else None,
        results=results,
        baseline=baseline,
        fail_on=judging.fail_on if given else None,
        streams=run.streams,
        profiles=profiles,
        path=run.path,
        notes=[redact(note) for note in notes],
    )


def _absent(rule: Rule) -> str:
    return "no stream came" if rule.subject is Transcript else "`buffer-test` runs no active probes: use `check`"


def _report_of(result: ProfileResult, test: BufferRun) -> ProfileReport:
    profile, requested, worst = result.profile, result.requested.run, result.worst
    redact, judgement = test.plan.stream.redact, worst.judgement
    outcome = worst.run.outcome
    ratio = requested.received.decoder.tally.meter.bunching_ratio if requested.outcome is not None else None
    return ProfileReport(
        profile=profile.name,
        title=profile.title,
        verdict=judgement.verdict,
        counted=test.plan.named or judgement.verdict is not Verdict.FAIL or result.endpoint_may_fix_it,
        reason=redact(judgement.reason),
        cause=profile.cause if judgement.verdict is Verdict.FAIL else None,
        meaning=judgement.meaning,
        ttft_ms=ms(requested.ttft_ns),
        added_ttft_ms=ms(requested.added_ttft_ns),
        added_delay_ms=Percentiles.of(requested.delays),
        bunching_ratio=None if ratio is None else round(ratio, 3),
        burst_events=requested.burst_events,
        burst_period_ms=ms(requested.burst_period_ns),
        ending=outcome.ending if outcome else None,
        ending_reason=redact(outcome.reason) if outcome and outcome.reason else None,
        remedies=[each.remedy for each in result.remedies if each.helped],
        tried=result.remedies,
        limits=result.limits,
        abort=test.aborts.get(profile.name),
        basis=profile.founded,
        notes=[],
    )


def _verdict(run: BufferRun, profiles: Sequence[ProfileReport]) -> Verdict:
    """The verdict on the two paths with --direct, else on the profiles that count."""
    if run.error is not None:
        return Verdict.FAIL
    if run.path is not None:
        if run.cut is not None:
            return Verdict.FAIL
        if run.unclear is not None:
            return Verdict.INCONCLUSIVE
        return {"yes": Verdict.FAIL, "no": Verdict.PASS}.get(run.path.buffers, Verdict.INCONCLUSIVE)
    verdicts = [each.verdict for each in profiles if each.counted]
    if run.unclear is not None or not profiles:
        verdicts.append(Verdict.INCONCLUSIVE)
    return worst(Verdict.PASS, *verdicts)
