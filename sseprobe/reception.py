"""Receives one stream, live or recorded: bytes become items, items deltas, deltas figures and an ending. No I/O."""

from io import StringIO
from typing import Any, Final, Protocol

from msgspec import Struct

from sseprobe import dialects
from sseprobe.dialects.base import CONTENT_KINDS, NO_PAYLOAD, Delta, Dialect, EndRule, Kind, payload
from sseprobe.framing import Framing, by_content_type, new_parser
from sseprobe.metrics import Meter
from sseprobe.sse import Comment, Event, Frame, Item, LimitExceeded, Tail
from sseprobe.transcript import BodyEnd, Chunk, Ending, Head, Read, Redirect
from sseprobe.units import human_bytes

MAX_TEXT_CHARS: Final = 4 * 1024 * 1024
"""How much text is kept for reports. The live view shows all of it."""

MAX_CHOICES: Final = 1024
"""How many choices are followed to their end."""

_MAX_REASON_CHARS: Final = 200
_MAX_LISTED: Final = 1024
_MAX_UNKNOWN_TYPES: Final = 5
_RECOGNISED_WITHIN: Final = 4  # events: an error or a heartbeat may come first

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


class Message(Struct, frozen=True, gc=False):
    """One dispatched event: its place among the events, its JSON payload (`NO_PAYLOAD` if it is none), its deltas.

    `read`: the one that completed it.
    """

    index: int
    event: Event
    payload: Any
    deltas: tuple[Delta, ...]
    read: Read

    @property
    def fields(self) -> dict[str, Any]:
        """The payload if it is a JSON object, else an empty one."""
        return self.payload if type(self.payload) is dict else {}

    def has(self, *kinds: Kind) -> bool:
        """Whether it decodes to a delta of one of these kinds."""
        for delta in self.deltas:  # noqa: SIM110  a generator costs more than all the rest
            if delta.kind in kinds:
                return True
        return False


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


class ToolCall:
    """One tool call, as far as it has come."""

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.name = ""
        self.arguments = StringIO()


