"""What a witness saw of one trial: samples in the order of time. Times on the monotonic clock, in ns."""

from collections.abc import Sequence

from msgspec import Struct


class Call(Struct, frozen=True):
    """One request that a witness serves itself, as its own record has it. Times on the monotonic clock, in ns.

    `made`: tokens so far, of `planned`. `closed_ns`: when its client was seen to disconnect; `made_after_close`: tokens
    since then. `stopped`: cancelled because of that, at `ended_ns`; otherwise it ended by itself. `clock_error_ns`: how
    far its times may be off, where they were taken from another clock.
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
        """Whether it has not ended yet."""
        return self.ended_ns is None


class Reading(Struct, frozen=True):
    """What a witness sees at one moment. Times on the monotonic clock, in ns.

    `work`: a counter that only grows (tokens made, lines logged); `running`: requests in progress; None: this witness
    has no such number. `calls`: its own record of each request since it was opened, None if it keeps none.
    """

    work: float | None = None
    running: int | None = None
    calls: tuple[Call, ...] | None = None


class Sample(Struct, frozen=True):
    """A reading that was requested at `requested_ns` and arrived at `t_ns`: true at some moment between."""

    requested_ns: int
    t_ns: int
    reading: Reading


class Failed(Struct, frozen=True):
    """A reading that failed; `reason`: the end of a sentence."""

    requested_ns: int
    t_ns: int
    reason: str


class Healthy(Struct, frozen=True):
    """The concurrent streams that were not aborted: how many, when they ended, and the content deltas received."""

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

    `started_ns`: when the streams were opened; `aborted_ns`: when `aborted` of them were aborted, having received
    `received` content deltas, and all streams together `received_by_all`; `over`: the grace has ended. `counts_tokens`:
    the counter counts tokens. `sure`: its number is known to be a counter; else it must behave like one. `is_called`:
    its calls come from the app under test, which may call again for a client that has gone. `pause_ns`: the longest
    silence of a healthy stream, None if none was received before. `least_share`: of the time before the abort that the
    work must have taken, where the work is time.
    """

    samples: Sequence[Sample | Failed]
    started_ns: int
    aborted_ns: int
    over: bool
    received: int
    received_by_all: int = 0
    aborted: int = 1
    healthy: Healthy = Healthy()
    counts_tokens: bool = False
    sure: bool = True
    is_called: bool = False
    pause_ns: int | None = None
    least_share: float | None = None


def since(samples: Sequence[Sample | Failed], started_ns: int) -> list[Sample]:
    """The last successful sample before that time, and all after it; none if there was none before it."""
    succeeded = [sample for sample in samples if isinstance(sample, Sample)]
    before = sum(sample.t_ns <= started_ns for sample in succeeded)
    return succeeded[before - 1 :] if before else []


def moves(samples: Sequence[Sample]) -> list[int]:
    """When a counter was seen to have moved."""
    found, value = [], samples[0].reading.work if samples else None
    for sample in samples:
        if sample.reading.work != value:
            value = sample.reading.work
            found.append(sample.t_ns)
    return found
