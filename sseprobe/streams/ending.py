"""Whether a stream is complete, truncated, …, and why: by its error, then the transport, then the dialect's end."""

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
    BodyEnd.RESET: (Ending.RESET, "the connection was reset mid-stream"),
    BodyEnd.IDLE_TIMEOUT: (Ending.IDLE_TIMEOUT, "no data arrived for longer than --idle-timeout"),
    BodyEnd.TOTAL_TIMEOUT: (Ending.TOTAL_TIMEOUT, "the stream did not end within --timeout"),
    BodyEnd.ABORT: (Ending.ABORTED, "interrupted before the stream ended"),
    BodyEnd.LIMIT: (Ending.LIMIT, "the stream exceeded a size limit"),
    BodyEnd.MISSING_LAST_CHUNK: (Ending.TRUNCATED, "the connection closed without HTTP's last chunk"),
    BodyEnd.SHORT_BODY: (Ending.TRUNCATED, "the connection closed before all Content-Length bytes arrived"),
    BodyEnd.TLS_CUT: (
        Ending.TRUNCATED,
        "the connection closed without TLS's close_notify, which is the only mark of this body's end",
    ),
    BodyEnd.PROTOCOL_ERROR: (Ending.TRUNCATED, "the body violates HTTP framing"),
}


class Outcome(Struct, frozen=True):
    """What became of the stream, why, and the error in it."""

    ending: Ending
    reason: str | None
    error: Delta | None


class StreamEnd(Struct, frozen=True):
    """What is known of a stream at its end. `ended`: the terminator came; `doubt`: why that is doubtful.

    `pending`: the data of an event that was not finished. `choices`: those that began; `finished`: those with a finish.
    `looks_like`: another dialect that the events are of; `expected`: the one that they should be of, and are not.
    `by_events`: the events alone showed the dialect; `own_end`: then the last event is an end mark that apps use.
    `error_as_text`: an app sent its failure as if it were text. `last`: the data of an app's last event. `merged`: how
    many JSON documents one event holds. `foreign_error`: the error stands in a page or a text in place of events.
    `lost`: what of the answer is in lines that no client reads. `awaited`: what an agent's protocol asks for, and did
    not come.
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
        f"these are events of {came}, but {expected} was expected: its clients find no content in them "
        f"(--dialect {came} reads them)"
    )


def judge(end: StreamEnd, body_end: BodyEnd) -> Outcome:
    """What became of the stream."""
    ending, reason = _judge(end, body_end)
    return Outcome(ending, reason, end.error)


def _judge(end: StreamEnd, body_end: BodyEnd) -> tuple[Ending, str | None]:
    if end.foreign_error and end.error is not None and body_end.is_clean and (problem := _problem(end)):
        return Ending.TRUNCATED, f"{problem}; received instead of events: {end.error.text}"
    if end.error is not None and body_end is not BodyEnd.ABORT:
        what = "the last piece of text looks like an error" if end.error_as_text else "the stream reported an error"
        return Ending.ERROR, f"{what}: {end.error.text}"
    if body_end is BodyEnd.LIMIT and end.over_limit is not None:
        limit = human_bytes(end.over_limit.limit_bytes)
        return Ending.LIMIT, f"the server sent a single {end.over_limit.kind} of more than {limit}"
    if not body_end.is_clean:
        return _TRANSPORT_ENDINGS[body_end]
    problem = _problem(end)
    if end.merged and problem is None:
        problem = f"one event holds {end.merged} JSON documents: the blank line between events is missing"
    problem = problem or end.lost or None
    if end.expected is not None:
        reason = mismatch(end.expected, end.dialect.name)
        return (Ending.TRUNCATED, f"{problem}; {reason}") if problem else (Ending.ERROR, reason)
    if problem and end.looks_like:
        problem = f"{problem}; this looks like {end.looks_like}, not {end.dialect.name}"
    return (Ending.TRUNCATED, problem) if problem else (Ending.COMPLETE, None)


def _problem(end: StreamEnd) -> str | None:
    """What keeps a body that has ended cleanly from being complete, None if nothing does."""
    match end.dialect.end_rule:
        case EndRule.TERMINATOR if end.finished_without_terminator and end.pending is None:
            return None
        case EndRule.TERMINATOR:
            return _in_doubt(end) or _unfinished(end) if end.ended else _without_terminator(end)
        case EndRule.MARK:
            return None if end.ended else _without_terminator(end)
        case EndRule.FINISH:
            return _without_terminator(end) if end.pending is not None else _never_finished(end)
    if end.awaited and not end.ended:
        return f"the body ended without {end.awaited}"
    if end.pending is not None:
        return "the body ends inside an event, which every client drops: expected a blank line after it"
    return None if end.events else "the body holds no event"


def _without_terminator(end: StreamEnd) -> str:
    terminator, event_format = end.dialect.terminator or "", end.dialect.event_format
    if end.pending is not None and end.pending.startswith(terminator):
        return (
            f"the final {terminator} has no blank line after it: a client that follows the specification never sees it"
        )
    inside = "inside an event, and " if end.pending is not None else ""
    if event_format is None:
        return f"the body ended {inside}without the {terminator} that ends a stream of {end.dialect.name}"
    others = "another stream" if event_format.ended_alike == 1 else f"{event_format.ended_alike} streams"
    known_from = f", with which {others} of the same request ended" if event_format.ended_alike else ""
    last = f"; the last event is {one_line(end.last, 60)}" if end.last and not known_from else ""
    return f"the body ended {inside}without the end mark {terminator}{known_from}{last}"


def _in_doubt(end: StreamEnd) -> str | None:
    return f"{end.dialect.terminator} came, but {end.doubt}" if end.doubt else None


def _never_finished(end: StreamEnd) -> str | None:
    if not end.choices:
        return _without_terminator(end)
    unfinished = _unfinished_choices(end)
    return f"the body ended, but {unfinished} has no {end.dialect.terminator}" if unfinished else None


def _unfinished(end: StreamEnd) -> str | None:
    """What the terminator hides, None if nothing."""
    if not end.choices:
        return f"{end.dialect.terminator} came, but no {end.dialect.opening} before it"
    unfinished = _unfinished_choices(end)
    if unfinished and not end.dialect.has_choices:
        return f"{end.dialect.terminator} came, but no {end.dialect.finish} before it"
    return f"{end.dialect.terminator} came, but {unfinished} has no {end.dialect.finish}" if unfinished else None


def _unfinished_choices(end: StreamEnd) -> str:
    if len(end.choices) > MAX_CHOICES:
        return f"one of more than {MAX_CHOICES:,} choices (not all are tracked)"
    unfinished = sorted(end.choices - end.finished.keys())
    return f"choice {', '.join(map(str, unfinished))}" if unfinished else ""
