"""Receives one stream, live or recorded: bytes become items, items deltas; `tally.py` counts them. No I/O."""

from typing import Any, Final

from msgspec import Struct

from sseprobe import dialects
from sseprobe.dialects.base import NO_PAYLOAD, Delta, DeltaKind, Dialect, EndRule, documents, payload
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.http_exchange import BodyEnd, Chunk, Read
from sseprobe.sse import Event, Frame, Item, Tail
from sseprobe.sse.framing import Framing, new_parser
from sseprobe.streams.ending import Outcome, StreamEnd, judge
from sseprobe.streams.recognition import Recognition
from sseprobe.streams.tally import StreamTally
from sseprobe.streams.view import Received, StreamView

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

    def has(self, *kinds: DeltaKind) -> bool:
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
        self.tally = StreamTally(self._recognition, ttfb_ns)
        self.error_as_text = False

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
        return mark.words if mark is not None and self.tally.ended else None

    @property
    def last_data(self) -> str | None:
        """The data of the last event of an app's own stream."""
        return self._last_event[0].data if self._last_event is not None else None

    @property
    def end_is_proven(self) -> bool:
        """Whether a clean end can be told from a cut: the dialect has an end mark, or one has come."""
        return self.tally.ended or self.dialect.end_rule is not EndRule.BODY

    @property
    def is_certainly_over(self) -> bool:
        """Whether nothing more is to be expected but the end of the body."""
        return self.tally.ended and self._recognition.end_is_certain

    @property
    def ends_in_silence(self) -> bool:
        """Whether silence after what came is the end, and no stall: an end mark came, and no finish reason, after which
        an app may call a tool.
        """
        mark = self._recognition.end_mark
        if not self.tally.ended or mark is None or mark.filled is not None or self._last_event is None:
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
        self._begin(self.tally.meter.ttfb_ns)
        self._recognition.begin_again()
        parsed, self._parsed = self._parsed, {}
        received = [each for items, read in self._early for each in self._take(items, read)]
        self._parsed = parsed
        return [Received(each.item, each.deltas, again=True) for each in received]

    def _take(self, items: list[Item], read: Read) -> list[Received]:
        received = []
        if self._keep:
            self.items += items
        for item in items:
            if isinstance(item, Event):
                received.append(Received(item, self._take_event(item, read)))
            elif not isinstance(item, Frame):
                self.tally.add_item(item)
                if not isinstance(item, Tail):
                    received.append(Received(item))
        self.tally.add_read(read)
        return received

    def finish(self, body_end: BodyEnd, t_ns: int) -> Outcome:
        """What became of the stream, once its body has ended."""
        tally = self.tally
        tally.meter.settle()
        tally.meter.end_ns = t_ns
        tally.error = tally.error or tally.ignored.failure
        if tally.error is None and (late := self._recognition.late_failure()) is not None:
            tally.error, self.error_as_text = late
        return judge(self._stream_end(), body_end)

    @property
    def lacks_terminator(self) -> bool:
        """Whether all that began has finished, and only the terminator is missing, on a path that promised none."""
        return self._stream_end().finished_without_terminator

    def _stream_end(self) -> StreamEnd:
        tally = self.tally
        return StreamEnd(
            dialect=self.dialect,
            error=tally.error,
            foreign_error=tally.ignored.is_foreign and tally.error is tally.ignored.failure,
            lost=tally.ignored.lost,
            ended=tally.ended,
            doubt=tally.doubt,
            pending=tally.tail.pending if tally.tail is not None else None,
            events=tally.meter.events,
            choices=tally.choices,
            finished=tally.finish_reasons,
            over_limit=tally.over_limit,
            looks_like=self.looks_like,
            expected=self.expected.name if self.expected is not None else None,
            by_events=self.dialect.by_events,
            own_end=self._last_event is not None and self._recognition.has_end_mark(*self._last_event),
            error_as_text=self.error_as_text,
            last=self.last_data,
            awaited=self._recognition.awaited,
            merged=tally.merged,
        )

    def _take_event(self, event: Event, read: Read) -> tuple[Delta, ...]:
        # Parsed here, once, for all that look at it.
        value = self._payload(event)
        if value is NO_PAYLOAD and not self.tally.merged:
            self.tally.merged = documents(event.data)
        if self._recognition.is_an_apps:
            self._last_event = event, value
        deltas = self._recognition.decode(event, value)
        self.tally.add_event(deltas)
        if self._keep:
            self.messages.append(Message(len(self.messages), event, value, deltas, read))
        return deltas

    def _payload(self, event: Event) -> Any:
        if self._parsed and id(event) in self._parsed:
            return self._parsed.pop(id(event))
        return NO_PAYLOAD if self.framing is Framing.TEXT else payload(event)
