"""What a witness saw of one trial: samples in the order of time. Times on the monotonic clock, in ns."""

from collections.abc import Sequence

from msgspec import Struct


class Call(Struct, frozen=True):
    """One request that a witness serves itself, as its own record has it. Times on the monotonic clock, in ns.

    `made`: tokens so far, of `planned`. `closed_ns`: when its client was seen to leave, and `made_after_close` since.
    `stopped`: given up because of that, at `ended_ns`; otherwise it ended by itself. `clock_error_ns`: how far its
    times may be off, where they are told by another clock.
    """

    id: str
    arrived_ns: int
    made: int = 0
    planned: int | None = None
    closed_ns: int | None = None
    made_after_close: int = 0
    ended_ns: int | None = None
    stopped: bool = False
    clock_error_ns: int = 0

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.ended_ns is None


class Reading(Struct, frozen=True):
    """What a witness sees at one moment. Times on the monotonic clock, in ns.

    `work`: a counter that only grows (tokens made, lines logged); `running`: requests in progress; None: this witness
    has no such figure. `calls`: its own record of each request since it was opened, None if it keeps none.
    """

    work: float | None = None
    running: int | None = None
    calls: tuple[Call, ...] | None = None


class Sample(Struct, frozen=True):
    """A reading that was asked for at `asked_ns` and had at `t_ns`: true at some moment between."""

    asked_ns: int
    t_ns: int
    reading: Reading


class Failed(Struct, frozen=True):
    """A reading that could not be had."""

    asked_ns: int
    t_ns: int
    reason: str


class Healthy(Struct, frozen=True):
    """The streams beside those that left, which stay to their end: how many, when the last ended, what they got."""

    count: int = 0
    ends_ns: tuple[int, ...] = ()
    received: int = 0

    @property
    def all_over(self) -> bool:
        """Whether every one of them has ended."""
        return len(self.ends_ns) == self.count

    def open_at(self, t_ns: int) -> int:
        """How many were still open then."""
        return self.count - sum(end <= t_ns for end in self.ends_ns)


class Observation(Struct, frozen=True):
    """One trial, as one witness saw it.

    `started_ns`: when the streams were opened; `left_ns`: when `leavers` of them hung up, having received `received`
    content deltas, and all streams together `received_by_all`; `over`: the grace has ended. `counts_tokens`: the
    counter counts tokens. `sure`: its figure is known to be a counter; else it must behave like one. `is_called`: its
    calls come from the app under test, which may call again for a client that has left. `pause_ns`: the longest silence
    of a healthy stream, None if none was received before. `least_share`: of the time before the hang-up that the work
    must have taken, where the work is time.
    """

    samples: Sequence[Sample | Failed]
    started_ns: int
    left_ns: int
    over: bool
    received: int
    received_by_all: int = 0
    leavers: int = 1
    healthy: Healthy = Healthy()
    counts_tokens: bool = False
    sure: bool = True
    is_called: bool = False
    pause_ns: int | None = None
    least_share: float | None = None


def readings(samples: Sequence[Sample | Failed]) -> list[Sample]:
    """The samples that succeeded."""
    return [sample for sample in samples if isinstance(sample, Sample)]
