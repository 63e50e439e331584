"""Two paths to one server, measured side by side: whether one buffers compared with the other, and how."""

import asyncio
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from sseprobe.errors import TargetError
from sseprobe.http_exchange import Ending, Head
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.probes.stream_report import report_of
from sseprobe.proxy.profile import NAMES, Profile, by_name
from sseprobe.redaction import redact_url
from sseprobe.report import PathReport, Percentiles, StreamReport
from sseprobe.streams.buffer_classifier import Confidence, Diagnosis, Holding, added_ttft_ns, delays, diagnose
from sseprobe.streams.learning import learn_together
from sseprobe.streams.metrics import Distribution
from sseprobe.streams.view import SilentView
from sseprobe.units import NS_PER_S, human_ms, ms

_ROUNDS: Final = 2
_NEAR: Final = 0.1
_SILENCE_NS: Final = NS_PER_S // 2
_AS_LONG: Final = 0.9
_REARMED: Final = 1.4
_SUREST: Final = (Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE)


class Comparison(NamedTuple):
    """The result. `cut`: why the path fails whether it buffers or not: it ends otherwise than the direct one.

    `unclear`: why the verdict is inconclusive.
    """

    report: PathReport
    streams: list[StreamReport]
    cut: str | None
    unclear: str | None


async def compare(plan: StreamPlan, direct: StreamPlan) -> Comparison:
    """Measures both paths at once; a second time, if once does not suffice. Raises TargetError."""
    best: tuple[Diagnosis, StreamRun, StreamRun] | None = None
    for _ in range(_ROUNDS):
        on_path, on_direct = await asyncio.gather(_receive(plan, "URL"), _receive(direct, "--direct"))
        if (dialect := learn_together([on_direct.transcript()], enough=1)) is not None and on_path.decoder.event_format:
            on_direct.read_as(dialect)
            on_path.read_as(dialect, cut_at=on_direct.transcript().chunk_ends)
        diagnosis = diagnose(on_path.transcript(), on_direct.transcript())
        if best is not None and diagnosis.kind is best[0].kind is Holding.BURSTS:
            diagnosis = msgspec.structs.replace(diagnosis, confidence=Confidence.LIKELY)  # it was so each time
        if best is None or _surer(diagnosis, best[0]):
            best = diagnosis, on_path, on_direct
        if diagnosis.buffers is not None and diagnosis.confidence is not Confidence.POSSIBLE:
            break
    assert best is not None
    diagnosis, on_path, on_direct = best
    if diagnosis.kind is Holding.BURSTS and diagnosis.confidence is Confidence.POSSIBLE:
        seen_once = (*diagnosis.evidence, "it was measured once, and not the other time")
        diagnosis = msgspec.structs.replace(diagnosis, kind=Holding.UNKNOWN, buffers=None, evidence=seen_once)
    ended, directly = on_path.outcome().ending, on_direct.outcome().ending
    cut = unclear = None
    if directly is not Ending.COMPLETE:
        unclear = f"the direct path itself ends {directly}: there is no healthy stream to compare with"
    elif ended is not Ending.COMPLETE:
        cut = _cut(on_path, on_direct)
    streams = [report for run in (on_path, on_direct) if (report := report_of(run, None)) is not None]
    return Comparison(_report(diagnosis, on_path, on_direct, cut), streams, cut, unclear)


def _cut(on_path: StreamRun, on_direct: StreamRun) -> str:
    """Why a path ends early: its time limit, where the direct path survived a silence as long."""
    ended = f"this path ends {on_path.outcome().ending} after {human_ms(ms(on_path.end_ns))}, the direct path complete"
    path, direct = on_path.transcript(), on_direct.transcript()
    last_ns = path.chunks[-1].read.t_ns if path.chunks else 0
    silent_ns = on_path.end_ns - last_ns
    times = [0, *(chunk.read.t_ns for chunk in direct.chunks)]
    # The direct path was silent at the same time, and for longer.
    direct_survived = any(
        since <= last_ns + _SILENCE_NS and until > last_ns and until - since >= silent_ns * _AS_LONG
        for since, until in pairwise(times)
    )
    if silent_ns < _SILENCE_NS or not direct_survived:
        return f"{ended}: something on this path cuts the stream"
    silence = human_ms(ms(silent_ns))
    return (
        f"{ended}: something on this path cuts the stream after {silence} of silence. Raise its limit (nginx: "
        "proxy_read_timeout; HAProxy: timeout server), or send heartbeats more often than that"
    )


