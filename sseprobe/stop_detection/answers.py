"""What a witness's samples can show, and how it is worded."""

from enum import StrEnum

from msgspec import Struct

from sseprobe.units import human_ms, ms


class Answer(StrEnum):
    """Whether the server stopped."""

    STOPPED = "stopped"
    RUNNING = "running"
    UNKNOWN = "unknown"


class Strength(StrEnum):
    """Whether a witness sees the work itself, or something that usually goes with it."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class Notice(Struct, frozen=True):
    """When a record noticed that its client had gone (`t_ns`), and the tokens made from the abort to then and since.

    `of_some`: only some of the app's requests were closed.
    """

    t_ns: int | None = None
    made_until: float | None = None
    made_after: float | None = None
    of_some: bool = False


class Pause(Struct, frozen=True):
    """How long a counter was flat in the end, and whether it followed the work promptly while the stream ran."""

    prompt: bool = True
    quiet_ns: int = 0


class Detection(Struct, frozen=True):
    """What one witness's samples show of one abort. Times on the monotonic clock, in ns.

    `stop_ns`: when the work stopped; `overrun`: work after the abort; `made`: work in the whole trial; `received`:
    content deltas that the aborted clients had by then. `nothing_left`: there was nothing to stop at the abort.
    `settled`: waiting longer changes nothing. `broken`: the witness gave no evidence; `unreachable`: it did not even
    answer. `needs_reference`: only a healthy stream can show that there was more to generate. `late`: the counter moved
    for so long after the abort that a leak to the end of a short answer looks the same.
    """

    answer: Answer
    evidence: str
    stop_ns: int | None = None
    overrun: float | None = None
    made: float | None = None
    settled: bool = False
    broken: bool = False
    unreachable: bool = False
    needs_reference: bool = False
    late: bool = False
    nothing_left: bool = False
    received: int = 0
    notice: Notice = Notice()
    pause: Pause = Pause()


def number(value: float | None) -> str:
    """`1,234`, `0.500`, or `?` where it is not known."""
    if value is None:
        return "?"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3f}"


def tokens(count: float | None) -> str:
    """`1 token`, `12 tokens`."""
    if count is None:
        return "an unknown number of tokens"
    return "1 token" if count == 1 else f"{number(count)} tokens"


def requests(count: int) -> str:
    """`1 request`, `2 requests`."""
    return "1 request" if count == 1 else f"{count} requests"


def after_abort(t_ns: int, aborted_ns: int) -> str:
    """`1.2 ms after the abort`."""
    return f"{human_ms(ms(max(0, t_ns - aborted_ns)))} after the abort"
