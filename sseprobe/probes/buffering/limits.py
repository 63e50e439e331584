"""Time limits of hops: tried with a stream that is silent for longer than they allow, or told from what was seen."""

import re
from typing import Final

import msgspec
from msgspec import Struct

from sseprobe.probes.buffering.judge import Judgement
from sseprobe.probes.buffering.measure import Passage
from sseprobe.probes.buffering.remedies import HEARTBEAT_S
from sseprobe.probes.mock_knobs import with_knobs
from sseprobe.probes.receive import StreamPlan
from sseprobe.proxy.profile import Profile
from sseprobe.report import LimitReport, Verdict
from sseprobe.units import NS_PER_S, human_ms, ms

_SILENCE: Final = 1.25
"""How much longer than an idle limit the model thinks."""

_THOUGHT_S: Final = 60.0
"""How long it thinks where a hop has no idle limit: a long answer, or one with much reasoning."""

_TRIED_WITHIN_S: Final = 0.8
"""What the shortest limit of a profile takes in accelerated time."""

_SPARE_S: Final = 30.0
_NEARLY: Final = 0.95


class Patience(Struct, frozen=True):
    """How the bundled mock is made to think for long, with a heartbeat every 15 s as it does by itself."""

    stream: StreamPlan
    real_time: bool

    def scale(self, profile: Profile) -> float:
        """How many times faster than in reality the limits of a profile are tried."""
        return 1.0 if self.real_time else max(1.0, min(profile.time_limits.values()) / _TRIED_WITHIN_S)

    def plan(self, profile: Profile) -> StreamPlan:
        """A stream that is silent for longer than the profile's idle limit."""
        scale = self.scale(profile)
        silence_s = _silence_s(profile) / scale
        heartbeat_s = _said_heartbeat_s(self.stream) / scale
        knobs = f"tokens=20,itl_ms=10,ttft_ms={silence_s * 1000:.0f},heartbeat_s={heartbeat_s:.4f}"
        plan = with_knobs(self.stream, knobs)
        waits_s = silence_s + _SPARE_S
        limits = {
            "timeout_s": max(plan.options.timeout_s, waits_s),
            "idle_timeout_s": max(plan.options.idle_timeout_s, waits_s),
        }
        return msgspec.structs.replace(plan, options=msgspec.structs.replace(plan.options, **limits))


def _said_heartbeat_s(plan: StreamPlan) -> float:
    """The mock's heartbeat as the user wants it, else as it is by itself."""
    said = [value for name, value in plan.request.headers if name.lower() == "x-mock"]
    found = re.findall(r"heartbeat_s=([0-9.]+)", ",".join(said))
    return float(found[-1]) if found else HEARTBEAT_S


def _silence_s(profile: Profile) -> float:
    idle_s = profile.time_limits.get("idle")
    return _THOUGHT_S if idle_s is None else _SILENCE * idle_s


def limits_tried(profile: Profile, passage: Passage, scale: float, judgement: Judgement) -> list[LimitReport]:
    """What a stream that was silent for long has shown of each limit."""
    took_s = _took_s(passage) * scale
    cut_by = _cut_by(profile, took_s, judgement)
    silence_s = _silence_s(profile)
    reports = []
    for name, limit_s in profile.time_limits.items():
        if name == cut_by:
            answer, said = "cut", f"after {took_s:.0f} s"
        elif name == "first-byte" and judgement.verdict is not Verdict.INCONCLUSIVE:
            answer, said = "kept", "the head of the answer came at once"
        elif name == "idle" and cut_by is None and judgement.verdict is not Verdict.INCONCLUSIVE:
            answer, said = "kept", f"a silence of {silence_s:.0f} s was bridged by heartbeats"
        else:
            answer, said = "not-reached", f"the stream was over after {took_s:.0f} s"
        reports.append(LimitReport(name, limit_s, answer, round(scale, 3), said))
    return reports


def limits_met(profile: Profile, passage: Passage, longest_silence_ns: int, judgement: Judgement) -> list[LimitReport]:
    """What a stream in real time has shown of each limit: mostly that it did not come to it."""
    took_s = _took_s(passage)
    cut_by = _cut_by(profile, took_s, judgement)
    reports = []
    for name, limit_s in profile.time_limits.items():
        said = f"the stream took {took_s:.3g} s"
        if name == "idle":
            said = f"the longest silence was {human_ms(ms(longest_silence_ns))}"
        answer = "cut" if name == cut_by else "not-reached"
        reports.append(LimitReport(name, limit_s, answer, 1.0, f"after {took_s:.3g} s" if name == cut_by else said))
    return reports


def _took_s(passage: Passage) -> float:
    record = passage.record
    if record is not None and record.ended_ns is not None:
        return (record.ended_ns - record.started_ns) / NS_PER_S
    return passage.run.end_ns / NS_PER_S


def _cut_by(profile: Profile, took_s: float, judgement: Judgement) -> str | None:
    """The limit that ended the stream: the longest of those that it lasted for."""
    lasted = [(limit_s, name) for name, limit_s in profile.time_limits.items() if took_s >= limit_s * _NEARLY]
    return max(lasted)[1] if judgement.cut and lasted else None
