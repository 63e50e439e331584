"""Late stops that only figures tell of. A leak to the end of a short answer looks the same: more trials tell."""

from collections.abc import Sequence
from typing import Final

import msgspec

from sseprobe.errors import TargetError
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.session import Bench
from sseprobe.probes.abort.trial import Trial
from sseprobe.probes.abort.trial import run as run_trial
from sseprobe.stop_detection.answers import Answer, Detection
from sseprobe.stop_detection.reference import keeps_its_lag
from sseprobe.units import human_ms, ms

_LEAST_SHIFT: Final = 5
_NOT_THE_END: Final = 0.9
_ALIKE: Final = 3
"""How many other trials have to stop as late: a leak that ends with an answer of random length may once."""

_BEHIND: Final = 3
"""How many more have to stop soon, where they do not stop as late: an app may look now and then for its client."""

_SOON: Final = 0.3
"""So much of what a healthy stream received may be made at most before a stop is no longer soon.

That leaks to the end of answers of any length end so soon in five trials, beside a healthy answer that is so much
longer, is improbable: 0.4 % at most where lengths are distributed exponentially, less where they are uniform.
"""


async def confirm(bench: Bench, trials: Sequence[Trial]) -> None:
    """Has each late stop repeated at other points of the stream; what they do not confirm is unknown."""
    others: dict[tuple[str, int], list[Trial]] = {}
    for trial in trials:
        if not any(map(_is_late, trial.testimonies)):
            continue
        place = (str(trial.how), _left_after(trial))
        if place not in others:
            others[place] = await _others(bench, trial)
        trial.testimonies = [_confirmed(trial, others[place], each) for each in range(len(trial.testimonies))]


def _is_late(said: Detection) -> bool:
    return said.late and said.answer is Answer.STOPPED


def _left_after(trial: Trial) -> int:
    return max(client.deltas_when_left for client in trial.leavers)


def _lag_ns(trial: Trial) -> int:
    """How late it stopped, by the witness that says the latest."""
    return max((said.stop_ns or 0) - (trial.aborted_ns or 0) for said in trial.testimonies)


def _lag_in_deltas(trial: Trial) -> int:
    gap_ns = trial.leavers[0].gap_ns(trial.aborted_ns or 0)
    return int(_lag_ns(trial) / gap_ns) if gap_ns else 0


async def _others(bench: Bench, trial: Trial) -> list[Trial]:
    """Trials that leave so far from the first that a leak to the end of an answer comes half as late, or half as late
    again. Where they stop, but not as late, more of them, each behind all that was made before: a leak that ends with
    its answer would be over there. Only what they confirm together is worth anything: fewer than `_ALIKE` are none.
    """
    received = max((seen.received for seen in bench.healthy or []), default=0)
    left_after = _left_after(trial)
    shift = max(_LEAST_SHIFT, left_after, _lag_in_deltas(trial) // 2)
    tokens = left_after + shift if left_after + shift < received * _NOT_THE_END else left_after - shift
    found: list[Trial] = []
    while len(found) < _ALIKE and all(_as_late(trial, each) for each in found):
        another = await _another(bench, trial, tokens)
        if another is None:
            return []
        found.append(another)
    if all(_as_late(trial, each) for each in found):
        return found

    def all_stopped_soon() -> bool:
        return all(_stopped(each) and _lag_in_deltas(each) <= received * _SOON for each in (trial, *found))

    for _ in range(_BEHIND):
        behind = max(_left_after(each) + _lag_in_deltas(each) for each in (trial, *found)) + _LEAST_SHIFT
        another = await _another(bench, trial, behind) if all_stopped_soon() else None
        if another is None:
            return []
        found.append(another)
    return found if all_stopped_soon() else []


async def _another(bench: Bench, trial: Trial, tokens: int) -> Trial | None:
    """A trial that leaves after so many tokens, None if there was none to be had."""
    if tokens < 1:
        return None
    await bench.rest(first=False)
    another = Trial(trial.how, phases.parse(f"{phases.AFTER_TOKENS}:{tokens}"))
    another.busy = [None] * len(bench.watches)
    try:
        await run_trial(bench, another, another.at)
    except TargetError:
        return None
    return another if another.aborted_ns is not None else None


def _stopped(trial: Trial) -> bool:
    return all(said.answer is Answer.STOPPED for said in trial.testimonies)


def _as_late(first: Trial, second: Trial) -> bool:
    return all(_keeps_its_lag(first, second, each) for each, said in enumerate(first.testimonies) if _is_late(said))


def _keeps_its_lag(first: Trial, second: Trial, place: int) -> bool:
    said, again = first.testimonies[place], second.testimonies[place]
    return again.answer is Answer.STOPPED and keeps_its_lag(said, again, first.aborted_ns or 0, second.aborted_ns or 0)


def _confirmed(trial: Trial, others: list[Trial], place: int) -> Detection:
    """What a witness showed of the first trial, as far as the others confirm it."""
    said = trial.testimonies[place]
    if not _is_late(said):
        return said
    if others and all(_keeps_its_lag(trial, each, place) for each in others):
        return msgspec.structs.replace(said, evidence=f"{said.evidence}; {len(others)} more trials stopped as late")
    if others and all(map(_stopped, others)):
        latest = human_ms(ms(max(_lag_ns(each) for each in (trial, *others))))
        known = f"{len(others)} more trials, aborted at other points, stopped too, within {latest}"
        return msgspec.structs.replace(said, evidence=f"{said.evidence}; {known}")
    doubt = (
        "but so late a stop may be the end of a short answer, and more trials could not rule that out: request a "
        "longer answer"
    )
    return msgspec.structs.replace(said, answer=Answer.UNKNOWN, evidence=f"{said.evidence}; {doubt}", stop_ns=None)
