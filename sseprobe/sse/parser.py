"""The event stream parser: WHATWG HTML 9.2.6 on bytes, sans-IO.

Strategy. Bytes are split before they are decoded: CR, LF, colon and the field names are ASCII, and ASCII bytes never
occur inside a UTF-8 sequence, so the outcome is that of decoding first. A piece of body with one kind of line ending
is split into frames at once; a frame that is one `data: ` line, perhaps after an `event: ` line, as nearly all are,
takes a short way. A lone CR ends its line at once; an LF that follows later is added to the frame, not waited for.

Cost. Every byte is looked at a bounded number of times, whatever the cuts. Held at most: one unfinished line
(`max_line_bytes`) and one unfinished event (`max_event_bytes`).

Limits. A retry beyond 64 bits is clamped. `InvalidUtf8` names only the first bad sequence of a line.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from io import StringIO
from typing import Final

from sseprobe.sse.items import (
    Bom,
    Comment,
    Event,
    Fields,
    Frame,
    IgnoredField,
    IgnoredReason,
    InvalidUtf8,
    Item,
    LimitExceeded,
    Newlines,
    Retry,
    Tail,
)

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_EVENT_BYTES: Final = 16 * 1024 * 1024

_BOM: Final = b"\xef\xbb\xbf"
_CR: Final = 13
_LF: Final = 10
_MAX_RETRY_MS: Final = 2**63 - 1
_DIGITS: Final = frozenset(b"0123456789")


class EventStreamParser:
    """Turns the bytes of an event stream into items, promptly: an item comes out with the byte that completes it.

    `last_event_id`: what an earlier connection left, since the last event ID string outlives a reconnection.
    `max_line_bytes`, `max_event_bytes`: beyond them a `LimitExceeded` item comes, and the frame is skipped.
    """

    def __init__(
        self,
        *,
        last_event_id: str = "",
        max_line_bytes: int = MAX_LINE_BYTES,
        max_event_bytes: int = MAX_EVENT_BYTES,
    ) -> None:
        self.last_event_id = last_event_id
        """The last event ID string, as committed by the last blank line."""
        self.retry_ms: int | None = None
        """The reconnection time in force, None if the stream set none."""
        self._max_line_bytes = max_line_bytes
        self._max_event_bytes = max_event_bytes
        self._max_whole_bytes = min(max_line_bytes, max_event_bytes)

        self._closed = False
        self._head: bytes | None = b""  # the first bytes, while they may still become a byte order mark
        self._position = 0  # body offset of the next byte to be received
        self._frame_start = 0
        self._line = bytearray()  # the unfinished line
        self._line_start = 0
        self._line_skipped = False  # the unfinished line is over the limit
        self._after_cr = False  # the last byte was a CR: an LF now belongs to it
        self._frame_ended = False  # ... and that CR ended the frame

        self._data: str | None = None  # the first data line
        self._more: StringIO | None = None  # all data lines, once there are two: a list of tiny strings is large
        self._data_bytes = 0
        self._type = ""
        self._id = last_event_id
        self._fields = 0
        self._newlines = 0

    def receive(self, data: bytes) -> list[Item]:
        """Takes the next bytes of the body and returns the items they complete, in order. `b""` returns nothing.

        Raises ValueError after `receive_eof`.
        """
        if self._closed:
            raise ValueError("receive() after receive_eof(): the body had ended")
        items: list[Item] = []
        if self._head is not None:
            data = self._settle_bom(data, items)
        if not data:
            return items
        if self._after_cr:
            joins = data[0] == _LF
            self._settle_cr(Newlines.CRLF if joins else Newlines.CR, items)
            data = data[1:] if joins else data
        if len(data) > self._max_whole_bytes or (newline := _only_newline(data)) is None:
            self._receive_mixed(data, items)
        else:
            self._receive_uniform(data, newline, items)
        return items

    def receive_eof(self) -> list[Item]:
        """Ends the body. What has not been dispatched becomes the tail, never an event."""
        if self._closed:
            raise ValueError("receive_eof() a second time: the body had ended")
        items: list[Item] = []
        if self._head:
            held, self._head = self._head, None
            self._hold(held, items)
        self._closed = True
        if self._after_cr:
            self._settle_cr(Newlines.CR, items)
        if self._position == self._frame_start:
            return items
        # "Once the end of the file is reached, any pending data must be discarded."
        if self._line and not self._fields & Fields.TOO_LARGE:
            self._take_line(bytes(self._line), self._line_start, items, ended=False)
        items.append(
            Tail(
                data=self._more.getvalue() if self._more else self._data,
                fields=self._fields,
                start=self._frame_start,
                end=self._position,
            )
        )
        return items

    def _settle_bom(self, data: bytes, items: list[Item]) -> bytes:
        """Strips one leading byte order mark (the "UTF-8 decode" algorithm); returns what is to be parsed now."""
        data = (self._head or b"") + data
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._head = data
            return b""
        self._head = None
        if not data.startswith(_BOM):
            return data
        items.append(Bom(0, len(_BOM)))
        self._position = self._line_start = len(_BOM)
        return data[len(_BOM) :]

    def _settle_cr(self, newline: int, items: list[Item]) -> None:
        """Says what the CR at the end of the last piece turned out to be."""
        self._after_cr = False
        self._newlines |= newline
        if newline == Newlines.CRLF:
            self._position += 1
            self._line_start = self._position
        if self._frame_ended:
            self._end_frame(items)

    def _receive_uniform(self, data: bytes, newline: bytes, items: list[Item]) -> None:
        """Takes a piece that has one style of line ending and fits the limits by itself."""
        frames = data.split(newline + newline)
        rest = frames.pop()
        width, style = len(newline), Newlines.LF if newline == b"\n" else Newlines.CRLF
        if frames:
            each = iter(frames)
            if self._position != self._frame_start:
                self._take_lines(next(each) + newline + newline, newline, width, style, items)
            start = self._position
            append = items.append
            for frame in each:
                # Here a frame begins, since a blank line has just ended the one before.
                kind, line, fields = b"message", frame, Fields.DATA
                if frame.startswith(b"event: "):
                    kind, _, line = frame[7:].partition(newline)
                    fields |= Fields.EVENT
                if line.startswith(b"data: ") and b"\n" not in line:
                    try:
                        event_type, text = kind.decode(), line[6:].decode()
                    except UnicodeDecodeError:
                        pass
                    else:
                        blank = start + len(frame) + width
                        end = blank + width
                        append(Event(event_type or "message", text, self.last_event_id, start, blank + 1))
                        append(Frame(start, end, fields, style))
                        start = end
                        continue
                self._position = self._line_start = self._frame_start = start
                self._take_lines(frame + newline + newline, newline, width, style, items)
                start = self._position
            self._position = self._line_start = self._frame_start = start
        self._take_lines(rest, newline, width, style, items)

    def _take_lines(self, data: bytes, newline: bytes, width: int, style: int, items: list[Item]) -> None:
        """Takes a piece with one style of line ending, line by line."""
        lines = data.split(newline)
        rest = lines.pop()
        for line in lines:
            self._end_line(line, width, style, items)
        self._hold(rest, items)

    def _receive_mixed(self, data: bytes, items: list[Item]) -> None:
        """Takes any piece: line endings mixed, or a CR at its end whose LF may yet come."""
        size = len(data)
        offset = 0
        lf, cr = data.find(b"\n"), data.find(b"\r")
        while lf >= 0 or cr >= 0:
            if cr < 0 or 0 <= lf < cr:
                stop, width, newline = lf, 1, Newlines.LF
            elif lf == cr + 1:
                stop, width, newline = cr, 2, Newlines.CRLF
            else:
                stop, width, newline = cr, 1, Newlines.CR if cr + 1 < size else 0
            self._end_line(data[offset:stop], width, newline, items)
            offset = stop + width
            if 0 <= lf < offset:
                lf = data.find(b"\n", offset)
            if 0 <= cr < offset:
                cr = data.find(b"\r", offset)
        self._hold(data[offset:], items)

    def _hold(self, piece: bytes, items: list[Item]) -> None:
        """Keeps the beginning of a line whose end has not come."""
        self._position += len(piece)
        if self._line_skipped:
            return
        if self._position - self._line_start > self._max_line_bytes:
            self._line.clear()
            self._line_skipped = True
            self._give_up_line(items)
        else:
            self._line += piece

    def _end_line(self, piece: bytes, width: int, newline: int, items: list[Item]) -> None:
        """Ends a line with its last piece and `width` bytes of line ending; `newline` 0: a CR whose LF may yet come."""
        stop = self._position + len(piece)
        blank = stop == self._line_start
        if blank:
            # The event is out with the CR: its span does not wait for the LF of a CRLF.
            self._dispatch(stop + 1, items)
        elif self._line_skipped:
            self._line_skipped = False
        else:
            if self._line:
                piece = bytes(self._line) + piece
                self._line.clear()
            if len(piece) > self._max_line_bytes:
                self._give_up_line(items)
            elif not self._fields & Fields.TOO_LARGE:
                self._take_line(piece, self._line_start, items)
        self._position = self._line_start = stop + width
        if not newline:
            self._after_cr, self._frame_ended = True, blank
            return
        self._newlines |= newline
        if blank:
            self._end_frame(items)

    def _take_line(self, line: bytes, start: int, items: list[Item], *, ended: bool = True) -> None:
        """Processes one non-empty line. The last line of the body, if not `ended`, changes nothing but the tail."""
        colon = line.find(b":")
        if colon == 0:
            self._fields |= Fields.COMMENT
            text = self._decode(line[1:], start + 1, items)
            if ended:
                items.append(Comment(text, start, start + len(line)))
            return
        if colon < 0:
            name, value, value_start = line, b"", start + len(line)
        else:
            # "If value starts with a U+0020 SPACE character, remove it from value."
            skip = colon + 2 if line[colon + 1 : colon + 2] == b" " else colon + 1
            name, value, value_start = line[:colon], line[skip:], start + skip
        if name == b"data":
            self._data_bytes += len(value) + 1
            if self._data_bytes > self._max_event_bytes:
                self._give_up("event", self._max_event_bytes, self._frame_start, start + len(line), items)
                return
            self._fields |= Fields.DATA
            text = self._decode(value, value_start, items)
            if self._data is None:
                self._data = text
                return
            if self._more is None:
                self._more = StringIO()
                self._more.write(self._data)
            self._more.write("\n")
            self._more.write(text)
        elif name == b"event":
            self._fields |= Fields.EVENT
            self._type = self._decode(value, value_start, items)
        elif name == b"id":
            if b"\0" in value:
                self._ignore(line, value, IgnoredReason.NUL_IN_ID, start, items, ended=ended)
            else:
                self._fields |= Fields.ID
                self._id = self._decode(value, value_start, items)
        elif name == b"retry":
            if not _DIGITS.issuperset(value) or not value:
                self._ignore(line, value, IgnoredReason.RETRY_NOT_DIGITS, start, items, ended=ended)
            elif ended:
                self._fields |= Fields.RETRY
                self.retry_ms = _milliseconds(value)
                items.append(Retry(self.retry_ms, start, start + len(line)))
        else:
            self._ignore(line, value, IgnoredReason.UNKNOWN_NAME, start, items, ended=ended)

    def _ignore(
        self, line: bytes, value: bytes, reason: IgnoredReason, start: int, items: list[Item], *, ended: bool
    ) -> None:
        self._fields |= Fields.IGNORED
        name = self._decode(line, start, items).partition(":")[0]
        if ended:
            items.append(IgnoredField(name, value.decode(errors="replace"), reason, start, start + len(line)))

    def _decode(self, raw: bytes, start: int, items: list[Item]) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            bad = raw[error.start : error.end]
            items.append(InvalidUtf8(bad, start + error.start, start + error.end))
            return raw.decode(errors="replace")

    def _give_up_line(self, items: list[Item]) -> None:
        limit, start = self._max_line_bytes, self._line_start
        self._give_up("line", limit, start, start + limit + 1, items)

    def _give_up(self, kind: str, limit: int, start: int, end: int, items: list[Item]) -> None:
        """Skips what is left of this frame, and says so once."""
        if not self._fields & Fields.TOO_LARGE:
            items.append(LimitExceeded(kind, limit, start, end))
        self._fields |= Fields.TOO_LARGE
        self._data = self._more = None

    def _dispatch(self, end: int, items: list[Item]) -> None:
        """A blank line: commits the id, and dispatches the event if there is data."""
        # "Set the last event ID string of the event source to the value of the last event ID buffer."
        self.last_event_id = self._id
        if self._data is not None:
            data = self._more.getvalue() if self._more else self._data
            items.append(Event(self._type or "message", data, self._id, self._frame_start, end))
        self._data = self._more = None
        self._data_bytes = 0
        self._type = ""

    def _end_frame(self, items: list[Item]) -> None:
        items.append(Frame(self._frame_start, self._position, self._fields, self._newlines))
        self._frame_start = self._position
        self._fields = self._newlines = 0
        self._frame_ended = False


def _only_newline(data: bytes) -> bytes | None:
    """The line ending of a piece that has one kind only, LF or CRLF; None if they are mixed or cut."""
    if b"\r" not in data:
        return b"\n"
    pairs = data.count(b"\r\n")
    return b"\r\n" if data.count(b"\r") == pairs == data.count(b"\n") else None


def _milliseconds(digits: bytes) -> int:
    """Not int() of any length: that is quadratic, and refused beyond 4,300 digits."""
    digits = digits.lstrip(b"0")
    return min(int(digits or b"0"), _MAX_RETRY_MS) if len(digits) < 20 else _MAX_RETRY_MS
