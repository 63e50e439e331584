"""Receives one stream, live or recorded: bytes become items, items deltas, deltas figures and an ending. No I/O."""

from typing import Any, Final

from msgspec import Struct

from sseprobe import dialects
from sseprobe.dialects.base import CONTENT_KINDS, NO_PAYLOAD, Delta, Dialect, EndRule, Kind, documents, payload
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.http_exchange import BodyEnd, Chunk, Read
from sseprobe.sse import Comment, Event, Frame, IgnoredField, Item, LimitExceeded, Tail
from sseprobe.sse.framing import Framing, new_parser
from sseprobe.streams.ending import MAX_CHOICES, Outcome, StreamEnd, judge
from sseprobe.streams.ignored_lines import IgnoredLines
from sseprobe.streams.kept_answer import MAX_NAME_CHARS, KeptAnswer
from sseprobe.streams.metrics import Meter
from sseprobe.streams.recognition import Recognition
from sseprobe.streams.view import Received, StreamView

_ENDS: Final = frozenset({Kind.END, Kind.ERROR})
_MAX_UNKNOWN_TYPES: Final = 5
_MAX_REREADS: Final = 16
_MAX_EARLY_BYTES: Final = 1024 * 1024
"""How much of a stream is kept to be read again, while it is not known how it is read."""


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


