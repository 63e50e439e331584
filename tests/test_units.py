"""Units: rounding, and how sizes and times are written."""

import pytest

from sseprobe.units import human_bytes, human_ms, ms, ns


@pytest.mark.parametrize(
    ("time_ns", "time_ms"), [(None, None), (0, 0.0), (1_234_567, 1.235), (-499, -0.0), (5e8, 500.0)]
)
def test_milliseconds(time_ns: float | None, time_ms: float | None) -> None:
    assert ms(time_ns) == time_ms


@pytest.mark.parametrize(("seconds", "time_ns"), [(0.3, 300_000_000), (1e-9, 1), (4e-10, 0), (86_400, 86_400 * 10**9)])
def test_nanoseconds(seconds: float, time_ns: int) -> None:
    assert ns(seconds) == time_ns


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (9001, "8.79 KiB"), (2**24, "16 MiB"), (2**41, "2048 GiB")],
)
def test_sizes(count: int, text: str) -> None:
    assert human_bytes(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0.3149, "0.315 ms"),
        (41.23, "41.2 ms"),
        (999.4, "999 ms"),
        (999.5, "1 s"),
        (1530.0, "1.53 s"),
        (99_999, "100 s"),
        (3_600_000, "3,600 s"),
    ],
)
def test_times(value: float | None, text: str) -> None:
    assert human_ms(value) == text
