"""Measures a stream through a profile; where it fails, each remedy is tried by measuring again with it."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from sseprobe.http_exchange import Ending, Head
from sseprobe.probes.buffering.judge import Judgement, judge
from sseprobe.probes.buffering.measure import ProxyRun, run_through_proxy
from sseprobe.probes.buffering.remedies import ENDPOINT, Remedy, candidates
from sseprobe.probes.buffering.stream_kinds import StreamKind
from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.background import ProxyHost
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.profile import Profile
from sseprobe.report import RemedyReport, Verdict
from sseprobe.sse.framing import Framing


class DirectStream(Struct, frozen=True):
    """The endpoint's own stream, received without a proxy. `slots`: how many streams may run at once."""

    plan: StreamPlan
    host: ProxyHost
    upstream: UpstreamAddress
    head: Head
    framing: Framing
    ending: Ending
    longest_silence_ns: int
    slots: asyncio.Semaphore


class Measurement(Struct, frozen=True):
    """One stream through a profile, its judgement, and the remedies that were tried if it failed."""

    run: ProxyRun
    judgement: Judgement
    remedies: list[RemedyReport]


async def measure(profile: Profile, direct: DirectStream, kind: StreamKind) -> Measurement:
    """Measures one stream through a profile. Remedies of last resort are tried only where no other one helps."""
    run, judgement = await _run(profile, direct, kind)
    tried: list[RemedyReport] = []
    if judgement.verdict is Verdict.FAIL:
        scale = kind.scale(profile)
        remedies = candidates(profile, direct.plan, direct.head, direct.framing, scale=scale, cut=judgement.cut)
        for last_resort in (False, True):
            if any(each.helped and each.where == ENDPOINT for each in tried):
                break
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(_try_remedy(remedy, profile, direct, kind))
                    for remedy in remedies
                    if remedy.last_resort is last_resort
                ]
            tried += [task.result() for task in tasks]
    return Measurement(run, judgement, tried)


async def _try_remedy(remedy: Remedy, profile: Profile, direct: DirectStream, kind: StreamKind) -> RemedyReport:
    _, judgement = await _run(remedy.profile or profile, direct, kind, remedy)
    helped = {Verdict.PASS: True, Verdict.FAIL: False}.get(judgement.verdict)
    return RemedyReport(remedy.text, remedy.where, helped, direct.plan.redact(judgement.reason))


async def _run(
    profile: Profile, direct: DirectStream, kind: StreamKind, remedy: Remedy | None = None
) -> tuple[ProxyRun, Judgement]:
    plan, scale = kind.plan(profile), kind.scale(profile)
    before: Sequence[FaultFactory] = ()
    if remedy is not None:
        plan, before = remedy.plan(plan), remedy.faults
    async with direct.slots:
        run = await run_through_proxy(plan, direct.host, direct.upstream, before, profile.faults(time_scale=scale))
    return run, judge(run, direct.ending, scale)
