"""The comparison finds what differs, and lets a hiccup of the machine pass."""

from dataclasses import replace

import pytest

from tests.support.hops.comparing import best, disagreements
from tests.support.hops.measuring import CUTS, LEAVINGS, Measured, Outcome, Timing, Told

_TIMING = Timing(head_ms=200, first_ms=150, p50_ms=100, max_ms=205, burst=5, block=4000, ending="complete")
_OUTCOME = Outcome(status=200, events=4, ending="truncated", after_ms=2000)
_HOP = Measured(
    small=_TIMING,
    large=_TIMING,
    idle=_OUTCOME,
    mute=_OUTCOME,
    cut=dict.fromkeys(CUTS, _OUTCOME),
    told=dict.fromkeys(LEAVINGS, Told(after_ms=300, extra=6)),
)
_OTHERS = {
    "later": replace(_HOP, small=replace(_TIMING, p50_ms=131)),
    "burst": replace(_HOP, large=replace(_TIMING, burst=7)),
    "block": replace(_HOP, large=replace(_TIMING, block=4096)),
    "ending": replace(_HOP, idle=replace(_OUTCOME, ending="rst")),
    "status": replace(_HOP, mute=replace(_OUTCOME, status=504)),
    "lost": replace(_HOP, cut={**_HOP.cut, "rst": replace(_OUTCOME, events=3)}),
    "patient": replace(_HOP, idle=replace(_OUTCOME, after_ms=2500)),
    "never": replace(_HOP, told={**_HOP.told, "half": Told(after_ms=None, extra=6)}),
    "sooner": replace(_HOP, told={**_HOP.told, "fin": Told(after_ms=150, extra=3)}),
    "at once": replace(_HOP, told={**_HOP.told, "fin": Told(after_ms=1, extra=0)}),
}


@pytest.mark.parametrize("name", _OTHERS)
def test_each_difference_is_found(name: str) -> None:
    """One at a time; once in three attempts it is a hiccup, always it is a difference."""
    assert len(disagreements(_HOP, _OTHERS[name])) == 1
    assert disagreements(_HOP, best([_HOP, _OTHERS[name], _HOP])) == []
    assert len(disagreements(_HOP, best([_OTHERS[name]] * 3))) == 1


def test_a_busy_machine_makes_no_difference() -> None:
    """Late in most of the attempts, and in time once: the hop itself adds no delay."""
    late = replace(_HOP, small=replace(_TIMING, max_ms=400), idle=replace(_OUTCOME, after_ms=2600))
    assert len(disagreements(_HOP, best([late, late, late]))) == 2
    assert disagreements(_HOP, best([late, _HOP, late])) == []


def test_what_is_near_agrees() -> None:
    """Within 20 % or 30 ms, an event in bursts, two events after a leaving."""
    near = replace(
        _HOP,
        small=replace(_TIMING, p50_ms=129, max_ms=240, burst=6),
        idle=replace(_OUTCOME, after_ms=1700),
        told=dict.fromkeys(LEAVINGS, Told(after_ms=400, extra=8)),
    )
    assert disagreements(_HOP, near) == []
