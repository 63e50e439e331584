"""What a witness may answer, and how it is put."""

from enum import StrEnum

from msgspec import Struct

from sseprobe.units import human_ms, ms


class Answer(StrEnum):
    """Whether the server stopped."""

    STOPPED = "stopped"
    RUNNING = "running"
    UNKNOWN = "unknown"


class Strength(StrEnum):
    """Whether a witness sees the work itself, or something that goes with it."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class Notice(Struct, frozen=True):
    """When a record noticed that its client had left; what was made between the hang-up and that, and after it."""

    t_ns: int | None = None
    made_until: float | None = None
    made_after: float | None = None
    of_some: bool = False
    """Only some of the app's requests were closed."""


class Pause(Struct, frozen=True):
    """How long a counter was flat in the end, and whether it was seen, in this trial, to follow the work promptly."""

    prompt: bool = True
    quiet_ns: int = 0


class Testimony(Struct, frozen=True):
    """A witness's answer. `stop_ns`: when it stopped; `overrun`: work after the hang-up; `made`: in the whole trial.

    `nothing_left`: there was nothing to stop when the client left. `settled`: waiting longer changes nothing. `broken`:
    the witness could not testify; `unasked`: it did not even answer. `needs_reference`: only a healthy stream can show
    that there was more to come. `late`: figures moved so long after the hang-up that a leak to the end of a short
    answer looks the same. `received`: content deltas of those who left, by then.
    """

    answer: Answer
    evidence: str
    stop_ns: int | None = None
    overrun: float | None = None
    made: float | None = None
    settled: bool = False
    broken: bool = False
    unasked: bool = False
    needs_reference: bool = False
    late: bool = False
    nothing_left: bool = False
    received: int = 0
    notice: Notice = Notice()
    pause: Pause = Pause()


def number(value: float | None) -> str:
    """A figure as people write it."""
    if value is None:
        return "?"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3f}"


def tokens(count: float | None) -> str:
    """So many tokens."""
    if count is None:
        return "an unknown number of tokens"
    return "1 token" if count == 1 else f"{number(count)} tokens"


def late(t_ns: int, left_ns: int) -> str:
    """So long after the hang-up."""
    return f"{human_ms(ms(max(0, t_ns - left_ns)))} after the hang-up"
