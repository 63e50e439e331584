"""A body taken line by line, in any state: WHATWG HTML 9.2.6 to the letter, and the limits.

`parser.py` cuts a body into lines and knows shorter ways for whole frames; both speak of the same state, kept here.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from typing import Final

from sseprobe.sse.items import (
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
)

_MAX_RETRY_MS: Final = 2**63 - 1
_DIGITS: Final = frozenset(b"0123456789")


class LineInterpreter:
    """The state between two bytes of a body, and what a line does to it. Offsets are offsets in the body."""

    def __init__(self, *, last_event_id: str, max_line_bytes: int, max_event_bytes: int) -> None:
        self.last_event_id = last_event_id
        """The last event ID string, as committed by the last blank line."""
        self.retry_ms: int | None = None
        """The reconnection time in force, None if the stream set none."""
        self._max_line_bytes = max_line_bytes
        self._max_event_bytes = max_event_bytes

        self._closed = False
        self._position = 0  # of the next byte to be taken
        self._frame_start = 0
        self._line = bytearray()  # the unfinished line
        self._line_start = 0
        self._line_skipped = False  # the unfinished line is over the limit
        self._after_cr = False  # the last byte was a CR: an LF now belongs to it
        self._frame_ended = False  # ... and that CR ended the frame

        self._data = bytearray()  # the data buffer, each line with its LF
        self._type = ""
        self._id = last_event_id
        self._fields = 0
        self._newlines = 0

    def _hold(self, piece: bytes, items: list[Item]) -> None:
        """Adds to the unfinished line."""
        self._position += len(piece)
        if self._line_skipped:
            return
        start, limit = self._line_start, self._max_line_bytes
        if self._position - start > limit:
            self._line.clear()
            self._line_skipped = True
            self._give_up("line", limit, start, start + limit + 1, items)
        else:
            self._line += piece

    def _end_line(self, piece: bytes, width: int, newline: int, items: list[Item]) -> None:
        """Ends a line with its last piece and `width` bytes of line ending; `newline` 0: a CR whose LF may yet come."""
        self._hold(piece, items)
        stop = self._position
        blank = stop == self._line_start
        if blank:
            # The event is out with the CR: its span does not wait for the LF of a CRLF.
            self._dispatch(stop + 1, items)
        elif not self._fields & Fields.TOO_LARGE:
            self._take_line(bytes(self._line), self._line_start, items)
        self._line.clear()
        self._line_skipped = False
        self._position = self._line_start = stop + width
        if not newline:
            self._after_cr, self._frame_ended = True, blank
            return
        self._newlines |= newline
        if blank:
            self._end_frame(items)

    def _settle_cr(self, newline: int, items: list[Item]) -> None:
        """Says what the CR at the end of the last piece turned out to be: alone, or half of a CRLF."""
        self._after_cr = False
        self._newlines |= newline
        if newline == Newlines.CRLF:
            self._position += 1
            self._line_start = self._position
        if self._frame_ended:
            self._end_frame(items)

    def _take_line(self, line: bytes, start: int, items: list[Item]) -> None:
        """Processes one non-empty line. The end of the body cuts its last line, which changes nothing but the tail."""
        colon = line.find(b":")
        if colon == 0:
            self._fields |= Fields.COMMENT
            text = self._decode(line[1:], start + 1, items)
            if not self._closed:
                items.append(Comment(text, start, start + len(line)))
            return
        if colon < 0:
            name, value, value_start = line, b"", start + len(line)
        else:
            # "If value starts with a U+0020 SPACE character, remove it from value."
            skip = colon + 2 if line[colon + 1 : colon + 2] == b" " else colon + 1
            name, value, value_start = line[:colon], line[skip:], start + skip
        if name == b"data":
            self._take_data(value, value_start, items)
        elif name == b"event":
            self._fields |= Fields.EVENT
            self._type = self._decode(value, value_start, items)
        elif name == b"id":
            if b"\0" in value:
                self._ignore(line, value, IgnoredReason.NUL_IN_ID, start, items)
            else:
                self._fields |= Fields.ID
                self._id = self._decode(value, value_start, items)
        elif name == b"retry":
            if not value or not _DIGITS.issuperset(value):
                self._ignore(line, value, IgnoredReason.RETRY_NOT_DIGITS, start, items)
                return
            self._fields |= Fields.RETRY
            if not self._closed:
                self.retry_ms = _milliseconds(value)
                items.append(Retry(self.retry_ms, start, start + len(line)))
        else:
            self._ignore(line, value, IgnoredReason.UNKNOWN_NAME, start, items)

    def _take_data(self, value: bytes, start: int, items: list[Item]) -> None:
        """ "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character." """
        if len(self._data) + len(value) >= self._max_event_bytes:
            self._give_up("event", self._max_event_bytes, self._frame_start, start + len(value), items)
            return
        self._fields |= Fields.DATA
        self._decode(value, start, items)  # to report what is malformed: the buffer is decoded as a whole
        self._data += value
        self._data += b"\n"

    def _ignore(self, line: bytes, value: bytes, reason: IgnoredReason, start: int, items: list[Item]) -> None:
        self._fields |= Fields.IGNORED
        name = self._decode(line, start, items).partition(":")[0]
        if not self._closed:
            items.append(IgnoredField(name, value.decode(errors="replace"), reason, start, start + len(line)))

    def _decode(self, raw: bytes, start: int, items: list[Item]) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            bad = raw[error.start : error.end]
            items.append(InvalidUtf8(bad, start + error.start, start + error.end))
            return raw.decode(errors="replace")

    def _give_up(self, kind: str, limit: int, start: int, end: int, items: list[Item]) -> None:
        """Skips what is left of this frame, and says so once."""
        if not self._fields & Fields.TOO_LARGE:
            items.append(LimitExceeded(kind, limit, start, end))
        self._fields |= Fields.TOO_LARGE
        self._data.clear()

    def _pending_data(self) -> str | None:
        # "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character."
        return self._data[:-1].decode(errors="replace") if self._data else None

    def _dispatch(self, end: int, items: list[Item]) -> None:
        """A blank line: commits the id, and dispatches the event if there is data."""
        # "Set the last event ID string of the event source to the value of the last event ID buffer."
        self.last_event_id = self._id
        data = self._pending_data()
        if data is not None:
            items.append(Event(self._type or "message", data, self._id, self._frame_start, end))
            self._data.clear()
        self._type = ""

    def _end_frame(self, items: list[Item]) -> None:
        items.append(Frame(self._frame_start, self._position, self._fields, self._newlines))
        self._frame_start = self._position
        self._fields = self._newlines = 0
        self._frame_ended = False


def _milliseconds(digits: bytes) -> int:
    """Not int() of any length: that is quadratic, and refused beyond 4,300 digits."""
    digits = digits.lstrip(b"0")
    return min(int(digits or b"0"), _MAX_RETRY_MS) if len(digits) < 20 else _MAX_RETRY_MS