def _surer(one: Diagnosis, other: Diagnosis) -> bool:
    if (one.buffers is None) != (other.buffers is None):
        return one.buffers is not None
    return _SUREST.index(one.confidence) < _SUREST.index(other.confidence)


async def _receive(plan: StreamPlan, option: str) -> StreamRun:
    run = StreamRun(msgspec.structs.replace(plan, keep=True), SilentView())
    try:
        await run.go()
    except TargetError as error:
        raise TargetError(f"{option}: {error}") from error
    if run.interrupted:
        raise asyncio.CancelledError
    return run


def _report(diagnosis: Diagnosis, on_path: StreamRun, on_direct: StreamRun, cut: str | None) -> PathReport:
    path, direct = on_path.transcript(), on_direct.transcript()
    added = Distribution()
    for delay_ns in delays(path, direct) or []:
        added.add(max(0, delay_ns))
    ratios = [run.decoder.tally.meter.bunching_ratio for run in (on_path, on_direct)]
    return PathReport(
        url=redact_url(on_path.plan.request.url),
        direct_url=redact_url(on_direct.plan.request.url),
        buffers={True: "yes", False: "no", None: "unknown"}[diagnosis.buffers],
        kind=diagnosis.kind,
        confidence=diagnosis.confidence,
        block_bytes=diagnosis.block_bytes,
        period_ms=diagnosis.period_ms,
        added_ttft_ms=ms(added_ttft_ns(path, direct)),
        added_delay_ms=Percentiles.of(added),
        bunching_ratio=None if ratios[0] is None else round(ratios[0], 3),
        direct_bunching_ratio=None if ratios[1] is None else round(ratios[1], 3),
        meaning=_meaning(diagnosis, on_path),
        like=_like(diagnosis, on_path),
        evidence=list(diagnosis.evidence),
        cut=cut,
    )


def _meaning(diagnosis: Diagnosis, on_path: StreamRun) -> str:
    if diagnosis.buffers is False:
        return "tokens arrive as on the direct path"
    if diagnosis.buffers is None:
        return "inconclusive: the evidence says what is missing"
    if diagnosis.kind is Holding.WHOLE_BODY:
        return f"the answer appears all at once after {human_ms(ms(on_path.end_ns))}"
    size = f"{diagnosis.burst_events:g} tokens" if diagnosis.burst_events else "several tokens"
    return f"text arrives in bursts of {size}"


def _like(diagnosis: Diagnosis, on_path: StreamRun) -> list[str]:
    """Profiles that buffer in the same way; those whose header signs the answer has come first."""
    if not diagnosis.buffers:
        return []
    alike = [profile for profile in map(by_name, NAMES) if _buffers_alike(profile, diagnosis, on_path)]
    return [profile.name for profile in sorted(alike, key=lambda profile: not _shows(profile, on_path.head))]


def _buffers_alike(profile: Profile, diagnosis: Diagnosis, on_path: StreamRun) -> bool:
    knobs = profile.knobs
    match diagnosis.kind:
        case Holding.WHOLE_BODY:
            # A short answer never fills a buffer.
            fits = bool(knobs.hold_bytes) and on_path.decoder.body_bytes < knobs.hold_bytes
            return knobs.holds_all or (fits and _shows(profile, on_path.head))
        case Holding.BURSTS:
            return _near(knobs.coalesce_ms or knobs.flush_ms, diagnosis.period_ms) or (
                bool(knobs.hold_bytes) and _shows(profile, on_path.head)
            )
        case Holding.BLOCK:
            return _near(knobs.hold_bytes, diagnosis.block_bytes)
        case Holding.TIMER:
            timer_ms = knobs.coalesce_ms or knobs.flush_ms
            # A timer that the first byte arms runs out, and then the next event arms it again.
            return bool(timer_ms) and (1 - _NEAR) * timer_ms <= (diagnosis.period_ms or 0) <= _REARMED * timer_ms
        case Holding.COMPRESSION:
            return knobs.gzip == "blocked"
    return False


def _near(knob: float, measured: float | None) -> bool:
    return bool(knob) and measured is not None and abs(knob - measured) <= _NEAR * knob


def _shows(profile: Profile, head: Head | None) -> bool:
    """Whether the answer has a header that is a sign of this proxy."""
    return head is not None and any(
        contained.lower() in (head.header(name) or "").lower() if head.header(name) is not None else False
        for name, contained in profile.signs.items()
    )
