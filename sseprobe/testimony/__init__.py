"""Testimony: what a witness's samples before a stream, while it ran and after the hang-up say of a stop. Pure.

A witness either keeps a direct record of each request's end, or shows figures: a counter of work, a gauge of requests
in progress. A record is believed as it stands. Figures are believed only where they moved, and where a healthy stream
went on for longer: a counter that is flat because the answer was finished anyway is no stop.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from sseprobe.testimony.answers import Answer, Notice, Strength, Testimony, number
from sseprobe.testimony.figures import FLAT_NS, SOME, FiguresCase
from sseprobe.testimony.records import ENDS_TOGETHER_NS, FEW_TOKENS, RecordsCase
from sseprobe.testimony.seen import Failed, Healthy, Observation, Reading, Records, Sample, readings
from sseprobe.units import human_ms, ms

__all__ = [
    "FLAT_NS",
    "Answer",
    "Failed",
    "Healthy",
    "Notice",
    "Observation",
    "Reading",
    "Records",
    "Reference",
    "Sample",
    "Strength",
    "Testimony",
    "confirm",
    "grace_ends",
    "judge",
    "moved",
    "not_idle",
    "number",
]


class Reference(Struct, frozen=True):
    """A healthy stream: for how long it went on, and what a witness saw made for it."""

    elapsed_ns: int
    made: float | None


def not_idle(samples: Sequence[Sample | Failed], since_ns: int) -> str | None:
    """Why the witness is not known to be idle, judged by its samples since then; None if it is."""
    last = samples[-1] if samples else None
    if last is None or last.t_ns < since_ns:
        return "it does not answer"
    if isinstance(last, Failed):
        return last.reason
    if last.reading.running:
        return f"{last.reading.running} requests are in progress"
    if last.reading.records is not None or last.reading.work is None:
        return None
    flat_since = last.t_ns
    for sample in reversed(samples):
        if isinstance(sample, Failed) or sample.reading.work != last.reading.work:
            said = f"it moves by itself (now at {number(last.reading.work)})"
            break
        flat_since = sample.asked_ns
    else:
        said = "it has not been watched for long enough"
    return None if last.t_ns - flat_since >= FLAT_NS else said


def moved(samples: Sequence[Sample | Failed], started_ns: int) -> bool:
    """Whether the witness was seen working since then."""
    had = readings(samples)
    base = next((sample for sample in reversed(had) if sample.t_ns <= started_ns), None)
    if base is None:
        return False
    last = had[-1].reading
    return (last.running or 0) > (base.reading.running or 0) or (last.work or 0) > (base.reading.work or 0)


def judge(seen: Observation) -> Testimony:
    """What the witness says, as far as it has seen."""
    samples = readings(seen.samples)
    base = next((sample for sample in reversed(samples) if sample.t_ns <= seen.started_ns), None)
    during = [sample for sample in samples if seen.started_ns < sample.t_ns <= seen.left_ns]
    after = [sample for sample in samples if sample.asked_ns >= seen.left_ns]
    if base is None or not after:
        when = "before the stream" if base is None else "after the hang-up"
        reason = next((sample.reason for sample in reversed(seen.samples) if isinstance(sample, Failed)), "no answer")
        said = f"could not be asked {when}: {reason}"
        return Testimony(Answer.UNKNOWN, said, settled=base is None or seen.over, broken=True)
    kind = FiguresCase if base.reading.records is None else RecordsCase
    return kind(seen, base, during, after).judge()


def confirm(testimony: Testimony, started_ns: int, reference: Reference | None) -> Testimony:
    """A stop told by figures, believed only if a healthy stream went on beyond it, in time and in work."""
    if not testimony.needs_reference or testimony.stop_ns is None:
        return testimony
    made = testimony.made
    if reference is None:
        said = "; whether there was more to come is not known: no healthy stream came through afterwards"
        return msgspec.structs.replace(testimony, answer=Answer.UNKNOWN, evidence=testimony.evidence + said)
    elapsed_ns = testimony.stop_ns - started_ns
    longer = reference.elapsed_ns > elapsed_ns + max(ENDS_TOGETHER_NS, elapsed_ns * SOME)
    more = made is None or reference.made is None or reference.made > made + max(1, made * SOME)
    went = f"a healthy stream went on for {human_ms(ms(reference.elapsed_ns))}"
    if reference.made is not None:
        went += f" and to {number(reference.made)}"
    if longer and more:
        return msgspec.structs.replace(testimony, evidence=f"{testimony.evidence}; {went}")
    if made is not None and not more and (testimony.overrun or 0) > max(FEW_TOKENS, made * SOME):
        said = f"ran to its end: {number(testimony.overrun)} after the hang-up ({went})"
        return msgspec.structs.replace(testimony, answer=Answer.RUNNING, evidence=said, stop_ns=None)
    said = f"{testimony.evidence}; but the answer was over anyway by then ({went}): ask for a longer one"
    return msgspec.structs.replace(testimony, answer=Answer.UNKNOWN, evidence=said, stop_ns=None)


def grace_ends(healthy: Healthy, left_ns: int, grace_ns: int, *, figures: bool) -> int:
    """When the grace ends: for figures that count healthy streams too, it begins once these have ended."""
    begins_ns = max([left_ns, *healthy.ends_ns]) if figures and healthy.count else left_ns
    return begins_ns + grace_ns
