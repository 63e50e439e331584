"""What one hop does to the streams of one origin: added delay, bursts, endings, and when the origin learns of a leaving.

Added delay is arrival minus write, on one machine and one clock.
"""

import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tests.support.hops.client import Take, take
from tests.support.hops.origin import Origin, Plan, Record
from tests.support.hops.running import IDLE_S

_TOGETHER_NS: Final = 2_000_000
_OVER_S: Final = 20
LEAVINGS: Final = ("fin", "rst", "half")
CUTS: Final = ("fin", "rst")
_SILENCE_S: Final = IDLE_S + 1

SMALL: Final = Plan(events=60, size=50)
LARGE: Final = Plan(events=60, size=410, varied=True)
_SILENT: Final = Plan(events=5, gap_before=4, gap_s=_SILENCE_S)
_MUTE: Final = Plan(events=2, mute_s=_SILENCE_S)
_LEFT: Final = Plan(events=44)


@dataclass(frozen=True)
class Timing:
    """Added delays in ms, and how many events came together. `block`: the bytes of body that came together first, if
    they end amidst an event, as a full buffer does; else 0.
    """

    head_ms: float
    first_ms: float
    p50_ms: float
    max_ms: float
    burst: float
    block: int
    ending: str


@dataclass(frozen=True)
class Outcome:
    """How a stream came out: the status, how many events, how it ended, and how long after the last write."""

    status: int
    events: int
    ending: str
    after_ms: float


@dataclass(frozen=True)
class Told:
    """When the origin learned that a client had left, and how many events it wrote until then. None: never."""

    after_ms: float | None
    extra: int

    @property
    def answer(self) -> str:
        """In a word."""
        if self.after_ms is None:
            return "never"
        return "on a write" if self.extra else "at once"


@dataclass(frozen=True)
class Measured:
    """A hop. `small`, `large`: many events fit into a buffer, or a few; `idle`: silence amidst the stream; `mute`: before it."""

    small: Timing
    large: Timing
    idle: Outcome
    mute: Outcome
    cut: dict[str, Outcome]
    told: dict[str, Told]


def measure(port: int, origin: Origin, *, headers: tuple[str, ...] = (), gzip: bool = False) -> Measured:
    """Measures the hop on this port, all streams side by side. `gzip`: the client accepts it."""

    def planned(plan: Plan, cut: str | None = None) -> Record:
        return origin.expect(Plan(**{**plan.__dict__, "headers": headers, "cut": cut}))

    records = {
        "small": planned(SMALL),
        "large": planned(LARGE),
        "idle": planned(_SILENT),
        "mute": planned(_MUTE),
        **{f"cut {how}": planned(Plan(events=6), how) for how in CUTS},
        **{f"left {how}": planned(_LEFT) for how in LEAVINGS},
    }
    leaving = {f"left {how}": how for how in LEAVINGS}
    with ThreadPoolExecutor(len(records)) as pool:
        running = {
            name: pool.submit(take, port, record, leaving=leaving.get(name), gzip=gzip)
            for name, record in records.items()
        }
        took = {name: future.result() for name, future in running.items()}
    for name, record in records.items():
        assert record.over.wait(_OVER_S), f"{name}: the origin has not ended"
    return Measured(
        small=_timing(records["small"], took["small"]),
        large=_timing(records["large"], took["large"]),
        idle=_outcome(records["idle"], took["idle"]),
        mute=_outcome(records["mute"], took["mute"]),
        cut={how: _outcome(records[f"cut {how}"], took[f"cut {how}"]) for how in CUTS},
        told={how: _told(records[f"left {how}"], took[f"left {how}"]) for how in LEAVINGS},
    )


def _timing(record: Record, took: Take) -> Timing:
    assert took.status == 200, f"{took.status}: {took.headers}"
    assert len(took.arrivals) == len(record.written), f"{len(took.arrivals)} of {len(record.written)} events came"
    delays = [(took.arrivals[number] - at_ns) / 1e6 for number, at_ns in enumerate(record.written)]
    return Timing(
        head_ms=(took.head_ns - record.head_ns) / 1e6,
        first_ms=delays[0],
        p50_ms=statistics.median(delays),
        max_ms=max(delays),
        burst=statistics.median(map(len, _together(sorted(took.arrivals.values())))),
        block=_block(record, took),
        ending=took.ending,
    )


def _together(times: Sequence[int]) -> list[list[int]]:
    """Times in groups that have no gap inside."""
    groups = [[times[0]]]
    for earlier, later in pairwise(times):
        if later - earlier >= _TOGETHER_NS:
            groups.append([])
        groups[-1].append(later)
    return groups


def _block(record: Record, took: Take) -> int:
    times = [at_ns for at_ns, _ in took.reads]
    first = sum(decoded for _, decoded in took.reads[: len(_together(times)[0])])
    return first if first % record.plan.size else 0


def _outcome(record: Record, took: Take) -> Outcome:
    written = [record.requested_ns, record.head_ns, *record.written]
    last_ns = max(at_ns for at_ns in written if 0 < at_ns <= took.ended_ns)
    return Outcome(took.status, len(took.arrivals), took.ending, (took.ended_ns - last_ns) / 1e6)


def _told(record: Record, took: Take) -> Told:
    if not record.closed_ns:
        return Told(None, record.written_between(took.left_ns, record.ended_ns))
    after_ms = (record.closed_ns - took.left_ns) / 1e6
    return Told(after_ms, record.written_between(took.left_ns, record.closed_ns))
