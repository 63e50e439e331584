"""Receives one stream, live or recorded: bytes become items, items deltas, deltas figures and an ending. No I/O."""

from io import StringIO
from typing import Final, Protocol

from msgspec import Struct

from sseprobe import dialects
from sseprobe.dialects.base import CONTENT_KINDS, Delta, Dialect, EndRule, Kind
from sseprobe.metrics import Meter
from sseprobe.sse import Comment, Event, EventStreamParser, Frame, Item, LimitExceeded, Tail
from sseprobe.transcript import BodyEnd, Chunk, Ending, Head, Redirect
from sseprobe.units import human_bytes

MAX_TEXT_CHARS: Final = 4 * 1024 * 1024
"""How much text is kept for reports. The live view shows all of it."""

MAX_CHOICES: Final = 1024
"""How many choices are followed to their end."""

_MAX_REASON_CHARS: Final = 200

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


class Received(Struct, frozen=True):
    """One item, with the deltas that an event decodes to."""

    item: Item
    deltas: tuple[Delta, ...] = ()


class View(Protocol):
    """What sees a stream while it is received. OSError from it means that nobody reads its output any more."""

    def head(self, head: Head, redirects: list[Redirect]) -> None:
        """An answer has come."""

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """A chunk has come, and what it completed."""

    def close(self) -> None:
        """The stream is over."""


class Outcome(Struct, frozen=True):
    """What became of the stream, why, and what was said of it in-band."""

    ending: Ending
    reason: str | None
    error: Delta | None


class Reception:
    """One stream being received. `dialect` None: it is settled by the first event."""

    def __init__(self, dialect: Dialect | None) -> None:
        self.parser = EventStreamParser()
        self.meter = Meter()
        self.body_bytes = 0
        self.comments = 0
        self.finish_reasons: dict[int, str] = {}
        self.error: Delta | None = None
        self.tail: Tail | None = None
        self.unknown_events = 0
        self.over_limit: LimitExceeded | None = None
        self.text_is_cut = False
        self._settled = dialect is not None
        self._dialect = dialect or dialects.by_name("plain")
        self._choices: set[int] = set()
        self._ended = False
        self._after_end = 0
        self._text = StringIO()
        self._text_chars = 0

    @property
    def dialect(self) -> Dialect:
        """The dialect in force; `plain` until another is recognised."""
        return self._dialect

    @property
    def text(self) -> str:
        """The text of the first choice so far, at most `MAX_TEXT_CHARS` of it."""
        return self._text.getvalue()

    def receive(self, chunk: Chunk) -> list[Received]:
        """Takes one chunk; returns what it completed."""
        self.body_bytes += len(chunk.data)
        received = []
        events = content_events = 0
        for item in self.parser.receive(chunk.data):
            if isinstance(item, Event):
                deltas = self._take_event(item)
                events += 1
                content_events += any(delta.kind in CONTENT_KINDS and (delta.text or delta.name) for delta in deltas)
                received.append(Received(item, deltas))
            else:
                if isinstance(item, Comment):
                    self.comments += 1
                elif isinstance(item, LimitExceeded) and self.over_limit is None:
                    self.over_limit = item
                if not isinstance(item, Frame):
                    received.append(Received(item))
        self.meter.add(chunk.read, events, content_events)
        return received

    def finish(self, body_end: BodyEnd, t_ns: int) -> Outcome:
        """Ends the stream and says what became of it."""
        self.meter.settle()
        self.meter.end_ns = t_ns
        for item in self.parser.receive_eof():
            if isinstance(item, Tail):
                self.tail = item
        ending, reason = self._judge(body_end)
        return Outcome(ending, reason, self.error)

    def _take_event(self, event: Event) -> tuple[Delta, ...]:
        if not self._settled and event.data:
            self._settled = True
            self._dialect = dialects.by_event(event) or self._dialect
        deltas = self._dialect.decode(event)
        for delta in deltas:
            self._take_delta(delta)
        self._after_end += self._ended and not any(delta.kind is Kind.END for delta in deltas)
        return deltas

    def _take_delta(self, delta: Delta) -> None:
        match delta.kind:
            case Kind.TEXT:
                if delta.choice == 0 and not self.text_is_cut:
                    self._text_chars += len(delta.text)
                    self.text_is_cut = self._text_chars > MAX_TEXT_CHARS
                    if not self.text_is_cut:
                        self._text.write(delta.text)
            case Kind.OPEN:
                if len(self._choices) <= MAX_CHOICES:
                    self._choices.add(delta.choice)
            case Kind.FINISH:
                if delta.choice in self._choices:
                    self.finish_reasons[delta.choice] = delta.text[:_MAX_REASON_CHARS]
            case Kind.USAGE:
                if delta.output_tokens is not None:
                    self.meter.output_tokens = delta.output_tokens
                if delta.input_tokens is not None:
                    self.meter.input_tokens = delta.input_tokens
            case Kind.ERROR:
                self.error = self.error or delta
            case Kind.END:
                self._ended = True
            case Kind.UNKNOWN:
                self.unknown_events += 1
            case _:
                pass

    @property
    def ended(self) -> bool:
        """Whether the terminator has come."""
        return self._ended

    def _judge(self, body_end: BodyEnd) -> tuple[Ending, str | None]:
        """An error said in-band explains whatever end follows it; then the transport; then the dialect's own end."""
        if self.error is not None and body_end is not BodyEnd.ABORT:
            return Ending.ERROR, f"the stream reported an error: {self.error.text}"
        if body_end is BodyEnd.LIMIT and self.over_limit is not None:
            limit = human_bytes(self.over_limit.limit_bytes)
            return Ending.LIMIT, f"the server sent a single {self.over_limit.kind} of more than {limit}"
        if not body_end.is_clean:
            return _TRANSPORT_ENDINGS[body_end]
        if self._dialect.end_rule is EndRule.TERMINATOR:
            problem = self._without_terminator() if not self._ended else self._unfinished()
        elif self._pending is not None:
            problem = "the body ends inside an event, which is lost"
        else:
            problem = None if self.meter.events else "the body held not one event"
        return (Ending.TRUNCATED, problem) if problem else (Ending.COMPLETE, None)

    @property
    def _pending(self) -> str | None:
        return self.tail.data if self.tail is not None else None

    def _without_terminator(self) -> str:
        terminator = self._dialect.terminator or ""
        if self._pending is not None and self._pending.startswith(terminator):
            return f"the final {terminator} lacks its blank line: a client that follows the specification never sees it"
        inside = "inside an event, and " if self._pending is not None else ""
        return f"the body ended {inside}without the {terminator} that ends a stream of {self._dialect.name}"

    def _unfinished(self) -> str | None:
        """What the terminator hides, None if nothing."""
        if not self._choices:
            return f"{self._dialect.terminator} came, but no choice before it"
        if len(self._choices) > MAX_CHOICES:
            return f"more than {MAX_CHOICES:,} choices came, and not all were followed to their end"
        unfinished = sorted(self._choices - self.finish_reasons.keys())
        if not unfinished:
            return None
        return f"{self._dialect.terminator} came, but choice {', '.join(map(str, unfinished))} has no finish_reason"
