"""The streams that are sent through a profile: the one that was requested, and one that is silent for long."""

import re
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from sseprobe.probes.buffering.remedies import HEARTBEAT_S
from sseprobe.probes.mock_knobs import with_knobs
from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.profile import Profile

_SILENCE: Final = 1.25
"""The silence, as a multiple of the profile's idle limit."""

_SILENCE_WITHOUT_LIMIT_S: Final = 60.0
"""The silence where a profile has no idle limit: a long answer, or one with much reasoning."""

_SHORTEST_LIMIT_S: Final = 0.8
"""What the shortest limit of a profile takes in accelerated time."""

_SPARE_S: Final = 30.0


class StreamKind(Protocol):
    """A stream to send through a profile, and how many times faster than in reality the profile's time runs."""

    def plan(self, profile: Profile) -> StreamPlan: ...

    def scale(self, profile: Profile) -> float: ...


class AsRequested(Struct, frozen=True):
    """The stream that was requested, in real time."""

    stream: StreamPlan

    def plan(self, profile: Profile) -> StreamPlan:
        """The same for every profile."""
        del profile
        return self.stream

    def scale(self, profile: Profile) -> float:
        """Real time."""
        del profile
        return 1.0


class LongSilence(Struct, frozen=True):
    """A stream of the bundled mock that exceeds the profile's idle limit before its first token.

    The mock sends a heartbeat every 15 s, as it does by default.
    """

    stream: StreamPlan
    real_time: bool

    def plan(self, profile: Profile) -> StreamPlan:
        """The stream that is silent for longer than the profile's idle limit."""
        scale = self.scale(profile)
        silent_s = silence_s(profile) / scale
        heartbeat_s = _requested_heartbeat_s(self.stream) / scale
        knobs = f"tokens=20,itl_ms=10,ttft_ms={silent_s * 1000:.0f},heartbeat_s={heartbeat_s:.4f}"
        plan = with_knobs(self.stream, knobs)
        limit_s = silent_s + _SPARE_S
        limits = {
            "timeout_s": max(plan.options.timeout_s, limit_s),
            "idle_timeout_s": max(plan.options.idle_timeout_s, limit_s),
        }
        return msgspec.structs.replace(plan, options=msgspec.structs.replace(plan.options, **limits))

    def scale(self, profile: Profile) -> float:
        """So fast that the profile's shortest limit takes less than a second; 1 with --real-time."""
        return 1.0 if self.real_time else max(1.0, min(profile.time_limits.values()) / _SHORTEST_LIMIT_S)


def silence_s(profile: Profile) -> float:
    """How long the stream is silent, in the profile's time."""
    idle_s = profile.time_limits.get("idle")
    return _SILENCE_WITHOUT_LIMIT_S if idle_s is None else _SILENCE * idle_s


def _requested_heartbeat_s(plan: StreamPlan) -> float:
    """The mock's heartbeat as requested, else its default."""
    knobs = [value for name, value in plan.request.headers if name.lower() == "x-mock"]
    found = re.findall(r"heartbeat_s=([0-9.]+)", ",".join(knobs))
    return float(found[-1]) if found else HEARTBEAT_S
