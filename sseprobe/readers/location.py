"""Where in the stream a reader differs: the bytes and items there, as a transcript of their own for rules to judge."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

from msgspec import Struct

from sseprobe import dialects
from sseprobe.dialects.base import NO_PAYLOAD, Dialect
from sseprobe.http_exchange import Clock, Read
from sseprobe.readers.base import OutputShape
from sseprobe.readers.comparison import Difference, DifferenceKind
from sseprobe.sse import Event, Item
from sseprobe.sse.framing import Framing, new_parser
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript

_READ: Final = Read(0, 0, Clock.USER, None, 0)
"""When what is parsed again arrived is of no interest."""


class Body:
    """The bytes that arrived, parsed once for all readers. `cuts`: where the chunks end."""

    def __init__(
        self,
        chunks: Sequence[bytes],
        events: Sequence[Event],
        framing: Framing,
        content_type: str,
        dialect: Dialect | None = None,
    ) -> None:
        self.body = b"".join(chunks)
        self.events = events
        self.framing = framing
        self.content_type = content_type
        self.dialect = dialect or dialects.by_name(dialects.PLAIN)
        self.cuts = list(accumulate(map(len, chunks)))

    @cached_property
    def whole(self) -> Transcript:
        parser = new_parser(self.framing)
        items = [*parser.receive(self.body), *parser.receive_eof()]
        return self._transcript(self.body, items)

    def part(self, start: int, end: int) -> Transcript:
        """The items that touch these bytes, and an empty event before them that carries the id in force there.

        `body` holds these bytes alone, while spans count from the start of the stream.
        """
        before = bisect_left(self.events, start + 1, key=lambda event: event.end)
        last_id = self.events[before - 1].last_event_id if before else ""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        items = [item for item in self.whole.items[first:last] if item.start < end and item.end > start]
        return self._transcript(self.body[start:end], [Event("message", "", last_id, start, start), *items])

    def _transcript(self, body: bytes, items: Sequence[Item]) -> Transcript:
        events = [item for item in items if isinstance(item, Event)]
        messages = [Message(number, event, NO_PAYLOAD, (), _READ) for number, event in enumerate(events)]
        return Transcript(body, items, "", None, self.framing, self.dialect, messages)

    @cached_property
    def _ends(self) -> list[int]:
        """For each item, where it and all before it have ended."""
        return list(accumulate((item.end for item in self.whole.items), max))

    @cached_property
    def _starts(self) -> list[int]:
        """For each item, where the first of it and all after it starts."""
        return list(accumulate((item.start for item in reversed(self.whole.items)), min))[::-1]


class Location(Struct, frozen=True, dict=True):
    """Where a difference is: its bytes, from `start` to `end`, and the events concerned."""

    of: Body
    reader: str
    shape: OutputShape
    difference: Difference
    start: int
    end: int
    events: Sequence[Event]

    @property
    def piece(self) -> bytes:
        return self.of.body[self.start : self.end]

    @cached_property
    def stream(self) -> Transcript:
        return self.of.part(self.start, self.end)


def location_of(body: Body, reader: str, shape: OutputShape, difference: Difference) -> Location:
    """From the end of the last event that was right to the end of the last that was not."""
    events, count = body.events, len(body.events)
    if difference.event is None:
        first = last = count
    elif difference.kind in (DifferenceKind.INVENTED, DifferenceKind.DOUBLED):
        first = last = difference.event + 1
    elif difference.kind is DifferenceKind.RAISED:
        first = last = difference.event
    else:
        first, last = difference.event, difference.event + difference.count - 1
    start = events[first - 1].end if 0 < first <= count else 0
    if start and body.body[start - 1 : start + 1] == b"\r\n":
        start += 1  # an event ends with the CR of its blank line
    end = events[last].end if last < count else len(body.body)
    return Location(body, reader, shape, difference, start, max(start, end), events[first : last + 1])
