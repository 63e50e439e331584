"""What became of a stream: told by an error in it, then by the transport, then by the dialect's own end."""

from collections.abc import Mapping, Set
from typing import Final

from msgspec import Struct

from sseprobe.dialects.base import Delta, Dialect, EndRule
from sseprobe.dialects.own.words import is_final
from sseprobe.http_exchange import BodyEnd, Ending
from sseprobe.sse import LimitExceeded
from sseprobe.text import one_line
from sseprobe.units import human_bytes

MAX_CHOICES: Final = 1024
"""How many choices are followed to their end."""

_TRANSPORT_ENDINGS: Final = {
    BodyEnd.RESET: (Ending.RESET, "the connection was reset in mid-stream"),
    BodyEnd.IDLE_TIMEOUT: (Ending.IDLE_TIMEOUT, "nothing came for longer than --idle-timeout"),
    BodyEnd.TOTAL_TIMEOUT: (Ending.TOTAL_TIMEOUT, "the stream was not over within --timeout"),
    BodyEnd.ABORT: (Ending.ABORTED, "interrupted here before the stream was over"),
    BodyEnd.LIMIT: (Ending.LIMIT, "the stream went over a size limit"),
    BodyEnd.MISSING_LAST_CHUNK: (Ending.TRUNCATED, "the connection closed without HTTP's last chunk"),
    BodyEnd.SHORT_BODY: (Ending.TRUNCATED, "the connection closed before Content-Length bytes had come"),
    BodyEnd.TLS_CUT: (
        Ending.TRUNCATED,
        "the connection closed without TLS's closing alert, the only end this body has",
    ),
    BodyEnd.PROTOCOL_ERROR: (Ending.TRUNCATED, "the body broke HTTP's framing"),
}


class Outcome(Struct, frozen=True):
    """What became of the stream, why, and what was said of it in-band."""

    ending: Ending
    reason: str | None
    error: Delta | None


class Seen(Struct, frozen=True):
    """What was seen of a stream by its end. `ended`: the terminator came; `doubt`: why it is not to be believed.

    `pending`: the data of an event that was not finished. `choices`: those that began; `finished`: those with a finish.
    `looks_like`: another dialect that the events tell; `expected`: the one that they had to be of, which they are not.
    `by_events`: the dialect was told by the events alone; `own_end`: then the last event is an end mark that apps use.
    `error_as_text`: an app told its failure as if it were text. `last`: the data of an app's last event. `merged`: how
    many JSON documents came as one event. `foreign_error`: the error stands in a page or a text in place of events.
    `lost`: what of the answer stands in lines that no client reads. `awaited`: what an agent's protocol asks for, and
    did not come.
    """

    dialect: Dialect
    error: Delta | None
    ended: bool
    doubt: str
    pending: str | None
    events: int
    choices: Set[int]
    finished: Mapping[int, str]
    over_limit: LimitExceeded | None
    looks_like: str | None
    expected: str | None = None
    by_events: bool = False
    own_end: bool = False
    error_as_text: bool = False
    last: str | None = None
    awaited: str = ""
    merged: int = 0
    foreign_error: bool = False
    lost: str = ""

    @property
    def finished_without_terminator(self) -> bool:
        """Whether an app passes on a vendor's events but for the terminator: it ends them in its own way, or each
        choice has finished, and nothing follows, as it does after a tool call.
        """
        if not self.by_events or self.ended:
            return False
        if _unfinished_choices(self):
            return False
        return self.own_end or (bool(self.choices) and all(map(is_final, self.finished.values())))


def mismatch(expected: str, came: str) -> str:
    """The sentence for events of one dialect where another's were to come."""
    return (
        f"these are events of {came}, and {expected} was to come: its clients find nothing in them "
        f"(--dialect {came} reads them)"
    )


def judge(seen: Seen, body_end: BodyEnd) -> Outcome:
    """What became of the stream."""
    ending, reason = _judge(seen, body_end)
    return Outcome(ending, reason, seen.error)


