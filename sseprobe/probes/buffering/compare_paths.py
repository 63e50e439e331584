"""Two paths to one server, measured side by side: whether one buffers compared with the other, how, and how surely."""

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


class Compared(NamedTuple):
    """What was found. `cut`: why the path fails whether it buffers or not; it ends otherwise than the direct one."""

    report: PathReport
    streams: list[StreamReport]
    cut: str | None
    unclear: str | None


async def compare(plan: StreamPlan, direct: StreamPlan) -> Compared:
    """Asks both paths at once; once more, if that was not enough to be sure. Raises TargetError."""
    best: tuple[Diagnosis, StreamRun, StreamRun] | None = None
    for _ in range(_ROUNDS):
        ours, theirs = await asyncio.gather(_receive(plan, "URL"), _receive(direct, "--direct"))
        if (dialect := learn_together([theirs.transcript()], enough=1)) is not None and ours.decoder.event_format:
            theirs.read_as(dialect)
            ours.read_as(dialect, cut_at=theirs.transcript().chunk_ends)
        said = diagnose(ours.transcript(), theirs.transcript())
        if best is not None and said.kind is best[0].kind is Holding.BURSTS:
            said = msgspec.structs.replace(said, confidence=Confidence.LIKELY)  # it was so each time
        if best is None or _surer(said, best[0]):
            best = said, ours, theirs
        if said.buffers is not None and said.confidence is not Confidence.POSSIBLE:
            break
    assert best is not None
    said, ours, theirs = best
    if said.kind is Holding.BURSTS and said.confidence is Confidence.POSSIBLE:
        seen_once = (*said.evidence, "it was so once, and not the other time")
        said = msgspec.structs.replace(said, kind=Holding.UNKNOWN, buffers=None, evidence=seen_once)
    ended, directly = ours.outcome().ending, theirs.outcome().ending
    cut = unclear = None
    if directly is not Ending.COMPLETE:
        unclear = f"the direct path itself ends {directly}: there is no healthy stream to compare with"
    elif ended is not Ending.COMPLETE:
        cut = _cut(ours, theirs)
    streams = [report for run in (ours, theirs) if (report := report_of(run, None)) is not None]
    return Compared(_report(said, ours, theirs, cut), streams, cut, unclear)


def _cut(ours: StreamRun, theirs: StreamRun) -> str:
    """What cuts a path: after how much silence, if the direct path was silent for longer there."""
    ended = f"this path ends {ours.outcome().ending} after {human_ms(ms(ours.end_ns))}, the direct one complete"
    path, direct = ours.transcript(), theirs.transcript()
    last_ns = path.chunks[-1].read.t_ns if path.chunks else 0
    silent_ns = ours.end_ns - last_ns
    times = [0, *(chunk.read.t_ns for chunk in direct.chunks)]
    # The direct path was silent then too, and for longer: it bore what this path did not.
    bore = any(
        since <= last_ns + _SILENCE_NS and until > last_ns and until - since >= silent_ns * _AS_LONG
        for since, until in pairwise(times)
    )
    if silent_ns < _SILENCE_NS or not bore:
        return f"{ended}: something on it cuts"
    silence = human_ms(ms(silent_ns))
    return (
        f"{ended}: something on it cuts after {silence} of silence. Raise its limit (nginx: proxy_read_timeout; "
        "HAProxy: timeout server), or send a heartbeat more often than that"
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


def _report(said: Diagnosis, ours: StreamRun, theirs: StreamRun, cut: str | None) -> PathReport:
    path, direct = ours.transcript(), theirs.transcript()
    added = Distribution()
    for delay_ns in delays(path, direct) or []:
        added.add(max(0, delay_ns))
    ratios = [run.decoder.tally.meter.bunching_ratio for run in (ours, theirs)]
    return PathReport(
        url=redact_url(ours.plan.request.url),
        direct_url=redact_url(theirs.plan.request.url),
        buffers={True: "yes", False: "no", None: "unknown"}[said.buffers],
        kind=said.kind,
        confidence=said.confidence,
        block_bytes=said.block_bytes,
        period_ms=said.period_ms,
        added_ttft_ms=ms(added_ttft_ns(path, direct)),
        added_delay_ms=Percentiles.of(added),
        bunching_ratio=None if ratios[0] is None else round(ratios[0], 3),
        direct_bunching_ratio=None if ratios[1] is None else round(ratios[1], 3),
        meaning=_meaning(said, ours),
        like=_like(said, ours),
        evidence=list(said.evidence),
        cut=cut,
    )


def _meaning(said: Diagnosis, ours: StreamRun) -> str:
    if said.buffers is False:
        return "tokens come as they do on the direct path"
    if said.buffers is None:
        return "inconclusive: the evidence says what is missing"
    if said.kind is Holding.WHOLE_BODY:
        return f"the answer appears all at once after {human_ms(ms(ours.end_ns))}"
    size = f"{said.burst_events:g} tokens" if said.burst_events else "several tokens"
    return f"text arrives in bursts of {size}"


def _like(said: Diagnosis, ours: StreamRun) -> list[str]:
    """Profiles that hold back so; those whose signs the answer shows come first."""
    if not said.buffers:
        return []
    found = [profile for profile in map(by_name, NAMES) if _holds_so(profile, said, ours)]
    return [profile.name for profile in sorted(found, key=lambda profile: not _shows(profile, ours.head))]


def _holds_so(profile: Profile, said: Diagnosis, ours: StreamRun) -> bool:
    knobs = profile.knobs
    match said.kind:
        case Holding.WHOLE_BODY:
            # A short answer never fills a buffer.
            fits = bool(knobs.hold_bytes) and ours.decoder.body_bytes < knobs.hold_bytes
            return knobs.holds_all or (fits and _shows(profile, ours.head))
        case Holding.BURSTS:
            return _near(knobs.coalesce_ms or knobs.flush_ms, said.period_ms) or (
                bool(knobs.hold_bytes) and _shows(profile, ours.head)
            )
        case Holding.BLOCK:
            return _near(knobs.hold_bytes, said.block_bytes)
        case Holding.TIMER:
            timer_ms = knobs.coalesce_ms or knobs.flush_ms
            # A timer that the first byte arms runs out, and then the next event arms it again.
            return bool(timer_ms) and (1 - _NEAR) * timer_ms <= (said.period_ms or 0) <= _REARMED * timer_ms
        case Holding.COMPRESSION:
            return knobs.gzip == "blocked"
    return False


def _near(knob: float, seen: float | None) -> bool:
    return bool(knob) and seen is not None and abs(knob - seen) <= _NEAR * knob


def _shows(profile: Profile, head: Head | None) -> bool:
    """Whether the answer has a header by which such a hop gives itself away."""
    return head is not None and any(
        contained.lower() in (head.header(name) or "").lower() if head.header(name) is not None else False
        for name, contained in profile.signs.items()
    )
