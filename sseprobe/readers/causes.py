"""Why a client reads a stream differently, where that is known: what the bytes hold at that place. Pure.

A cause is a fact about the stream that clients are known to stumble over; the first in the table that is true there and
fits the kind of difference is named. Measured with the versions in docs/readers.md.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

from msgspec import Struct

from sseprobe.framing import Framing, new_parser
from sseprobe.readers.base import View
from sseprobe.readers.comparison import Difference, Kind
from sseprobe.sse import Bom, Comment, Event, Fields, Frame, IgnoredField, IgnoredReason, InvalidUtf8, Item, Tail
from sseprobe.text import one_line
from sseprobe.units import human_bytes

_LARGE: Final = 64 * 1024
_BREAKS: Final = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_DATA_GIVEN: Final = re.compile(rb"(?:^|[\r\n])data:(?! )")
_LINE_END: Final = re.compile(rb"[\r\n]")
_LOSSES: Final = frozenset({Kind.LOST, Kind.CHANGED, Kind.RAISED, Kind.MERGED})
_ALL: Final = frozenset(Kind)


class Body:
    """The bytes that arrived, parsed once for all readers."""

    def __init__(self, chunks: Sequence[bytes], events: Sequence[Event], framing: Framing, content_type: str) -> None:
        self.body = b"".join(chunks)
        self.events = events
        self.content_type = content_type
        self.cuts = list(accumulate(map(len, chunks)))
        self.framing = framing

    @cached_property
    def items(self) -> list[Item]:
        """What our parser says."""
        parser = new_parser(self.framing)
        return [*parser.receive(self.body), *parser.receive_eof()]

    @cached_property
    def frames(self) -> list[Frame]:
        """The frames, in order."""
        return [item for item in self.items if isinstance(item, Frame)]

    @cached_property
    def _frame_ends(self) -> list[int]:
        return [frame.end for frame in self.frames]

    @cached_property
    def odd(self) -> list[Item]:
        """Everything that is no event, frame or comment."""
        return [item for item in self.items if not isinstance(item, Event | Frame | Comment)]

    def frames_in(self, start: int, end: int) -> list[Frame]:
        """Those that end after `start` and begin before `end`."""
        first = bisect_right(self._frame_ends, start)
        last = first
        while last < len(self.frames) and self.frames[last].start < end:
            last += 1
        return self.frames[first:last]

    @cached_property
    def tail(self) -> Tail | None:
        """What was pending at the end."""
        last = self.items[-1] if self.items else None
        return last if isinstance(last, Tail) else None


class Place(Struct, frozen=True):
    """Where a difference is: its bytes and the events around."""

    of: Body
    reader: str
    view: View
    difference: Difference
    start: int
    end: int
    events: Sequence[Event]

    @property
    def piece(self) -> bytes:
        """Its bytes."""
        return self.of.body[self.start : self.end]

    @property
    def frames(self) -> list[Frame]:
        """Its frames."""
        return self.of.frames_in(self.start, self.end)

    def has(self, kind: type[Item]) -> bool:
        """Whether an item of this type lies here."""
        return any(isinstance(item, kind) and item.start < self.end and item.end > self.start for item in self.of.odd)


def place_of(body: Body, reader: str, view: View, difference: Difference) -> Place:
    """From the end of the last event that was right to the end of the last that was not."""
    events, count = body.events, len(body.events)
    if difference.event is None:
        first = last = count
    elif difference.kind in (Kind.INVENTED, Kind.DOUBLED):
        first, last = difference.event + 1, difference.event + 1
    elif difference.kind is Kind.RAISED:
        first = last = difference.event
    else:
        first, last = difference.event, difference.event + difference.count - 1
    start = events[first - 1].end if 0 < first <= count else 0
    end = events[last].end if last < count else len(body.body)
    return Place(body, reader, view, difference, start, end, events[first : last + 1])


def cause_of(place: Place) -> str | None:
    """What is known to make clients differ, as a clause, None if nothing of it is here."""
    for kinds, look in _CAUSES:
        if place.difference.kind in kinds and (said := look(place)):
            return said
    return None


Look = Callable[[Place], str | None]


def _byte_order_mark(place: Place) -> str | None:
    return "the stream begins with a byte order mark" if place.start == 0 and place.has(Bom) else None


def _content_type(place: Place) -> str | None:
    said = place.of.content_type
    stream = said.partition(";")[0].strip() in ("text/event-stream", "application/x-ndjson")
    return None if stream or place.start else f"the Content-Type is {one_line(said, 60)!r}"


def _charset(place: Place) -> str | None:
    named = _CHARSET.search(place.of.content_type)
    if named is None or named[1].lower() in ("utf-8", "utf8") or place.piece.isascii():
        return None
    return f"the Content-Type names the charset {one_line(named[1], 40)}, but an event stream is always UTF-8"


def _invalid_utf8(place: Place) -> str | None:
    return "its bytes are not valid UTF-8" if place.has(InvalidUtf8) else None


def _pending(place: Place) -> str | None:
    tail = place.of.tail
    if tail is None or place.end <= tail.start or tail.data is None:
        return None
    return "the body ends without a blank line: what is pending there must be discarded"


def _block_without_data(place: Place) -> str | None:
    for frame in place.frames:
        # Events end with the CR of a CRLF: a frame that is only its LF lies before this place.
        if frame.fields & Fields.DATA or frame.start < place.start - 1:
            continue
        if place.of.framing is Framing.LINES:
            return "a line is empty"
        named = [
            n for n, bit in (("event", Fields.EVENT), ("id", Fields.ID), ("retry", Fields.RETRY)) if frame.fields & bit
        ]
        if named:
            return f"a block with {' and '.join(named)} has no data"
        if _id_before(place):
            return f"a {'comment' if frame.fields & Fields.COMMENT else 'blank'} block follows an id"
    return None


def _id_before(place: Place) -> bool:
    before = bisect_left(place.of.events, place.start + 1, key=lambda event: event.end)
    return before > 0 and bool(place.of.events[before - 1].last_event_id)


def _split_crlf(place: Place) -> str | None:
    body, cuts = place.of.body, place.of.cuts
    for cut in cuts[bisect_left(cuts, place.start) : bisect_right(cuts, place.end)]:
        if body[cut - 1 : cut + 1] == b"\r\n":
            return f"a CRLF is split between two chunks (byte {cut})"
    return None


def _carriage_returns(place: Place) -> str | None:
    piece = place.piece.replace(b"\r\n", b"")
    return "its lines end with CR alone" if b"\r" in piece[:-1] else None


def _mixed_endings(place: Place) -> str | None:
    kinds = 0
    for frame in place.frames:
        kinds |= frame.newlines
    return "LF and CRLF are mixed" if kinds & (kinds - 1) else None


def _line_separators(place: Place) -> str | None:
    for event in place.events:
        if found := _BREAKS.search(event.data):
            return f"U+{ord(found[0]):04X} stands raw in its data, where some clients end a line"
    return None


def _nul_in_id(place: Place) -> str | None:
    refused = (item for item in place.of.odd if isinstance(item, IgnoredField) and item.start < place.end)
    nul = any(item.reason is IgnoredReason.NUL_IN_ID for item in refused)
    return "an id with NUL must be ignored" if nul else None


def _white_space(place: Place) -> str | None:
    for event in place.events:
        if any(line.startswith(" ") for line in event.data.split("\n", 64)):
            return "its data begins with a space, of which only the first belongs to the field"
        if event.data.endswith("\n"):
            return "its last data line is empty, and part of it"
    return None


def _empty_data(place: Place) -> str | None:
    return "its data is empty" if any(not event.data.strip() for event in place.events[:1]) else None


def _no_name(place: Place) -> str | None:
    if place.reader != "anthropic" or not place.events or place.events[0].type != "message":
        return None
    return "it has no event field, and this SDK ignores those"


def _gemini_lines(place: Place) -> str | None:
    """This SDK is no SSE parser: any line that does not begin with `data: ` it takes for JSON."""
    if place.reader != "google-genai":
        return None
    fields = 0
    for frame in place.frames:
        fields |= frame.fields
    if fields & Fields.COMMENT:
        return "a comment stands there, which this SDK takes for JSON"
    if fields & (Fields.EVENT | Fields.ID | Fields.RETRY | Fields.IGNORED):
        return "a field other than data stands there, which this SDK takes for JSON"
    if _DATA_GIVEN.search(place.piece):
        return "no space follows `data:`, and this SDK wants one"
    return None


def _not_json(place: Place) -> str | None:
    from sseprobe.dialects.base import NO_PAYLOAD, payload

    if place.view is View.EVENTS or not place.events:
        return None
    return "its data is not JSON" if payload(place.events[0]) is NO_PAYLOAD else None


def _large(place: Place) -> str | None:
    longest = max(map(len, _LINE_END.split(place.piece)), default=0)
    return f"a line of it has {human_bytes(longest)}" if longest > _LARGE else None


# The first that is true is named: what explains much comes before what explains little.
_CAUSES: Final[Sequence[tuple[frozenset[Kind], Look]]] = (
    (frozenset({Kind.RAISED}), _content_type),
    (_LOSSES | {Kind.INVENTED}, _byte_order_mark),
    (_LOSSES, _gemini_lines),
    (frozenset({Kind.INVENTED, Kind.RAISED}), _block_without_data),
    (frozenset({Kind.CHANGED, Kind.RAISED, Kind.LOST}), _charset),
    (_LOSSES, _invalid_utf8),
    (frozenset({Kind.INVENTED, Kind.RAISED, Kind.LOST}), _pending),
    (_LOSSES | {Kind.INVENTED}, _line_separators),
    (_ALL, _split_crlf),
    (_ALL, _carriage_returns),
    (_ALL, _mixed_endings),
    (frozenset({Kind.CHANGED}), _nul_in_id),
    (frozenset({Kind.CHANGED}), _white_space),
    (_LOSSES, _large),
    (frozenset({Kind.LOST, Kind.RAISED, Kind.CHANGED}), _empty_data),
    (frozenset({Kind.LOST}), _no_name),
    (frozenset({Kind.LOST, Kind.RAISED, Kind.CHANGED}), _not_json),
)