def _judge(seen: Seen, body_end: BodyEnd) -> tuple[Ending, str | None]:
    if seen.foreign_error and seen.error is not None and body_end.is_clean and (problem := _problem(seen)):
        return Ending.TRUNCATED, f"{problem}; in place of events came: {seen.error.text}"
    if seen.error is not None and body_end is not BodyEnd.ABORT:
        said = "the last piece of text reads like a failure" if seen.error_as_text else "the stream reported an error"
        return Ending.ERROR, f"{said}: {seen.error.text}"
    if body_end is BodyEnd.LIMIT and seen.over_limit is not None:
        limit = human_bytes(seen.over_limit.limit_bytes)
        return Ending.LIMIT, f"the server sent a single {seen.over_limit.kind} of more than {limit}"
    if not body_end.is_clean:
        return _TRANSPORT_ENDINGS[body_end]
    problem = _problem(seen)
    if seen.merged and problem is None:
        problem = f"{seen.merged} JSON documents came as one event: the blank line between events is missing"
    problem = problem or seen.lost or None
    if seen.expected is not None:
        said = mismatch(seen.expected, seen.dialect.name)
        return (Ending.TRUNCATED, f"{problem}; {said}") if problem else (Ending.ERROR, said)
    if problem and seen.looks_like:
        problem = f"{problem}; this looks like {seen.looks_like}, not {seen.dialect.name}"
    return (Ending.TRUNCATED, problem) if problem else (Ending.COMPLETE, None)


def _problem(seen: Seen) -> str | None:
    """What keeps a body that has ended cleanly from being complete, None if nothing does."""
    match seen.dialect.end_rule:
        case EndRule.TERMINATOR if seen.finished_without_terminator and seen.pending is None:
            return None
        case EndRule.TERMINATOR:
            return _in_doubt(seen) or _unfinished(seen) if seen.ended else _without_terminator(seen)
        case EndRule.MARK:
            return None if seen.ended else _without_terminator(seen)
        case EndRule.FINISH:
            return _without_terminator(seen) if seen.pending is not None else _never_finished(seen)
    if seen.awaited and not seen.ended:
        return f"the body ended without {seen.awaited}"
    if seen.pending is not None:
        return "the body ends inside an event, which is lost: each event ends with a blank line"
    return None if seen.events else "the body held not one event"


def _without_terminator(seen: Seen) -> str:
    terminator, reading = seen.dialect.terminator or "", seen.dialect.reading
    if seen.pending is not None and seen.pending.startswith(terminator):
        return f"the final {terminator} lacks its blank line: a client that follows the specification never sees it"
    inside = "inside an event, and " if seen.pending is not None else ""
    if reading is None:
        return f"the body ended {inside}without the {terminator} that ends a stream of {seen.dialect.name}"
    others = "another stream" if reading.ended_alike == 1 else f"{reading.ended_alike} streams"
    known_from = f", with which {others} of the same request ended" if reading.ended_alike else ""
    last = f"; the last event is {one_line(seen.last, 60)}" if seen.last and not known_from else ""
    return f"the body ended {inside}without the end mark {terminator}{known_from}{last}"


def _in_doubt(seen: Seen) -> str | None:
    return f"{seen.dialect.terminator} came, but {seen.doubt}" if seen.doubt else None


def _never_finished(seen: Seen) -> str | None:
    if not seen.choices:
        return _without_terminator(seen)
    unfinished = _unfinished_choices(seen)
    return f"the body ended, but {unfinished} has no {seen.dialect.terminator}" if unfinished else None


def _unfinished(seen: Seen) -> str | None:
    """What the terminator hides, None if nothing."""
    if not seen.choices:
        return f"{seen.dialect.terminator} came, but no {seen.dialect.opening} before it"
    unfinished = _unfinished_choices(seen)
    if unfinished and not seen.dialect.has_choices:
        return f"{seen.dialect.terminator} came, but no {seen.dialect.finish} before it"
    return f"{seen.dialect.terminator} came, but {unfinished} has no {seen.dialect.finish}" if unfinished else None


def _unfinished_choices(seen: Seen) -> str:
    if len(seen.choices) > MAX_CHOICES:
        return f"one of more than {MAX_CHOICES:,} choices, which were not all followed,"
    unfinished = sorted(seen.choices - seen.finished.keys())
    return f"choice {', '.join(map(str, unfinished))}" if unfinished else ""
