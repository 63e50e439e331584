"""Aborts through a simulated proxy: how long until the server notices, by a witness of the abort test."""

import asyncio
from collections.abc import Sequence
from typing import Final

from sseprobe.mock_process import running_mock_async
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.judge_trial import trial_reports
from sseprobe.probes.abort.run import AbortPlan, AbortRun
from sseprobe.probes.abort.session import Setting
from sseprobe.probes.buffering.measure import via_proxy
from sseprobe.probes.mock_knobs import with_knobs
from sseprobe.probes.observer import Observer
from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.background import ProxyHost
from sseprobe.proxy.profile import Profile
from sseprobe.report import ProfileAbort
from sseprobe.stop_detection.answers import Answer
from sseprobe.witnesses.base import Context, Witness
from sseprobe.witnesses.mock import make

GRACE_S: Final = 2.0
_ABORT_AT: Final = "after-ms:600"
"""By time, not by tokens: through a proxy that holds everything none would arrive."""

_LONG_ANSWER: Final = "tokens=250"
_WORKERS: Final = 3


async def abort_through_profile(
    profile: Profile, plan: StreamPlan, host: ProxyHost, upstream: UpstreamAddress, witnesses: list[Witness]
) -> ProfileAbort:
    """Aborts one stream through a profile, with FIN, before the answer ends."""
    async with host.serving(upstream, profile.faults()) as (port, _):
        setting = Setting(via_proxy(plan, port), GRACE_S)
        run = AbortRun(AbortPlan(setting, [AbortKind.FIN], [phases.parse(_ABORT_AT)]), witnesses, Observer())
        await run.go()
    if run.interrupted:
        raise asyncio.CancelledError
    trial = trial_reports(run, plan.redact)[0]
    noticed_ms = trial.stop_lag_ms if trial.answer is Answer.STOPPED else None
    return ProfileAbort(trial.answer, noticed_ms, trial.overrun_tokens, trial.reason)


async def abort_mock_through_profiles(
    profiles: Sequence[Profile], plan: StreamPlan, host: ProxyHost
) -> dict[str, ProfileAbort]:
    """The same for the bundled mock and all profiles: workers side by side, each with its own mock and witness."""
    waiting = list(profiles)
    aborts: dict[str, ProfileAbort] = {}

    async def worker() -> None:
        async with running_mock_async(truth_port=0) as mock:
            while waiting:
                profile = waiting.pop(0)
                longer = with_knobs(plan, _LONG_ANSWER)
                context = Context(mock.url, mock.truth_url, longer.request, longer.dialect, longer.options, GRACE_S)
                witness = make("", context)
                aborts[profile.name] = await abort_through_profile(
                    profile, longer, host, UpstreamAddress(mock.url), [witness]
                )

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_WORKERS, len(waiting))):
            group.create_task(worker())
    return aborts
