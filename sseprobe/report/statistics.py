"""Distributions and the verdict, which several report types use."""

from enum import StrEnum

from msgspec import Struct

from sseprobe.streams.metrics import Distribution
from sseprobe.units import ms


class Verdict(StrEnum):
    """The verdict of a whole report."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Percentiles(Struct, frozen=True):
    """A distribution in milliseconds."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, values: Distribution) -> "Percentiles":
        """The distribution of nanoseconds, in milliseconds."""
        p50, p90, p99 = (ms(values.percentile(percent)) for percent in (50, 90, 99))
        return cls(values.count, p50, p90, p99, ms(values.max))


class Counts(Struct, frozen=True):
    """A distribution of counts."""

    count: int
    min: int
    p50: int
    max: int
    mean: float
