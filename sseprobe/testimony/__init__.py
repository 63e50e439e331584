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
from sseprobe.testimony.figures import FLAT_NS, SOME, SOME_WORK, FiguresCase, moves
from sseprobe.testimony.records import ENDS_TOGETHER_NS, FEW_TOKENS, NOTHING_NEW_NS, RecordsCase
from sseprobe.testimony.seen import Call, Failed, Healthy, Observation, Reading, Sample, readings
from sseprobe.units import NS_PER_S, human_ms, ms

__all__ = [
    "FLAT_NS",
    "NOTHING_NEW_NS",
    "Answer",
    "Call",
    "Failed",
    "Healthy",
    "Notice",
    "Observation",
    "Reading",
    "Reference",
    "Sample",
    "Strength",
    "Testimony",
    "calls_since",
    "confirm",
    "judge",
    "keeps_its_lag",
    "moved",
    "not_idle",
    "number",
    "pace_after",
    "refer",
]
_MORE: Final = 1.5
_ALIKE: Final = 0.25
"""So much two lags may differ that are the same."""


class Reference(Struct, frozen=True):
    """A healthy stream: for how long it went on, what a witness saw made for it, and what its client `received`.

    `gap_ns`: the longest pause, between content or of the counter; None if there was too little of either to tell.
    `first_ns`: how long its first content took.
    """

    elapsed_ns: int
    made: float | None
    gap_ns: int | None = None
    received: int = 0
    first_ns: int | None = None


def not_idle(samples: Sequence[Sample | Failed], since_ns: int) -> str | None:
    """Why the witness is not known to be idle, judged by its samples since then; None if it is."""
    last = samples[-1] if samples else None
    if last is None or last.t_ns < since_ns:
        return "it does not answer"
    if isinstance(last, Failed):
        return last.reason
    if last.reading.running:
        return f"{last.reading.running} requests are in progress"
    if last.reading.calls is not None or last.reading.work is None:
        return None
    flat_since = last.t_ns
    for sample in reversed(samples):
        if isinstance(sample, Failed) or sample.reading.work != last.reading.work:
            before = "" if isinstance(sample, Failed) else f"from {number(sample.reading.work)} "
            said = f"it moves by itself ({before}to {number(last.reading.work)})"
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
        return Testimony(Answer.UNKNOWN, said, settled=not course or seen.over, broken=True, unasked=True)
    kind = FiguresCase if course[0].reading.calls is None else RecordsCase
    return kind(seen, course).judge()


def confirm(testimony: Testimony, started_ns: int, reference: Reference | None) -> Testimony:
    """A stop told by figures, believed only if a healthy stream went on beyond it, in time and in work.

    A late one must have gone on for twice as long: answers differ in length, and a leak looks like a late stop.
    """
    stop_ns = testimony.stop_ns
    if not testimony.needs_reference or stop_ns is None:
        return testimony
    testimony = msgspec.structs.replace(testimony, needs_reference=False)
    made = testimony.made
    if reference is None:
        said = "whether there was more to come is not known: no healthy stream came through afterwards"
        return _unknown(testimony, said, stop_ns)
    elapsed_ns = stop_ns - started_ns
    overrun = testimony.overrun or 0
    beyond = 1.0 if testimony.late else SOME
    longer = reference.elapsed_ns > elapsed_ns + max(ENDS_TOGETHER_NS, elapsed_ns * beyond)
    more = made is None or (reference.made is not None and reference.made > made + max(1, made * beyond))
    went = f"a healthy stream went on for {human_ms(ms(reference.elapsed_ns))}"
    if reference.made is not None:
        went += f" and to {number(reference.made)}"
    whole = made is not None and reference.made is not None and reference.made <= made + max(1, made * SOME)
    if made is not None and whole and overrun > max(FEW_TOKENS, made * SOME):
        said = f"ran to its end: {number(testimony.overrun)} after the hang-up ({went})"
        return msgspec.structs.replace(testimony, answer=Answer.RUNNING, evidence=said, stop_ns=None)
    if somebody := _somebody_else(testimony, reference):
        return _unknown(testimony, somebody)
    if too_short := _paused_longer(testimony, reference):
        return _unknown(testimony, too_short)
    if longer and more:
        return msgspec.structs.replace(testimony, evidence=f"{testimony.evidence}; {went}")
    if made is not None and reference.made is None:
        went += ", but what was made for it could not be seen"
    return _unknown(testimony, f"but the answer may have been over anyway by then ({went}): ask for a longer one")


