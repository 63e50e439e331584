"""Figures of a report: nanoseconds in, milliseconds out; what was not measured is None."""

from sseprobe.report import Percentiles
from sseprobe.streams.metrics import Distribution
from sseprobe.units import NS_PER_S


def test_a_distribution_in_milliseconds() -> None:
    values = Distribution()
    for millis in range(1, 101):
        values.add(millis * NS_PER_S // 1000)
    assert Percentiles.of(values) == Percentiles(100, 50.0, 90.0, 99.0, 100.0)


def test_nothing_is_none_and_not_zero() -> None:
    assert Percentiles.of(Distribution()) == Percentiles(0, None, None, None, None)