class Reception:
    """One stream being received.

    `dialect`: as named, or as the URL tells it, None if it does not. `named`: it stays, whatever the events say;
    otherwise the first events settle it. `content_type`: of the answer; it tells the framing, before the dialect does.
    `keep`: all items and messages are kept, for a transcript; whoever asks for it bounds the body.
    """

    def __init__(
        self, dialect: Dialect | None, *, named: bool = False, content_type: str | None = None, keep: bool = False
    ) -> None:
        self.framing = by_content_type(content_type) or (dialect.framing if dialect else Framing.SSE)
        self.parser = new_parser(self.framing)
        self.items: list[Item] = []
        self.messages: list[Message] = []
        self._keep = keep
        self.meter = Meter()
        self.body_bytes = 0
        self.comments = 0
        self.heartbeats = 0
        self.finish_reasons: dict[int, str] = {}
        self._incomplete: dict[int, str] = {}
        self.error: Delta | None = None
        self.tail: Tail | None = None
        self.unknown_events = 0
        self.unknown_types: dict[str, None] = {}
        self.looks_like: str | None = None
        self.over_limit: LimitExceeded | None = None
        self.text_is_cut = False
        self.tool_calls: dict[tuple[int, int | str | None], ToolCall] = {}
        self.citations: list[str] = []
        self.named = named
        self._unsettled = _RECOGNISED_WITHIN
        self._set_dialect(dialect or dialects.by_name("plain"))
        self._choices: set[int] = set()
        self._ended = False
        self._doubt = ""
        self._kept = {Kind.TEXT: StringIO(), Kind.REASONING: StringIO(), Kind.REFUSAL: StringIO()}
        self._kept_chars = 0
        self._last_read: Read | None = None

    @property
    def dialect(self) -> Dialect:
        """The dialect in force; `plain` until another is recognised."""
        return self._dialect

    def said(self, kind: Kind) -> str:
        """The text, reasoning or refusal of the first choice so far; of all kinds at most `MAX_TEXT_CHARS`."""
        return self._kept[kind].getvalue()

    def receive(self, chunk: Chunk) -> list[Received]:
        """Takes one chunk; returns what it completed."""
        self.body_bytes += len(chunk.data)
        self._last_read = chunk.read
        return self._take_items(self.parser.receive(chunk.data), chunk.read)

    def receive_eof(self, view: View | None = None) -> None:
        """Ends the body, and shows what its end completed, which came with the last chunk."""
        items = self.parser.receive_eof()
        if self._last_read is not None and (received := self._take_items(items, self._last_read)) and view:
            view.received(Chunk(b"", self._last_read), received, self._dialect)

    def _take_items(self, items: list[Item], read: Read) -> list[Received]:
        received = []
        events = content_events = 0
        if self._keep:
            self.items += items
        for item in items:
            if isinstance(item, Event):
                deltas = self._take_event(item, read)
                events += 1
                for delta in deltas:
                    if delta.kind in CONTENT_KINDS and (delta.text or delta.name):
                        content_events += 1
                        break
                received.append(Received(item, deltas))
            else:
                if isinstance(item, Comment):
                    self.comments += 1
                elif isinstance(item, LimitExceeded) and self.over_limit is None:
                    self.over_limit = item
                elif isinstance(item, Tail):
                    self.tail = item
                if not isinstance(item, Frame | Tail):
                    received.append(Received(item))
        self.meter.add(read, events, content_events)
        return received

    def finish(self, body_end: BodyEnd, t_ns: int) -> Outcome:
        """Says what became of the stream, once its body has ended."""
        self.meter.settle()
        self.meter.end_ns = t_ns
        ending, reason = self._judge(body_end)
        return Outcome(ending, reason, self.error)

    def _take_event(self, event: Event, read: Read) -> tuple[Delta, ...]:
        # Parsed here, once, for whoever wants to know.
        wanted = self._unsettled or self._dialect.parses_json
        value = payload(event) if wanted else NO_PAYLOAD
        if self._unsettled and event.data:
            self._settle(event, value)
        deltas = self._decode(event, value)
        for delta in deltas:
            self._take_delta(delta)
        if self._keep:
            self.messages.append(Message(len(self.messages), event, value, deltas, read))
        return deltas

    def _settle(self, event: Event, value: object) -> None:
        """Looks at one of the first events: is this the dialect, and if not, which one is it?"""
        self._unsettled = 0 if value is NO_PAYLOAD else self._unsettled - 1
        if self._dialect.recognises(event, value):
            self._unsettled = 0
        elif (other := dialects.by_event(event, value)) is not None:
            self._unsettled = 0
            if self.named:
                self.looks_like = other.name
            else:
                self._set_dialect(other)
                self.unknown_events = 0  # as the dialect before it read them
                self.unknown_types.clear()

    def _set_dialect(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._decode = dialect.decoder()

    def _take_delta(self, delta: Delta) -> None:
        match delta.kind:
            case Kind.TEXT | Kind.REASONING | Kind.REFUSAL:
                if delta.choice == 0 and self._has_room(delta.text):
                    self._kept[delta.kind].write(delta.text)
            case Kind.TOOL_CALL:
                self._take_tool_call(delta)
            case Kind.CITATION:
                if len(self.citations) < _MAX_LISTED and self._has_room(delta.text):
                    self.citations.append(delta.text)
            case Kind.OPEN:
                self._open(delta.choice)
            case Kind.FINISH:
                self._finish(delta)
            case Kind.USAGE:
                if delta.output_tokens is not None:
                    self.meter.output_tokens = delta.output_tokens
                if delta.input_tokens is not None:
                    self.meter.input_tokens = delta.input_tokens
            case Kind.ERROR:
                self.error = self.error or delta
            case Kind.END:
                self._ended, self._doubt = True, delta.text
            case Kind.HEARTBEAT:
                self.heartbeats += 1
            case Kind.UNKNOWN:
                self.unknown_events += 1
                if len(self.unknown_types) < _MAX_UNKNOWN_TYPES:
                    self.unknown_types[(delta.type or "?")[:_MAX_REASON_CHARS]] = None

    def _finish(self, delta: Delta) -> None:
        if delta.choice in self._choices:
            self.finish_reasons[delta.choice] = delta.text[:_MAX_REASON_CHARS]
            if delta.incomplete:
                self._incomplete[delta.choice] = delta.incomplete

    def _open(self, choice: int) -> None:
        if len(self._choices) <= MAX_CHOICES:
            self._choices.add(choice)
        if self._dialect.end_rule is EndRule.FINISH:
            # The last event of a choice counts: what goes on has not finished.
            self.finish_reasons.pop(choice, None)
            self._incomplete.pop(choice, None)

    def _take_tool_call(self, delta: Delta) -> None:
        place = (delta.choice, delta.call)
        call = self.tool_calls.get(place)
        if call is None:
            if len(self.tool_calls) == _MAX_LISTED:
                return
            call = self.tool_calls[place] = ToolCall(delta.choice)
        call.name = call.name or (delta.name or "")[:_MAX_REASON_CHARS]
        if self._has_room(delta.text):
            call.arguments.write(delta.text)

    def _has_room(self, text: str) -> bool:
        """Whether this may still be kept for the report; once it may not, nothing more is."""
        if not self.text_is_cut:
            self._kept_chars += len(text)
            self.text_is_cut = self._kept_chars > MAX_TEXT_CHARS
        return not self.text_is_cut

    @property
    def incomplete(self) -> str | None:
        """What the first choice that says so says is missing from its answer."""
        return self._incomplete[min(self._incomplete)] if self._incomplete else None

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
        problem = self._problem()
        if problem and self.looks_like:
            problem = f"{problem}; this looks like {self.looks_like}, not {self._dialect.name}"
        return (Ending.TRUNCATED, problem) if problem else (Ending.COMPLETE, None)

    def _problem(self) -> str | None:
        """What keeps a body that has ended cleanly from being complete, None if nothing does."""
        if self._dialect.end_rule is EndRule.TERMINATOR:
            return self._doubt_in_words() or self._unfinished() if self._ended else self._without_terminator()
        if self._dialect.end_rule is EndRule.FINISH:
            return self._without_terminator() if self._pending is not None else self._never_finished()
        if self._pending is not None:
            return "the body ends inside an event, which is lost"
        return None if self.meter.events else "the body held not one event"

    @property
    def _pending(self) -> str | None:
        return self.tail.data if self.tail is not None else None

    def _without_terminator(self) -> str:
        terminator = self._dialect.terminator or ""
        if self._pending is not None and self._pending.startswith(terminator):
            return f"the final {terminator} lacks its blank line: a client that follows the specification never sees it"
        inside = "inside an event, and " if self._pending is not None else ""
        return f"the body ended {inside}without the {terminator} that ends a stream of {self._dialect.name}"

    def _doubt_in_words(self) -> str | None:
        return f"{self._dialect.terminator} came, but {self._doubt}" if self._doubt else None

    def _never_finished(self) -> str | None:
        if not self._choices:
            return self._without_terminator()
        unfinished = self._unfinished_choices()
        return f"the body ended, but {unfinished} has no {self._dialect.terminator}" if unfinished else None

    def _unfinished(self) -> str | None:
        """What the terminator hides, None if nothing."""
        if not self._choices:
            return f"{self._dialect.terminator} came, but no choice before it"
        unfinished = self._unfinished_choices()
        return f"{self._dialect.terminator} came, but {unfinished} has no finish_reason" if unfinished else None

    def _unfinished_choices(self) -> str:
        if len(self._choices) > MAX_CHOICES:
            return f"one of more than {MAX_CHOICES:,} choices, which were not all followed,"
        unfinished = sorted(self._choices - self.finish_reasons.keys())
        return f"choice {', '.join(map(str, unfinished))}" if unfinished else ""
