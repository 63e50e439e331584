"""`abort`: one trial of the abort test, with the witnesses that were named."""

from sseprobe.errors import TargetError
from sseprobe.net.hangup import HangUp
from sseprobe.probes import abort as abort_test
from sseprobe.probes import phases
from sseprobe.probes.active.base import ActiveProbe, Bench, Found, Skipped
from sseprobe.probes.trials import Setting
from sseprobe.report import Report, TrialReport
from sseprobe.rules.evidence import Aborts, Trial
from sseprobe.witnesses import by_spec
from sseprobe.witnesses.base import Context


def _run(bench: Bench) -> Found:
    specs = bench.witnesses or (["mock"] if bench.truth_url else [])
    if not specs:
        raise Skipped("only a witness knows whether the server stops: name one with --witness")
    plan = bench.plan
    context = Context(plan.request.url, bench.truth_url, plan.request, plan.dialect, plan.options, bench.grace_s)
    setting = Setting(plan, bench.grace_s, 1, 0)
    done: Report = abort_test.run(
        abort_test.AbortPlan(setting, [HangUp.FIN], [phases.parse("mid-stream")]),
        [by_spec(spec, context) for spec in specs],
        lambda _said: None,
    )
    if done.exit_code == 130:
        raise KeyboardInterrupt
    if done.error is not None and not done.trials:
        raise TargetError(done.error)
    evidence = Aborts(tuple(Trial(str(trial.answer), _said(trial), trial.reason) for trial in done.trials))
    if not done.trials:
        raise Skipped("; ".join(done.notes) or "no trial could be run")
    return Found([evidence], "one trial, fin in mid-stream", trials=done.trials, abort=done.abort, notes=done.notes)


def _said(trial: TrialReport) -> str:
    evidence = [f"{each.witness}: {each.evidence}" for each in trial.testimonies]
    return "; ".join(evidence) or trial.reason or "nobody testified"


PROBE = ActiveProbe("abort", (Aborts,), _run)
