"""A healthy stream for comparison: only it shows that there was more to generate when a counter went flat."""

import itertools
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from sseprobe.stop_detection.answers import Answer, Detection, number
from sseprobe.stop_detection.base import ENDS_TOGETHER_NS, FEW_TOKENS
from sseprobe.stop_detection.counters import FLAT_NS, SOME, SOME_WORK
from sseprobe.stop_detection.samples import Failed, Sample, moves, since
from sseprobe.units import NS_PER_S, human_ms, ms

_MORE: Final = 1.5
_ALIKE: Final = 0.25
"""So much two lags may differ that are the same."""


class Reference(Struct, frozen=True):
    """A healthy stream: how long it ran, the work that a witness saw for it, and the content deltas it `received`.

    `gap_ns`: the longest pause, between content or of the counter; None if there was too little of either to know.
    `first_ns`: how long its first content took.
    """

    elapsed_ns: int
    made: float | None
    gap_ns: int | None = None
    received: int = 0
    first_ns: int | None = None


def confirm(detection: Detection, started_ns: int, reference: Reference | None) -> Detection:
    """A stop seen by a counter or gauge, believed only if a healthy stream went on beyond it, in time and in work.

    A late one must have gone on for twice as long: answers differ in length, and a leak looks like a late stop.
    """
    stop_ns = detection.stop_ns
    if not detection.needs_reference or stop_ns is None:
        return detection
    detection = msgspec.structs.replace(detection, needs_reference=False)
    made = detection.made
    if reference is None:
        why = "not confirmed: no healthy stream could be received afterwards for comparison"
        return _unknown(detection, why, stop_ns)
    elapsed_ns = stop_ns - started_ns
    overrun = detection.overrun or 0
    beyond = 1.0 if detection.late else SOME
    longer = reference.elapsed_ns > elapsed_ns + max(ENDS_TOGETHER_NS, elapsed_ns * beyond)
    more = made is None or (reference.made is not None and reference.made > made + max(1, made * beyond))
    healthy = f"a healthy stream ran for {human_ms(ms(reference.elapsed_ns))}"
    if reference.made is not None:
        healthy += f" and raised the counter by {number(reference.made)}"
    whole = made is not None and reference.made is not None and reference.made <= made + max(1, made * SOME)
    if made is not None and whole and overrun > max(FEW_TOKENS, made * SOME):
        evidence = f"ran to its end: the counter rose by {number(detection.overrun)} after the abort ({healthy})"
        return msgspec.structs.replace(detection, answer=Answer.RUNNING, evidence=evidence, stop_ns=None)
    if others := _others_generate(detection, reference):
        return _unknown(detection, others)
    if too_short := _paused_longer(detection, reference):
        return _unknown(detection, too_short)
    if longer and more:
        return msgspec.structs.replace(detection, evidence=f"{detection.evidence}; {healthy}")
    if made is not None and reference.made is None:
        healthy += ", but its work could not be seen"
    return _unknown(detection, f"but the answer may have been complete by then ({healthy}): request a longer one")


def keeps_its_lag(first: Detection, second: Detection, first_aborted_ns: int, second_aborted_ns: int) -> bool:
    """Whether two late stops, after aborts at different points of the stream, came as late after each abort.

    A leak that runs to the end of a short answer ends sooner after a later abort.
    """
    if first.stop_ns is None or second.stop_ns is None:
        return False
    lags = first.stop_ns - first_aborted_ns, second.stop_ns - second_aborted_ns
    close = abs(lags[0] - lags[1]) <= max(FLAT_NS // 2, min(lags) * _ALIKE)
    if first.overrun is None or second.overrun is None:
        return close
    return close and abs(first.overrun - second.overrun) <= max(SOME_WORK, min(first.overrun, second.overrun) * _ALIKE)


def _unknown(detection: Detection, why: str, stop_ns: int | None = None) -> Detection:
    evidence = f"{detection.evidence}; {why}"
    return msgspec.structs.replace(detection, answer=Answer.UNKNOWN, evidence=evidence, stop_ns=stop_ns, late=False)


def compared(samples: Sequence[Sample | Failed], started_ns: int, healthy: Reference) -> Reference:
    """What a witness saw of a healthy stream, with what its client saw."""
    relevant = since(samples, started_ns)
    if not relevant:
        return healthy
    before = relevant[0].reading.work
    work = None if before is None else (relevant[-1].reading.work or 0) - before
    gaps = [later - earlier for earlier, later in itertools.pairwise(moves(relevant))]
    known = [gap for gap in (healthy.gap_ns, max(gaps) if len(gaps) > 1 else None) if gap is not None]
    return msgspec.structs.replace(healthy, made=work, gap_ns=max(known, default=None))


def _others_generate(detection: Detection, reference: Reference) -> str | None:
    """Why the counter counts more than the healthy stream, such as the aborted request; None if it does not."""
    if not detection.made or not reference.made or detection.received < SOME_WORK or reference.received < 2 * SOME_WORK:
        return None
    per_delta = detection.made / detection.received
    if reference.made <= _MORE * per_delta * reference.received:
        return None
    return (
        f"but while a healthy stream ran and its client received {reference.received} content deltas, the counter rose "
        f"by {number(reference.made)}: something else was generating too, perhaps the aborted request"
    )


def _paused_longer(detection: Detection, reference: Reference) -> str | None:
    """Why the silence after the abort may have been a pause, None if it was long enough."""
    quiet_ns, gap_ns = detection.pause.quiet_ns, reference.gap_ns
    if gap_ns is None:
        if detection.pause.prompt or detection.made is None:
            return None
        return "but the counter moves too rarely to prove a stop: abort twice as late (--at after-tokens:N)"
    if quiet_ns >= 2 * gap_ns:
        return None
    return (
        f"but a healthy stream paused for {human_ms(ms(gap_ns))}, so {human_ms(ms(quiet_ns))} of silence may be "
        f"one too; use --grace {-(-3 * gap_ns // NS_PER_S)}"
    )
