"""`abort`: one trial of the abort test, with the witnesses that were named."""

from typing import Final

from sseprobe.errors import TargetError
from sseprobe.net.hangup import HangUp
from sseprobe.probes import abort as abort_test
from sseprobe.probes import phases
from sseprobe.probes.abort_run import AbortPlan
from sseprobe.probes.active.base import ActiveProbe, Bench, Found, Skipped
from sseprobe.probes.bench import Setting
from sseprobe.report import Report, TrialReport
from sseprobe.rules.evidence import Aborts, Trial

GRACE_S: Final = 5.0
"""As the abort test has it by default."""


def _run(bench: Bench) -> Found:
    if not bench.witnesses:
        raise Skipped("only a witness knows whether the server stops: name one with --witness")
    setting = Setting(bench.plan, GRACE_S, 1, 0)
    plan = AbortPlan(setting, [HangUp.FIN], [phases.parse("mid-stream")])
    done: Report = abort_test.run(plan, list(bench.witnesses), lambda _said: None, opened=True)
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
    return "; ".join(evidence) or trial.reason or "no witness gave evidence"


PROBE = ActiveProbe("abort", (Aborts,), _run)
