"""Time limits of a profile: tested by a long silence, or reported as far as a stream in real time showed them."""

from typing import Final

from sseprobe.probes.buffering.judge import Judgement
from sseprobe.probes.buffering.measure import ProxyRun
from sseprobe.probes.buffering.stream_kinds import silence_s
from sseprobe.proxy.profile import Profile
from sseprobe.report import LimitReport, Verdict
from sseprobe.units import NS_PER_S, human_ms, ms

_NEARLY: Final = 0.95


def limits_tested(profile: Profile, run: ProxyRun, scale: float, judgement: Judgement) -> list[LimitReport]:
    """The result of each limit, from a stream that was silent for long."""
    took_s = _took_s(run) * scale
    cut_by = _cut_by(profile, took_s, judgement)
    reports = []
    for name, limit_s in profile.time_limits.items():
        if name == cut_by:
            answer, detail = "cut", f"after {took_s:.0f} s"
        elif name == "first-byte" and judgement.verdict is not Verdict.INCONCLUSIVE:
            answer, detail = "kept", "the response head came at once"
        elif name == "idle" and cut_by is None and judgement.verdict is not Verdict.INCONCLUSIVE:
            answer, detail = "kept", f"a silence of {silence_s(profile):.0f} s was bridged by heartbeats"
        else:
            answer, detail = "not-reached", f"the stream ended after {took_s:.0f} s"
        reports.append(LimitReport(name, limit_s, answer, round(scale, 3), detail))
    return reports


def limits_met(profile: Profile, run: ProxyRun, longest_silence_ns: int, judgement: Judgement) -> list[LimitReport]:
    """The result of each limit, from a stream in real time: mostly that it was not reached."""
    took_s = _took_s(run)
    cut_by = _cut_by(profile, took_s, judgement)
    reports = []
    for name, limit_s in profile.time_limits.items():
        detail = f"the stream took {took_s:.3g} s"
        if name == "idle":
            detail = f"the longest silence was {human_ms(ms(longest_silence_ns))}"
        answer = "not-reached"
        if name == cut_by:
            answer, detail = "cut", f"after {took_s:.3g} s"
        reports.append(LimitReport(name, limit_s, answer, 1.0, detail))
    return reports


def _took_s(run: ProxyRun) -> float:
    record = run.record
    if record is not None and record.ended_ns is not None:
        return (record.ended_ns - record.started_ns) / NS_PER_S
    return run.received.end_ns / NS_PER_S


def _cut_by(profile: Profile, took_s: float, judgement: Judgement) -> str | None:
    """The limit that ended the stream: the longest that it reached."""
    reached = [(limit_s, name) for name, limit_s in profile.time_limits.items() if took_s >= limit_s * _NEARLY]
    return max(reached)[1] if judgement.cut and reached else None
