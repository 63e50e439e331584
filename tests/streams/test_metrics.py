"""Figures: exact where they can be, unknown where they cannot."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.http_exchange import Clock, Read
from sseprobe.streams.metrics import STALL_NS, Distribution, Meter, Series
from sseprobe.units import NS_PER_MS, NS_PER_S


def read(index: int, t_ms: float, *, lag_ms: float | None = 0.1, blind_ms: float = 0.0) -> Read:
    clock = Clock.USER if lag_ms is None else Clock.KERNEL
    lag_ns = None if lag_ms is None else round(lag_ms * NS_PER_MS)
    return Read(index, round(t_ms * NS_PER_MS), clock, lag_ns, round(blind_ms * NS_PER_MS))


def metered(*reads: tuple[Read, int]) -> Meter:
    meter = Meter()
    for each, events in reads:
        meter.add(each, events, events)
    meter.settle()
    return meter


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=300), st.sampled_from([1, 50, 90, 99, 100]))
@settings(derandomize=True, deadline=None)
def test_percentiles_are_nearest_rank(values: list[int], percent: int) -> None:
    distribution = Distribution()
    for value in values:
        distribution.add(value)
    got = distribution.percentile(percent)
    assert got in values
    assert sum(value <= got for value in values) * 100 >= percent * len(values)
    assert sum(value < got for value in values) * 100 < percent * len(values)
    assert distribution.max == max(values)


def test_a_long_distribution_is_bounded_and_close() -> None:
    chance = random.Random(3)
    values = [int(chance.lognormvariate(15, 3)) for _ in range(100_000)]
    distribution = Distribution()
    for value in values:
        distribution.add(value)
    values.sort()
    for percent in (1, 50, 90, 99):
        exact = values[-(-len(values) * percent // 100) - 1]
        assert distribution.percentile(percent) == pytest.approx(exact, rel=0.008)
    assert len(distribution._values) == 0
    assert len(distribution._buckets) < 8000


def test_nothing_has_no_percentile() -> None:
    assert Distribution().percentile(50) is None
    assert Distribution().max is None


@pytest.mark.parametrize("count", [0, 1, 59, 60, 61, 1000, 12345])
def test_a_series_keeps_its_maxima(count: int) -> None:
    series = Series(width=60)
    values = [(n * 7919) % 1000 for n in range(count)]
    for value in values:
        series.add(value)
    assert len(series.points) <= 60
    assert len(series.points) == min(count, 60) or len(series.points) >= 30
    assert max(series.points, default=0) == max(values, default=0)


def test_gaps_between_reads_and_zero_within_one() -> None:
    meter = metered((read(0, 10), 1), (read(1, 30), 3), (read(2, 35), 1))
    assert (meter.itl.count, meter.itl.max, meter.itl.percentile(50)) == (4, 20 * NS_PER_MS, 0)
    assert meter.bunching_ratio == pytest.approx(5 / 3)
    assert (meter.events, meter.reads, meter.longest_burst, meter.unmeasured_gaps) == (5, 3, 3, 0)


def test_chunks_of_one_read_are_one_arrival() -> None:
    same = read(0, 10)
    assert metered((same, 1), (same, 2)).reads == 1
    assert metered((same, 1), (same, 2)).bunching_ratio == 3


@pytest.mark.parametrize("late", [{"lag_ms": 5}, {"blind_ms": 5}])
def test_what_was_read_late_is_unknown(late: dict[str, float]) -> None:
    meter = metered((read(0, 10), 1), (read(1, 30, **late), 3))
    assert (meter.itl.count, meter.unmeasured_gaps, meter.bunching_ratio) == (0, 3, 1)
    assert metered((read(0, 10, **late), 4)).bunching_ratio is None


def test_one_event_that_was_read_late_has_the_kernels_time() -> None:
    assert metered((read(0, 10), 1), (read(1, 30, lag_ms=5), 1)).itl.max == 20 * NS_PER_MS
    late = metered((read(0, 10, lag_ms=None), 1), (read(1, 30, lag_ms=None, blind_ms=5), 1))
    assert (late.itl.count, late.unmeasured_gaps) == (0, 1)


def test_first_times_and_the_clock() -> None:
    meter = Meter()
    meter.add(read(0, 5), 0, 0)
    meter.add(read(1, 10), 1, 0)
    meter.add(read(2, 20), 1, 1)
    meter.settle()
    assert (meter.ttfe_ns, meter.ttft_ns) == (10 * NS_PER_MS, 20 * NS_PER_MS)
    assert meter.clock is Clock.KERNEL
    assert metered((read(0, 1), 1), (read(1, 2, lag_ms=None), 1)).clock is Clock.USER
    assert metered((read(0, 1, lag_ms=None), 1), (read(1, 2), 1), (read(2, 3), 1)).clock is Clock.KERNEL
    assert Meter().clock is None


def test_tpot_needs_usage_and_two_tokens() -> None:
    meter = metered((read(0, 10), 1), (read(1, 40), 1))
    assert (meter.tpot_ns, meter.tokens_per_s) == (None, None)
    for tokens, tpot_ms in ((0, None), (1, None), (2, 30), (4, 10)):
        meter.output_tokens = tokens
        assert meter.tpot_ns == (None if tpot_ms is None else tpot_ms * NS_PER_MS)
    assert meter.tokens_per_s == pytest.approx(100)
    burst = metered((read(0, 10), 2))
    burst.output_tokens = 2
    assert (burst.tpot_ns, burst.tokens_per_s) == (0, None)


def test_stalls() -> None:
    limit_ms = STALL_NS / NS_PER_MS
    assert metered((read(0, 0), 1), (read(1, limit_ms), 1), (read(2, 2 * limit_ms + 1), 1)).stalls == 1


def test_silences_of_bytes_and_of_content() -> None:
    second = NS_PER_S // NS_PER_MS
    meter = metered((read(0, second), 0), (read(1, 3 * second), 1), (read(2, 4 * second), 0), (read(3, 5 * second), 0))
    meter.end_ns = 9 * NS_PER_S
    assert (meter.byte_silence_ns, meter.content_silence_ns, meter.stalls) == (4 * NS_PER_S, 6 * NS_PER_S, 1)
    # The dialect's end ends the silence of content, whatever the connection does then.
    meter.add(read(4, 5 * second), 1, 0, ended=True)
    assert (meter.content_silence_ns, meter.stalls) == (3 * NS_PER_S, 1)
    meter.add(read(5, 6 * second), 1, 1)  # text behind it: that was none
    assert meter.content_silence_ns == 3 * NS_PER_S
    quiet = metered((read(0, second), 0))
    quiet.end_ns = 8 * NS_PER_S
    assert (quiet.content_silence_ns, quiet.stalls) == (8 * NS_PER_S, 0)  # no content at all: all of it is silence
    assert Meter().content_silence_ns is None
