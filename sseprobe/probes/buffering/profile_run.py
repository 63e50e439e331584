"""One profile, examined: the endpoint behind it, then with each remedy, then with the patience of its time limits."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from sseprobe.http_exchange import Ending, Head
from sseprobe.probes.buffering.judge import Judgement, judge
from sseprobe.probes.buffering.limits import Patience, limits_met, limits_tried
from sseprobe.probes.buffering.measure import Passage, through
from sseprobe.probes.buffering.remedies import ENDPOINT, PLACES, Remedy, candidates
from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.background import ProxyHost
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.profile import Profile
from sseprobe.report import LimitReport, RemedyReport, Verdict
from sseprobe.sse.framing import Framing

_ORDER: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


class Endpoint(Struct, frozen=True):
    """What is known of the endpoint from asking it directly. `places`: how many streams may run at once."""

    plan: StreamPlan
    host: ProxyHost
    upstream: UpstreamAddress
    head: Head
    framing: Framing
    ending: Ending
    longest_silence_ns: int
    places: asyncio.Semaphore


class Trial(Struct, frozen=True):
    """One way to ask: the plan, and how many times faster than in reality time runs, for each profile."""

    plan: Callable[[Profile], StreamPlan]
    scale: Callable[[Profile], float]


class Tried(Struct, frozen=True):
    """What one way to ask has shown, and what remedies make of it if it fails."""

    passage: Passage
    judgement: Judgement
    remedies: list[RemedyReport]


class Examined(Struct):
    """What was found of a profile: as it streams, and, if they were tried, with the patience of its time limits."""

    profile: Profile
    streamed: Tried
    waited: Tried | None
    limits: list[LimitReport]

    @property
    def worst(self) -> Tried:
        """The one that decides."""
        both = [self.streamed, *([self.waited] if self.waited else [])]
        return min(both, key=lambda each: _ORDER.index(each.judgement.verdict))

    @property
    def remedies(self) -> list[RemedyReport]:
        """All that was tried, each once."""
        found = {each.remedy: each for each in (self.waited.remedies if self.waited else [])}
        found |= {each.remedy: each for each in self.streamed.remedies}
        return sorted(found.values(), key=lambda each: PLACES.index(each.where))

    @property
    def curable(self) -> bool:
        """Whether the endpoint could send something that helps, or it was not found out."""
        return any(each.where == ENDPOINT and each.helped is not False for each in self.remedies)


async def examine(profile: Profile, endpoint: Endpoint, patience: Patience | None) -> Examined:
    """Runs the endpoint behind a profile. `patience`: how its time limits are tried, None where they cannot be."""
    streamed = await _try(profile, endpoint, Trial(lambda _: endpoint.plan, lambda _: 1.0))
    if patience is None or not profile.time_limits:
        limits = limits_met(profile, streamed.passage, endpoint.longest_silence_ns, streamed.judgement)
        return Examined(profile, streamed, None, limits)
    waited = await _try(profile, endpoint, Trial(patience.plan, patience.scale))
    limits = limits_tried(profile, waited.passage, patience.scale(profile), waited.judgement)
    return Examined(profile, streamed, waited, limits)


async def _try(profile: Profile, endpoint: Endpoint, trial: Trial) -> Tried:
    passage, judgement = await _once(profile, endpoint, trial)
    tried: list[RemedyReport] = []
    if judgement.verdict is Verdict.FAIL:
        scale = trial.scale(profile)
        remedies = candidates(profile, endpoint.plan, endpoint.head, endpoint.framing, scale=scale, cut=judgement.cut)
        for last_resort in (False, True):
            if any(each.helped and each.where == ENDPOINT for each in tried):
                break
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(_cure(remedy, profile, endpoint, trial))
                    for remedy in remedies
                    if remedy.last_resort is last_resort
                ]
            tried += [task.result() for task in tasks]
    return Tried(passage, judgement, tried)


async def _cure(remedy: Remedy, profile: Profile, endpoint: Endpoint, trial: Trial) -> RemedyReport:
    _, judgement = await _once(remedy.profile or profile, endpoint, trial, remedy)
    helped = {Verdict.PASS: True, Verdict.FAIL: False}.get(judgement.verdict)
    return RemedyReport(remedy.said, remedy.where, helped, endpoint.plan.redact(judgement.reason))


async def _once(
    profile: Profile, endpoint: Endpoint, trial: Trial, remedy: Remedy | None = None
) -> tuple[Passage, Judgement]:
    plan, scale = trial.plan(profile), trial.scale(profile)
    before: Sequence[FaultFactory] = ()
    if remedy is not None:
        plan, before = remedy.plan(plan), remedy.faults
    async with endpoint.places:
        passage = await through(plan, endpoint.host, endpoint.upstream, before, profile.faults(time_scale=scale))
    return passage, judge(passage, endpoint.ending, scale)
