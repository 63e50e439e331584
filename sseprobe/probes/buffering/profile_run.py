"""Runs the endpoint behind one profile: the requested stream, then a long silence for the profile's time limits."""

from typing import Final

from msgspec import Struct

from sseprobe.probes.buffering.limits import limits_met, limits_tested
from sseprobe.probes.buffering.remedies import ENDPOINT, PLACES
from sseprobe.probes.buffering.stream_kinds import AsRequested, LongSilence
from sseprobe.probes.buffering.try_remedies import DirectStream, Measurement, measure
from sseprobe.proxy.profile import Profile
from sseprobe.report import LimitReport, RemedyReport, Verdict

_ORDER: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


class ProfileResult(Struct):
    """The result of a profile. `silent`: the measurement of a long silence, None if there was none."""

    profile: Profile
    requested: Measurement
    silent: Measurement | None
    limits: list[LimitReport]

    @property
    def worst(self) -> Measurement:
        """The measurement that decides the verdict."""
        both = [self.requested, *([self.silent] if self.silent else [])]
        return min(both, key=lambda each: _ORDER.index(each.judgement.verdict))

    @property
    def remedies(self) -> list[RemedyReport]:
        """All that were tried, each once."""
        tried = {each.remedy: each for each in (self.silent.remedies if self.silent else [])}
        tried |= {each.remedy: each for each in self.requested.remedies}
        return sorted(tried.values(), key=lambda each: PLACES.index(each.where))

    @property
    def endpoint_may_fix_it(self) -> bool:
        """Whether a change to the endpoint helps, or could not be tried."""
        return any(each.where == ENDPOINT and each.helped is not False for each in self.remedies)


async def run_profile(profile: Profile, direct: DirectStream, silence: LongSilence | None) -> ProfileResult:
    """Runs the endpoint behind a profile. `silence`: how its time limits are tested, None where they cannot be."""
    requested = await measure(profile, direct, AsRequested(direct.plan))
    if silence is None or not profile.time_limits:
        limits = limits_met(profile, requested.run, direct.longest_silence_ns, requested.judgement)
        return ProfileResult(profile, requested, None, limits)
    silent = await measure(profile, direct, silence)
    limits = limits_tested(profile, silent.run, silence.scale(profile), silent.judgement)
    return ProfileResult(profile, requested, silent, limits)
