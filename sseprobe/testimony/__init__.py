"""Testimony: what a witness's samples before a stream, while it ran and after the hang-up say of a stop. Pure.

A witness either keeps a direct record of each request's end, or shows figures: a counter of work, a gauge of requests
in progress. A record is believed as it stands. Figures are believed only where they moved, and where a healthy stream
went on for longer: a counter that is flat because the answer was finished anyway is no stop.
"""

import itertools
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from sseprobe.testimony.answers import Answer, Notice, Strength, Testimony, number
from sseprobe.testimony.figures import FLAT_NS, SOME, FiguresCase, moves
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
    "judge",
    "moved",
    "not_idle",
    "number",
    "pace_after",
    "refer",
]

_SOME_WORK: Final = 5
_MUCH: Final = 0.2


class Reference(Struct, frozen=True):
    """A healthy stream: for how long it went on, and what a witness saw made for it.

    `gap_ns`: the longest pause of its counter, None if that moved too little to tell.
    """

    elapsed_ns: int
    made: float | None
    gap_ns: int | None = None


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
    course = _since(readings(samples), started_ns)
    if not course:
        return False
    base, last = course[0].reading, course[-1].reading
    return (last.running or 0) > (base.running or 0) or (last.work or 0) > (base.work or 0)


def judge(seen: Observation) -> Testimony:
    """What the witness says, as far as it has seen."""
    course = _since(readings(seen.samples), seen.started_ns)
    answered = any(sample.asked_ns >= seen.left_ns for sample in course)
    if not course or not answered:
        when = "after the hang-up" if course else "before the stream"
        reason = next((sample.reason for sample in reversed(seen.samples) if isinstance(sample, Failed)), "no answer")
        said = f"could not be asked {when}: {reason}"
        return Testimony(Answer.UNKNOWN, said, settled=not course or seen.over, broken=True)
    kind = FiguresCase if course[0].reading.records is None else RecordsCase
    return kind(seen, course).judge()


def confirm(testimony: Testimony, started_ns: int, left_ns: int, reference: Reference | None) -> Testimony:
    """A stop told by figures, believed only if a healthy stream went on beyond it, in time and in work.

    A late one must have gone on for twice as long: answers differ in length, and a leak looks like a late stop.
    """
    stop_ns = testimony.stop_ns
    if not testimony.needs_reference or stop_ns is None:
        return testimony
    testimony = msgspec.structs.replace(testimony, needs_reference=False)
    made = testimony.made
    if reference is None:
        said = "; whether there was more to come is not known: no healthy stream came through afterwards"
        return msgspec.structs.replace(testimony, answer=Answer.UNKNOWN, evidence=testimony.evidence + said)
    elapsed_ns = stop_ns - started_ns
    overrun = testimony.overrun or 0
    late = overrun > max(_SOME_WORK, (made or 0) * _MUCH) if made is not None else stop_ns - left_ns > FLAT_NS
    beyond = 1.0 if late else SOME
    longer = reference.elapsed_ns > elapsed_ns + max(ENDS_TOGETHER_NS, elapsed_ns * beyond)
    more = made is None or (reference.made is not None and reference.made > made + max(1, made * beyond))
    went = f"a healthy stream went on for {human_ms(ms(reference.elapsed_ns))}"
    if reference.made is not None:
        went += f" and to {number(reference.made)}"
    if not _is_flat(testimony, reference):
        said = (
            f"{testimony.evidence}; but it moves too rarely to be trusted with that: leave later (--at after-tokens:50)"
        )
        return msgspec.structs.replace(testimony, answer=Answer.UNKNOWN, evidence=said, stop_ns=None)
    if longer and more:
        return msgspec.structs.replace(testimony, evidence=f"{testimony.evidence}; {went}")
    whole = made is not None and reference.made is not None and reference.made <= made + max(1, made * SOME)
    if made is not None and whole and overrun > max(FEW_TOKENS, made * SOME):
        said = f"ran to its end: {number(testimony.overrun)} after the hang-up ({went})"
        return msgspec.structs.replace(testimony, answer=Answer.RUNNING, evidence=said, stop_ns=None)
    if made is not None and reference.made is None:
        went += ", but what was made for it could not be seen"
    said = f"{testimony.evidence}; but the answer may have been over anyway by then ({went}): ask for a longer one"
    return msgspec.structs.replace(testimony, answer=Answer.UNKNOWN, evidence=said, stop_ns=None)


def refer(samples: Sequence[Sample | Failed], started_ns: int, elapsed_ns: int) -> Reference:
    """What a witness saw of a healthy stream."""
    course = _since(readings(samples), started_ns)
    if not course:
        return Reference(elapsed_ns, None)
    before = course[0].reading.work
    work = None if before is None else (course[-1].reading.work or 0) - before
    moved_at = moves(course)
    gaps = [later - earlier for earlier, later in itertools.pairwise(moved_at)]
    return Reference(elapsed_ns, work, max(gaps) if len(gaps) > 1 else None)


def pace_after(samples: Sequence[Sample | Failed], started_ns: int, left_ns: int) -> float | None:
    """Time for each unit of work after the hang-up, in ns, to the last move; None if there was hardly any work."""
    course = _since(readings(samples), started_ns)
    before = [sample for sample in course if sample.t_ns <= left_ns]
    made = (course[-1].reading.work or 0) - (before[-1].reading.work or 0) if before else 0
    return (max(moves(course)) - left_ns) / made if made > _SOME_WORK else None


def _since(samples: list[Sample], started_ns: int) -> list[Sample]:
    """The last sample before that time, and all after it; none if there was none before it."""
    place = sum(sample.t_ns <= started_ns for sample in samples)
    return samples[place - 1 :] if place else []


def _is_flat(testimony: Testimony, reference: Reference) -> bool:
    """Whether the counter was flat for long enough: measured by its own pauses before, or by those of the reference."""
    if testimony.pause.prompt or testimony.made is None:
        return True
    return reference.gap_ns is not None and testimony.pause.quiet_ns >= max(FLAT_NS, 2 * reference.gap_ns)
