"""Clients that leave behind a hop: how long until the upstream learns of it, as the abort test's witness sees it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from sseprobe.mock_process import running_mock_async
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.judge_trial import trial_reports
from sseprobe.probes.abort.run import AbortPlan, AbortRun
from sseprobe.probes.abort.session import Setting
from sseprobe.probes.buffering.measure import by_way_of
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
_LEAVES: Final = "after-ms:600"
"""By time, not by tokens: behind a hop that holds everything none would come."""

_LONGER: Final = "tokens=250"
_LANES: Final = 3


async def leave_behind(
    profile: Profile, plan: StreamPlan, host: ProxyHost, upstream: UpstreamAddress, witnesses: list[Witness]
) -> ProfileAbort:
    """One client that leaves, with FIN, while the answer is on its way through a hop."""
    async with host.serving(upstream, profile.faults()) as (port, _):
        setting = Setting(by_way_of(plan, port), GRACE_S)
        run = AbortRun(AbortPlan(setting, [AbortKind.FIN], [phases.parse(_LEAVES)]), witnesses, Observer())
        await run.go()
    if run.interrupted:
        raise asyncio.CancelledError
    trial = trial_reports(run, plan.redact)[0]
    learned = trial.stop_lag_ms if trial.answer is Answer.STOPPED else None
    return ProfileAbort(trial.answer, learned, trial.overrun_tokens, trial.reason)


async def leave_the_mock(profiles: Sequence[Profile], plan: StreamPlan, host: ProxyHost) -> dict[str, ProfileAbort]:
    """The same for the bundled mock, behind each profile: in lanes, each with a mock and a witness of its own."""
    left = list(profiles)
    found: dict[str, ProfileAbort] = {}

    async def lane() -> None:
        async with running_mock_async(truth_port=0) as mock:
            while left:
                profile = left.pop(0)
                asked = with_knobs(plan, _LONGER)
                context = Context(mock.url, mock.truth_url, asked.request, asked.dialect, asked.options, GRACE_S)
                witness = make("", context)
                found[profile.name] = await leave_behind(profile, asked, host, UpstreamAddress(mock.url), [witness])

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_LANES, len(left))):
            group.create_task(lane())
    return found
