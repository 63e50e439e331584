"""When a simulated hop counts as the real one: the bounds, and what is outside of them, in words."""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tests.support.hops.measuring import CUTS, LARGE, LEAVINGS, SMALL, Measured, Outcome, Timing, Told

_SHARE: Final = 0.2
_AT_LEAST_MS: Final = 30
_EVENTS: Final = 1
_EVENTS_AFTER_LEAVING: Final = 2
_DELAYS: Final = ("head_ms", "first_ms", "p50_ms", "max_ms")


def disagreements(real: Measured, simulated: Measured, *, without: Sequence[str] = ()) -> list[str]:
    """Where they differ. `without`: what is not compared: `idle`, `mute`, `cut`, `told`."""
    found = [
        *_timings(f"events of {SMALL.size} bytes", real.small, simulated.small),
        *_timings(f"events of {LARGE.size} bytes", real.large, simulated.large),
    ]
    if "idle" not in without:
        found += _outcomes("silence in the stream", real.idle, simulated.idle)
    if "mute" not in without:
        found += _outcomes("silence before it", real.mute, simulated.mute)
    if "cut" not in without:
        for how in CUTS:
            found += _outcomes(f"origin cuts with {how}", real.cut[how], simulated.cut[how])
    if "told" not in without:
        for how in LEAVINGS:
            found += _told(f"client leaves with {how}", real.told[how], simulated.told[how])
    return found


def _timings(what: str, real: Timing, simulated: Timing) -> list[str]:
    found = [
        f"{what}: {name} {getattr(simulated, name):,.0f}, really {getattr(real, name):,.0f}"
        for name in _DELAYS
        if not _near(getattr(real, name), getattr(simulated, name))
    ]
    if abs(real.burst - simulated.burst) > _EVENTS:
        found.append(f"{what}: {simulated.burst:g} events together, really {real.burst:g}")
    for name in ("block", "ending"):
        found += _same(what, name, getattr(real, name), getattr(simulated, name))
    return found


def _outcomes(what: str, real: Outcome, simulated: Outcome) -> list[str]:
    found = []
    for name in ("status", "events", "ending"):
        found += _same(what, name, getattr(real, name), getattr(simulated, name))
    if not _near(real.after_ms, simulated.after_ms):
        found.append(f"{what}: ended after {simulated.after_ms:,.0f} ms, really {real.after_ms:,.0f}")
    return found


def _told(what: str, real: Told, simulated: Told) -> list[str]:
    found = _same(what, "the origin learns it", real.answer, simulated.answer)
    if not found and abs(real.extra - simulated.extra) > _EVENTS_AFTER_LEAVING:
        found.append(f"{what}: {simulated.extra} events more, really {real.extra}")
    return found


def _same(what: str, name: str, real: object, simulated: object) -> list[str]:
    return [] if real == simulated else [f"{what}: {name} {simulated}, really {real}"]


def _near(real_ms: float, simulated_ms: float) -> bool:
    return abs(real_ms - simulated_ms) <= max(_AT_LEAST_MS, _SHARE * real_ms)


def best(attempts: Sequence[Measured]) -> Measured:
    """The shortest of each time, the median of each count, the most frequent of each word.

    A machine that has other things to do makes everything later, never earlier.
    """
    return Measured(
        small=_best_timing([each.small for each in attempts]),
        large=_best_timing([each.large for each in attempts]),
        idle=_best_outcome([each.idle for each in attempts]),
        mute=_best_outcome([each.mute for each in attempts]),
        cut={how: _best_outcome([each.cut[how] for each in attempts]) for how in CUTS},
        told={how: _best_told([each.told[how] for each in attempts]) for how in LEAVINGS},
    )


def _best_timing(attempts: Sequence[Timing]) -> Timing:
    numbers = {name: min(getattr(each, name) for each in attempts) for name in _DELAYS}
    return Timing(
        **numbers,
        burst=statistics.median(each.burst for each in attempts),
        block=Counter(each.block for each in attempts).most_common()[0][0],
        ending=_commonest([each.ending for each in attempts]),
    )


def _best_outcome(attempts: Sequence[Outcome]) -> Outcome:
    (status, events, ending), _ = Counter((each.status, each.events, each.ending) for each in attempts).most_common()[0]
    alike = [each for each in attempts if (each.status, each.events, each.ending) == (status, events, ending)]
    return Outcome(status, events, ending, min(each.after_ms for each in alike))


def _best_told(attempts: Sequence[Told]) -> Told:
    answer = _commonest([each.answer for each in attempts])
    alike = sorted((each for each in attempts if each.answer == answer), key=lambda each: each.extra)
    return alike[len(alike) // 2]


def _commonest(words: Sequence[str]) -> str:
    return Counter(words).most_common()[0][0]
