"""Late stops that only counters show. A leak to the end of a short answer looks the same: more trials decide."""

from collections.abc import Sequence
from typing import Final

import msgspec

from sseprobe.errors import TargetError
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.run_trial import run_trial
from sseprobe.probes.abort.session import Session
from sseprobe.probes.abort.trial import Trial
from sseprobe.stop_detection.answers import Answer, Detection
from sseprobe.stop_detection.reference import keeps_its_lag
from sseprobe.units import human_ms, ms

_LEAST_SHIFT: Final = 5
_NOT_THE_END: Final = 0.9
_ALIKE: Final = 3
"""How many other trials have to stop as late: a leak that ends with an answer of random length may once."""

_BEHIND: Final = 3
"""How many more have to stop soon, where they do not stop as late: an app may poll for a disconnect."""

_SOON: Final = 0.3
"""The part of a healthy stream's content that may be generated before a stop is no longer soon.

That leaks to the end of answers of any length end so soon in five trials, beside a healthy answer that is so much
longer, is improbable: 0.4 % at most where lengths are distributed exponentially, less where they are uniform.
"""


async def confirm(session: Session, trials: Sequence[Trial]) -> None:
    """Repeats each late stop at other points of the stream; what is not confirmed becomes unknown."""
    others: dict[tuple[str, int], list[Trial]] = {}
    for trial in trials:
        if not any(map(_is_late, trial.detections)):
            continue
        key = (str(trial.how), _deltas_at_abort(trial))
        if key not in others:
            others[key] = await _others(session, trial)
        trial.detections = [_confirmed(trial, others[key], index) for index in range(len(trial.detections))]


def _is_late(detection: Detection) -> bool:
    return detection.late and detection.answer is Answer.STOPPED


def _deltas_at_abort(trial: Trial) -> int:
    return max(client.deltas_at_abort for client in trial.aborting)


def _lag_ns(trial: Trial) -> int:
    """How late it stopped, by the witness with the latest stop."""
    return max((each.stop_ns or 0) - (trial.aborted_ns or 0) for each in trial.detections)


def _lag_in_deltas(trial: Trial) -> int:
    gap_ns = trial.aborting[0].gap_ns(trial.aborted_ns or 0)
    return int(_lag_ns(trial) / gap_ns) if gap_ns else 0


async def _others(session: Session, trial: Trial) -> list[Trial]:
    """Trials that abort so far from the first that a leak to the end of an answer comes half as late, or half as late
    again. Where they stop, but not as late, more of them, each later than what was generated: a leak that ends with
    its answer would be over there. Only together do they confirm anything: fewer than `_ALIKE` count as none.
    """
    received = max((reference.received for reference in session.healthy or []), default=0)
    aborted_after = _deltas_at_abort(trial)
    shift = max(_LEAST_SHIFT, aborted_after, _lag_in_deltas(trial) // 2)
    tokens = aborted_after + shift if aborted_after + shift < received * _NOT_THE_END else aborted_after - shift
    repeated: list[Trial] = []
    while len(repeated) < _ALIKE and all(_as_late(trial, each) for each in repeated):
        another = await _another(session, trial, tokens)
        if another is None:
            return []
        repeated.append(another)
    if all(_as_late(trial, each) for each in repeated):
        return repeated

    def all_stopped_soon() -> bool:
        return all(_stopped(each) and _lag_in_deltas(each) <= received * _SOON for each in (trial, *repeated))

    for _ in range(_BEHIND):
        behind = max(_deltas_at_abort(each) + _lag_in_deltas(each) for each in (trial, *repeated)) + _LEAST_SHIFT
        another = await _another(session, trial, behind) if all_stopped_soon() else None
        if another is None:
            return []
        repeated.append(another)
    return repeated if all_stopped_soon() else []


async def _another(session: Session, trial: Trial, tokens: int) -> Trial | None:
    """A trial that aborts after so many tokens, None if it could not be run."""
    if tokens < 1:
        return None
    await session.rest(first=False)
    another = Trial(trial.how, phases.parse(f"{phases.AFTER_TOKENS}:{tokens}"))
    another.busy = [None] * len(session.watches)
    try:
        await run_trial(session, another, another.at)
    except TargetError:
        return None
    return another if another.aborted_ns is not None else None


def _stopped(trial: Trial) -> bool:
    return all(each.answer is Answer.STOPPED for each in trial.detections)


def _as_late(first: Trial, second: Trial) -> bool:
    return all(_keeps_its_lag(first, second, index) for index, shown in enumerate(first.detections) if _is_late(shown))


def _keeps_its_lag(first: Trial, second: Trial, index: int) -> bool:
    shown, again = first.detections[index], second.detections[index]
    return again.answer is Answer.STOPPED and keeps_its_lag(shown, again, first.aborted_ns or 0, second.aborted_ns or 0)


def _confirmed(trial: Trial, others: list[Trial], index: int) -> Detection:
    """What a witness showed of the first trial, as far as the others confirm it."""
    shown = trial.detections[index]
    if not _is_late(shown):
        return shown
    if others and all(_keeps_its_lag(trial, each, index) for each in others):
        return msgspec.structs.replace(shown, evidence=f"{shown.evidence}; {len(others)} more trials stopped as late")
    if others and all(map(_stopped, others)):
        latest = human_ms(ms(max(_lag_ns(each) for each in (trial, *others))))
        known = f"{len(others)} more trials, aborted at other points, stopped too, within {latest}"
        return msgspec.structs.replace(shown, evidence=f"{shown.evidence}; {known}")
    doubt = (
        "but so late a stop may be the end of a short answer, and more trials could not rule that out: request a "
        "longer answer"
    )
    return msgspec.structs.replace(shown, answer=Answer.UNKNOWN, evidence=f"{shown.evidence}; {doubt}", stop_ns=None)
