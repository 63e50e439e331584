"""`abort-test`: aborts streams, and reports with evidence whether the server stopped."""

from typing import Any

from sseprobe.config.options.probes import AbortOptions
from sseprobe.errors import UsageError
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.result import AbortResult, evidence_of
from sseprobe.probes.abort.run import AbortPlan, AbortRun, Expect
from sseprobe.probes.abort.session import Setting
from sseprobe.probes.context import RunContext
from sseprobe.probes.judging import Evidence, judge_all, worst
from sseprobe.probes.target import MOCK_SCENARIO
from sseprobe.redaction import Redactor
from sseprobe.report import Report, TrialReport, Verdict
from sseprobe.rules.probe_results import Aborts
from sseprobe.stop_detection.answers import Answer

_NO_TRIAL = "no trial that had to stop was run"
_NOT_KEPT = "abort-test does not keep its streams: use `check`"


async def abort_test(context: RunContext[AbortOptions]) -> Report:
    """Runs the probe. Never raises for what a target or a witness does. Raises UsageError.

    Cancelled, it reports what was seen.
    """
    own, options = context.own, context.options
    hows = [_abort_kind(word, http2=options.connection.http2) for word in own.how or ["fin"]]
    chosen = [phases.parse(word) for word in own.at or ["mid-stream"]]
    target = await context.prepare_target(truth_port=0, scenario=MOCK_SCENARIO)
    view = context.observer.stream_view(target.stream.redact, target.stream.request)
    plan = AbortPlan(
        Setting(target.stream, own.grace_s, own.concurrency, own.control, view),
        hows,
        chosen,
        own.trials,
        Expect(own.expect),
        own.max_overrun,
        own.sweep or 0,
        own.price_per_mtok,
        own.aborts_per_minute,
    )
    run = AbortRun(plan, context.witnesses(target, own.witnesses, own.grace_s), context.observer)
    await run.go()
    context.interrupted = run.interrupted
    result = AbortResult.of(run)
    parts: dict[str, Any] = {}
    verdict = result.verdict
    if options.judging.are_given:
        verdict = await _judge(context, result, target.stream.redact, parts)
    return context.report(
        verdict,
        dialect=result.dialect or target.dialect_name,
        error=result.error,
        streams=result.streams,
        trials=result.trials,
        abort=result.summary,
        notes=result.notes,
        **parts,
    )


async def _judge(
    context: RunContext[AbortOptions], result: AbortResult, redact: Redactor, parts: dict[str, Any]
) -> Verdict:
    """Applies the rule about aborts, since an option about rules was given.

    A leak that a baseline expects fails no trial. Returns the verdict; adds the results to the parts of the report.
    """
    judging = context.judging
    judged = bool(result.trials) and context.own.expect == Expect.STOP
    aborts = [evidence_of(result.trials)] if judged else []
    evidence = Evidence((), aborts, lambda rule: _NO_TRIAL if rule.subject is Aborts else _NOT_KEPT)
    results, interrupted = await judge_all(judging.selection.rules(), evidence, judging.selection, redact)
    context.interrupted |= interrupted
    results, baseline = judging.compared(results, complete=result.error is None and not context.interrupted)
    parts |= {"results": results, "baseline": baseline, "fail_on": judging.fail_on}
    of_rules = judging.verdict(results, baseline)
    failed = [trial for trial in result.trials if trial.verdict is Verdict.FAIL]
    findings = [finding for each in results for finding in each.findings]
    expected = bool(findings) and all(finding.baselined for finding in findings)
    if failed and expected and all(map(_leaks_alone, failed)):
        return of_rules
    return worst(result.verdict, of_rules)


def _leaks_alone(trial: TrialReport) -> bool:
    """Whether a trial failed since the server continued, and for nothing else."""
    return trial.answer is Answer.RUNNING and not trial.control_failures


def _abort_kind(word: str, *, http2: bool) -> AbortKind:
    if word == AbortKind.H2_RESET and not http2:
        raise UsageError("--how h2-reset cancels one stream of an HTTP/2 connection: add --http2.")
    return AbortKind(word)
