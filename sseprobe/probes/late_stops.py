"""Late stops that only figures tell of. A leak to the end of a short answer looks the same: a second trial tells."""

import itertools
from collections.abc import Sequence
from typing import Final

import msgspec

from sseprobe.errors import TargetError
from sseprobe.probes import phases
from sseprobe.probes.bench import Bench
from sseprobe.probes.trials import Trial
from sseprobe.probes.trials import run as run_trial
from sseprobe.testimony import Answer, Testimony, keeps_its_lag

_LEAST_SHIFT: Final = 5
_NOT_THE_END: Final = 0.9


async def confirm(bench: Bench, trials: Sequence[Trial]) -> None:
    """Has each late stop repeated at another point of the stream; what does not keep its lag is unknown."""
    seconds: dict[tuple[str, int], Trial | None] = {}
    for trial in trials:
        if not any(_is_late(said) for said in trial.testimonies):
            continue
        left_after = max(client.deltas_when_left for client in trial.leavers)
        place = (str(trial.how), left_after)
        if place not in seconds:
            seconds[place] = await _second(bench, trial, left_after)
        _compare(trial, seconds[place])


def _is_late(said: Testimony) -> bool:
    return said.late and said.answer is Answer.STOPPED


async def _second(bench: Bench, trial: Trial, left_after: int) -> Trial | None:
    """A trial that leaves at another point, None if there was none to be had.

    So far from the first that a leak to the end of an answer comes half as late, or half as late again.
    """
    await bench.rest(first=False)
    lag_ns = max((said.stop_ns or 0) - (trial.left_ns or 0) for said in trial.testimonies)
    gap_ns = trial.leavers[0].gap_ns(trial.left_ns or 0)
    shift = max(_LEAST_SHIFT, left_after, int(lag_ns / gap_ns / 2) if gap_ns else 0)
    received = max((seen.received for seen in bench.healthy or []), default=0)
    tokens = left_after + shift if left_after + shift < received * _NOT_THE_END else left_after - shift
    if tokens < 1:
        return None
    second = Trial(trial.how, phases.parse(f"{phases.AFTER_TOKENS}:{tokens}"))
    second.busy = [None] * len(bench.watches)
    try:
        await run_trial(bench, second, second.at)
    except TargetError:
        return None
    return second if second.left_ns is not None else None


def _compare(trial: Trial, second: Trial | None) -> None:
    told = []
    for first, again in itertools.zip_longest(trial.testimonies, second.testimonies if second else []):
        if first is None:
            break
        if not _is_late(first):
            told.append(first)
        elif (
            second is not None
            and again is not None
            and again.answer is Answer.STOPPED
            and keeps_its_lag(first, again, trial.left_ns or 0, second.left_ns or 0)
        ):
            told.append(msgspec.structs.replace(first, evidence=f"{first.evidence}; a second trial stopped as late"))
        else:
            said = (
                "; but so late a stop may be the end of a short answer, and a second trial that left at another point "
                "did not stop as late: ask for a longer answer"
            )
            told.append(
                msgspec.structs.replace(first, answer=Answer.UNKNOWN, evidence=first.evidence + said, stop_ns=None)
            )
    trial.testimonies = told