def keeps_its_lag(first: Testimony, second: Testimony, first_left_ns: int, second_left_ns: int) -> bool:
    """Whether two late stops, of clients that left at different points, came as late after each hang-up.

    A leak that runs to the end of a short answer comes sooner after a client that leaves later.
    """
    if first.stop_ns is None or second.stop_ns is None:
        return False
    lags = first.stop_ns - first_left_ns, second.stop_ns - second_left_ns
    close = abs(lags[0] - lags[1]) <= max(FLAT_NS // 2, min(lags) * _ALIKE)
    if first.overrun is None or second.overrun is None:
        return close
    return close and abs(first.overrun - second.overrun) <= max(SOME_WORK, min(first.overrun, second.overrun) * _ALIKE)


def _unknown(testimony: Testimony, said: str, stop_ns: int | None = None) -> Testimony:
    evidence = f"{testimony.evidence}; {said}"
    return msgspec.structs.replace(testimony, answer=Answer.UNKNOWN, evidence=evidence, stop_ns=stop_ns, late=False)


def refer(samples: Sequence[Sample | Failed], started_ns: int, healthy: Reference) -> Reference:
    """What a witness saw of a healthy stream, with what its client saw."""
    course = _since(readings(samples), started_ns)
    if not course:
        return healthy
    before = course[0].reading.work
    work = None if before is None else (course[-1].reading.work or 0) - before
    gaps = [later - earlier for earlier, later in itertools.pairwise(moves(course))]
    known = [gap for gap in (healthy.gap_ns, max(gaps) if len(gaps) > 1 else None) if gap is not None]
    return msgspec.structs.replace(healthy, made=work, gap_ns=max(known, default=None))


def calls_since(samples: Sequence[Sample | Failed], started_ns: int) -> list[Call]:
    """The requests that a witness served since then, as it saw them last; none if it keeps no record of them."""
    course = _since(readings(samples), started_ns)
    known = {call.id for call in course[0].reading.calls or ()} if course else set()
    return [call for call in (course[-1].reading.calls or () if course else ()) if call.id not in known]


def pace_after(samples: Sequence[Sample | Failed], started_ns: int, left_ns: int) -> float | None:
    """Time for each unit of work after the hang-up, in ns, to the last move; None if there was hardly any work."""
    course = _since(readings(samples), started_ns)
    before = [sample for sample in course if sample.t_ns <= left_ns]
    made = (course[-1].reading.work or 0) - (before[-1].reading.work or 0) if before else 0
    return (max(moves(course)) - left_ns) / made if made > SOME_WORK else None


def _since(samples: list[Sample], started_ns: int) -> list[Sample]:
    """The last sample before that time, and all after it; none if there was none before it."""
    place = sum(sample.t_ns <= started_ns for sample in samples)
    return samples[place - 1 :] if place else []


def _somebody_else(testimony: Testimony, reference: Reference) -> str | None:
    """Why the counter tells of more than the healthy stream: of the client that left, perhaps. None if it does not."""
    if not testimony.made or not reference.made or testimony.received < SOME_WORK or reference.received < 2 * SOME_WORK:
        return None
    for_each = testimony.made / testimony.received
    if reference.made <= _MORE * for_each * reference.received:
        return None
    return (
        f"but while a healthy stream ran and its client received {reference.received} content deltas, the counter grew "
        f"by {number(reference.made)}: somebody else generates, the one that was left perhaps"
    )


def _paused_longer(testimony: Testimony, reference: Reference) -> str | None:
    """Why the quiet after the hang-up was too short to be told from a pause, None if it was not."""
    quiet_ns, gap_ns = testimony.pause.quiet_ns, reference.gap_ns
    if gap_ns is None:
        if testimony.pause.prompt or testimony.made is None:
            return None
        return "but it moves too rarely to be trusted with that: leave twice as late (--at after-tokens:N)"
    if quiet_ns >= 2 * gap_ns:
        return None
    return (
        f"but a healthy stream paused for {human_ms(ms(gap_ns))}, so that {human_ms(ms(quiet_ns))} may be a pause too; "
        f"give it --grace {-(-3 * gap_ns // NS_PER_S)}"
    )
