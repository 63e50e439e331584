"""`abort`: one trial of the abort test, with the witnesses that were named."""

import asyncio
from typing import Final

from sseprobe.errors import TargetError
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.result import AbortResult, evidence_of
from sseprobe.probes.abort.run import AbortPlan, AbortRun
from sseprobe.probes.abort.session import Setting
from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, Skipped
from sseprobe.probes.observer import Observer
from sseprobe.rules.probe_results import Aborts

GRACE_S: Final = 5.0
"""The default of the abort test."""


async def _run(context: ProbeContext) -> ProbeResult:
    if not context.witnesses:
        raise Skipped("only a witness shows whether the server stopped: name one with --witness")
    setting = Setting(context.plan, GRACE_S, 1, 0)
    plan = AbortPlan(setting, [AbortKind.FIN], [phases.parse("mid-stream")])
    state = AbortRun(plan, list(context.witnesses), Observer(), opened=True)
    await state.go()
    if state.interrupted:
        raise asyncio.CancelledError
    done = AbortResult.of(state)
    if done.error is not None and not done.trials:
        raise TargetError(done.error)
    if not done.trials:
        raise Skipped("; ".join(done.notes) or "no trial could be run")
    evidence = evidence_of(done.trials)
    return ProbeResult(
        [evidence], "one trial, FIN mid-stream", trials=done.trials, abort=done.summary, notes=done.notes
    )


PROBE = ActiveProbe("abort", (Aborts,), _run)