class StreamDecoder:
    """One stream being received.

    `dialect`: as named, or as the URL tells it, None if it does not. `named`: the stream has to be of it, as on a path
    that is a vendor's own; otherwise the first events settle it. `framing`: of the body; None: the dialect's. `keep`:
    all items and messages are kept, for a transcript; whoever asks for it bounds the body.
    """

    def __init__(
        self, dialect: Dialect | None, *, named: bool = False, framing: Framing | None = None, keep: bool = False
    ) -> None:
        dialect = dialect or dialects.by_name(dialects.PLAIN)
        self.framing = framing or dialect.framing
        self.parser = new_parser(self.framing)
        self.body_bytes = 0
        self._recognition = Recognition(dialect, self.framing, named=named)
        self._keep = keep
        self._early: list[tuple[list[Item], Read]] = []
        """What came while it was not known how the stream is read, to be read again once it is."""
        self._early_bytes = 0
        self._may_reread = True
        self._rereads = 0
        self._parsed: dict[int, Any] = {}
        self._last_event: tuple[Event, Any] | None = None
        """Of an app's own, which may pass on a vendor's events and end them in its own way."""
        self._last_read: Read | None = None
        self._begin(None)

    def _begin(self, ttfb_ns: int | None) -> None:
        """As before the first event."""
        self.items: list[Item] = []
        self.messages: list[Message] = []
        self.meter = Meter()
        self.meter.ttfb_ns = ttfb_ns
        self.comments = 0
        self.heartbeats = 0
        self.content_deltas = 0
        self.finish_reasons: dict[int, str] = {}
        self._incomplete: dict[int, str] = {}
        self.error: Delta | None = None
        self.error_as_text = False
        self.merged = 0
        """How many JSON documents one event held, the first time that happened."""
        self.ignored = IgnoredLines()
        self.tail: Tail | None = None
        self.unknown_events = 0
        self.unknown_types: dict[str, None] = {}
        self.over_limit: LimitExceeded | None = None
        self.answer = KeptAnswer()
        self._choices: set[int] = set()
        self._ended = False
        self._doubt = ""

    @property
    def named(self) -> bool:
        """Whether the dialect was named, so that the events do not change it."""
        return self._recognition.named

    @property
    def looks_like(self) -> str | None:
        """A vendor's dialect, which the events tell, where an app's own was named."""
        return self._recognition.looks_like

    @property
    def expected(self) -> Dialect | None:
        """The dialect that was named, or that the path tells, where the events are another vendor's."""
        return self._recognition.expected

    @property
    def dialect(self) -> Dialect:
        """The dialect in force; `plain` until another is recognised. Of an app's own: with what was learned of it."""
        return self._recognition.dialect

    @property
    def event_format(self) -> EventFormat | None:
        """How an app's own stream is read; None for a vendor's."""
        return self._recognition.event_format

    @property
    def end_mark(self) -> str | None:
        """The end mark of an app's own stream, in words; None if none has come, or the stream is a vendor's."""
        mark = self._recognition.end_mark
        return mark.words if mark is not None and self._ended else None

    @property
    def last_data(self) -> str | None:
        """The data of the last event of an app's own stream."""
        return self._last_event[0].data if self._last_event is not None else None

    @property
    def end_is_proven(self) -> bool:
        """Whether a clean end can be told from a cut: the dialect has an end mark, or one has come."""
        return self._ended or self.dialect.end_rule is not EndRule.BODY

    @property
    def _ends_by_finish(self) -> bool:
        return self._recognition.dialect.end_rule is EndRule.FINISH

    @property
    def is_surely_over(self) -> bool:
        """Whether nothing more is to be expected but the end of the body."""
        return self._ended and self._recognition.ends_for_sure

    @property
    def ends_in_silence(self) -> bool:
        """Whether silence after what came is the end, and no stall: an end mark came, and no finish reason, after which
        an app may call a tool.
        """
        mark = self._recognition.end_mark
        if not self._ended or mark is None or mark.filled is not None or self._last_event is None:
            return False
        return self._recognition.has_end_mark(*self._last_event)

    def receive(self, chunk: Chunk) -> list[Received]:
        """Takes one chunk; returns what it completed."""
        self.body_bytes += len(chunk.data)
        self._last_read = chunk.read
        return self._take_items(self.parser.receive(chunk.data), chunk.read)

    def receive_eof(self, view: StreamView | None = None) -> None:
        """Ends the body, and shows what its end completed, which came with the last chunk."""
        items = self.parser.receive_eof()
        if self._last_read is None:
            return
        again = self._look(items) if self._recognition.is_open else []
        again = self._close() or again
        received = again + self._take(items, self._last_read)
        if received and view:
            view.received(Chunk(b"", self._last_read), received, self.dialect)

    def _take_items(self, items: list[Item], read: Read) -> list[Received]:
        again: list[Received] = []
        if self._recognition.is_open:
            again = self._look(items)
            if self._may_reread:
                self._early.append((items, read))
        elif self._early:
            self._early.clear()
        return again + self._take(items, read)

    def _look(self, items: list[Item]) -> list[Received]:
        """Looks at events before they are decoded; what came before them is read again if they show another format."""
        if self._may_reread and (self._early_bytes > _MAX_EARLY_BYTES or self._rereads >= _MAX_REREADS):
            self._may_reread = False
            self._early.clear()
        self._early_bytes = self.body_bytes
        events = self._events(items)
        self._parsed = {id(event): value for event, value in events}  # they are not parsed once more when taken
        if not self._recognition.look(events, self._early_events):
            return []
        if self._may_reread:
            return self._read_again()
        self._recognition.begin_again()  # what came before was too much to be kept
        return []

    def _early_events(self) -> list[tuple[Event, Any]]:
        return [each for items, _ in self._early for each in self._events(items)]

    def _events(self, items: list[Item]) -> list[tuple[Event, Any]]:
        return [(item, self._payload(item)) for item in items if isinstance(item, Event)]

    def _close(self) -> list[Received]:
        """Nothing that comes from here on changes how the stream is read."""
        changed = self._recognition.close()
        received = self._read_again() if changed and self._may_reread else []
        self._early.clear()
        return received

    def _read_again(self) -> list[Received]:
        """Reads what came from the beginning, by what is known now."""
        self._rereads += 1
        self._begin(self.meter.ttfb_ns)
        self._recognition.begin_again()
        parsed, self._parsed = self._parsed, {}
        received = [each for items, read in self._early for each in self._take(items, read)]
        self._parsed = parsed
        return [Received(each.item, each.deltas, again=True) for each in received]

    def _take(self, items: list[Item], read: Read) -> list[Received]:
        received = []
        events = content_events = 0
        ended = False
        if self._keep:
            self.items += items
        for item in items:
            if isinstance(item, Event):
                deltas = self._take_event(item, read)
                events += 1
                before = self.content_deltas
                for delta in deltas:
                    if delta.kind in CONTENT_KINDS and (delta.text or delta.name):
                        self.content_deltas += 1
                        ended = False
                    elif delta.kind in _ENDS or (delta.kind is Kind.FINISH and self._ends_by_finish):
                        ended = True
                content_events += self.content_deltas > before
                received.append(Received(item, deltas))
            else:
                if isinstance(item, Comment):
                    self.comments += 1
                elif isinstance(item, LimitExceeded) and self.over_limit is None:
                    self.over_limit = item
                elif isinstance(item, Tail):
                    self.tail = item
                    if item.ignored is not None:
                        self.ignored.take(item.ignored)
                elif isinstance(item, IgnoredField):
                    self.ignored.take(item)
                if not isinstance(item, Frame | Tail):
                    received.append(Received(item))
        self.meter.add(read, events, content_events, ended=ended)
        return received

    def finish(self, body_end: BodyEnd, t_ns: int) -> Outcome:
        """Says what became of the stream, once its body has ended."""
        self.meter.settle()
        self.meter.end_ns = t_ns
        self.error = self.error or self.ignored.failure
        if self.error is None and (late := self._recognition.late_failure()) is not None:
            self.error, self.error_as_text = late
        return judge(self._stream_end(), body_end)

    @property
    def lacks_terminator(self) -> bool:
        """Whether all that began has finished, and only the terminator is missing, on a path that promised none."""
        return self._stream_end().finished_without_terminator

    def _stream_end(self) -> StreamEnd:
        return StreamEnd(
            dialect=self.dialect,
            error=self.error,
            foreign_error=self.ignored.is_foreign and self.error is self.ignored.failure,
            lost=self.ignored.lost,
            ended=self._ended,
            doubt=self._doubt,
            pending=self.tail.pending if self.tail is not None else None,
            events=self.meter.events,
            choices=self._choices,
            finished=self.finish_reasons,
            over_limit=self.over_limit,
            looks_like=self.looks_like,
            expected=self.expected.name if self.expected is not None else None,
            by_events=self.dialect.by_events,
            own_end=self._last_event is not None and self._recognition.has_end_mark(*self._last_event),
            error_as_text=self.error_as_text,
            last=self.last_data,
            awaited=self._recognition.awaited,
            merged=self.merged,
        )

    def _take_event(self, event: Event, read: Read) -> tuple[Delta, ...]:
        # Parsed here, once, for whoever wants to know.
        value = self._payload(event)
        if value is NO_PAYLOAD and not self.merged:
            self.merged = documents(event.data)
        if self._recognition.is_an_apps:
            self._last_event = event, value
        deltas = self._recognition.decode(event, value)
        for delta in deltas:
            self._take_delta(delta)
        if self._keep:
            self.messages.append(Message(len(self.messages), event, value, deltas, read))
        return deltas

    def _payload(self, event: Event) -> Any:
        if self._parsed and id(event) in self._parsed:
            return self._parsed.pop(id(event))
        return NO_PAYLOAD if self.framing is Framing.TEXT else payload(event)

    def _take_delta(self, delta: Delta) -> None:
        match delta.kind:
            case Kind.TEXT | Kind.REASONING | Kind.REFUSAL:
                if self._recognition.may_go_on:
                    self._ended = False  # so that was no end mark
                self.answer.add_text(delta)
            case Kind.TOOL_CALL:
                self.answer.add_tool_call(delta)
            case Kind.CITATION:
                self.answer.add_citation(delta)
            case Kind.STEP:
                self.answer.begin_step()
            case Kind.RESET:
                self.answer.reset_step()
            case Kind.OPEN:
                self._open(delta.choice)
            case Kind.FINISH:
                self._finish(delta)
            case Kind.USAGE:
                self._take_usage(delta)
            case Kind.ERROR:
                self.error = self.error or delta
            case Kind.END:
                self._ended, self._doubt = True, delta.text
            case Kind.HEARTBEAT:
                self.heartbeats += 1
            case Kind.UNKNOWN:
                self.unknown_events += 1
                if len(self.unknown_types) < _MAX_UNKNOWN_TYPES:
                    self.unknown_types[(delta.type or "?")[:MAX_NAME_CHARS]] = None

    def _take_usage(self, delta: Delta) -> None:
        if delta.output_tokens is not None:
            self.meter.output_tokens = delta.output_tokens
        if delta.input_tokens is not None:
            self.meter.input_tokens = delta.input_tokens

    def _finish(self, delta: Delta) -> None:
        if delta.choice in self._choices:
            self.finish_reasons[delta.choice] = delta.text[:MAX_NAME_CHARS]
            if delta.incomplete:
                self._incomplete[delta.choice] = delta.incomplete

    def _open(self, choice: int) -> None:
        if len(self._choices) <= MAX_CHOICES:
            self._choices.add(choice)
        if self._recognition.dialect.end_rule is EndRule.FINISH:
            # The last event of a choice counts: what goes on has not finished.
            self.finish_reasons.pop(choice, None)
            self._incomplete.pop(choice, None)

    @property
    def incomplete(self) -> str | None:
        """What the first choice that says so says is missing from its answer."""
        return self._incomplete[min(self._incomplete)] if self._incomplete else None

    @property
    def ended(self) -> bool:
        """Whether the terminator has come."""
        return self._ended
