"""The event stream parser: WHATWG HTML 9.2.6 on bytes, sans-IO.

Strategy. Bytes are split before they are decoded: CR, LF, colon and the field names are ASCII, and ASCII bytes never
occur inside a UTF-8 sequence, so the outcome is that of decoding first. A piece of body is split at its LFs, which is
the fastest cut there is; CRs are looked for within. Whole frames of ordinary fields, as nearly all are, take a short
way, everything else goes line by line (`lines.py`). A lone CR ends its line at once; an LF that follows later is added
to the frame, not waited for.

Cost. Every byte is looked at a bounded number of times, whatever the cuts. Held at most: one unfinished line
(`max_line_bytes`) and one unfinished event (`max_event_bytes`).

Limits. A retry beyond 63 bits is clamped. `InvalidUtf8` names only the first bad sequence of a line.
"""

from collections.abc import Iterator
from typing import Final

from sseprobe.sse.items import Bom, Event, Fields, Frame, Item, Newlines, Tail
from sseprobe.sse.lines import LineInterpreter

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_EVENT_BYTES: Final = 16 * 1024 * 1024

_BOM: Final = b"\xef\xbb\xbf"
_LF: Final = 10
# Looked up once: in the short ways that is noticed.
_DATA: Final = Fields.DATA
_EVENT: Final = Fields.EVENT
_EVENT_AND_DATA: Final = Fields.EVENT | Fields.DATA
_ID: Final = Fields.ID


class EventStreamParser(LineInterpreter):
    """Turns the bytes of an event stream into items, promptly: an item comes out with the byte that completes it.

    `last_event_id`: what an earlier connection left, since the last event ID string outlives a reconnection.
    `max_line_bytes`, `max_event_bytes`: beyond them a `LimitExceeded` item comes, and the frame is skipped. The event's
    limit counts its data, each line with an LF.
    """

    def __init__(
        self,
        *,
        last_event_id: str = "",
        max_line_bytes: int = MAX_LINE_BYTES,
        max_event_bytes: int = MAX_EVENT_BYTES,
    ) -> None:
        super().__init__(last_event_id=last_event_id, max_line_bytes=max_line_bytes, max_event_bytes=max_event_bytes)
        self._max_piece_bytes = max(1, min(max_line_bytes, max_event_bytes))
        self._head: bytes | None = b""  # the first bytes, while they may still become a byte order mark

    def receive(self, data: bytes) -> list[Item]:
        """Takes the next bytes of the body and returns the items they complete, in order. `b""` returns nothing.

        Raises ValueError after `receive_eof`.
        """
        if self._closed:
            raise ValueError("receive() after receive_eof(): the body had ended")
        items: list[Item] = []
        if self._head is not None:
            data = self._settle_bom(data, items)
        # No frame that lies within a piece can then be over a limit: the short ways build on that.
        if len(data) <= (limit := self._max_piece_bytes):
            self._take_piece(data, items)
        else:
            for start in range(0, len(data), limit):
                self._take_piece(data[start : start + limit], items)
        return items

    def receive_eof(self) -> list[Item]:
        """Ends the body. What has not been dispatched becomes the tail, never an event.

        Raises ValueError the second time.
        """
        if self._closed:
            raise ValueError("receive_eof() a second time: the body had ended")
        self._closed = True
        items: list[Item] = []
        if self._head:
            self._hold(self._head, items)
        if self._after_cr:
            self._settle_cr(Newlines.CR, items)
        if self._position == self._frame_start:
            return items
        # "Once the end of the file is reached, any pending data must be discarded."
        line = b""
        if self._line and not self._fields & Fields.TOO_LARGE:
            before, self._fields = self._fields, 0
            self._take_line(bytes(self._line), self._line_start, items)
            line = bytes(self._line) if self._fields == Fields.IGNORED else b""
            self._fields |= before
        items.append(Tail(self._pending_data(), self._fields, self._frame_start, self._position, line))
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

    def _take_piece(self, data: bytes, items: list[Item]) -> None:
        """Takes a piece within the limits."""
        if self._after_cr and data:
            joins = data[0] == _LF
            self._settle_cr(Newlines.CRLF if joins else Newlines.CR, items)
            data = data[1:] if joins else data
        lines = data.split(b"\n")
        rest = lines.pop()
        each = iter(lines)
        if self._position != self._frame_start:
            for line in each:
                self._take_lines(line, items, lf=True)
                if self._position == self._frame_start:
                    break
        if lines:
            self._take_frames(each, b"\r" if b"\r" in data else b"", items)
        if rest:
            self._take_lines(rest, items, lf=False)

    def _take_frames(self, each: Iterator[bytes], cr: bytes, items: list[Item]) -> None:
        """Takes lines of which the first begins a frame. `cr`: what each has before its LF, and a blank one is."""
        # The two commonest frames are spelled out, since a call costs as much as all the rest: `data:`, alone or after
        # `event:`, then a blank line.
        cut, newlines = (-1, Newlines.CRLF) if cr else (None, Newlines.LF)
        start = self._position
        for line in each:
            frame = [line]
            if line.startswith(b"data:"):
                blank = next(each, None)
                if blank == cr and (not cr or line.find(b"\r") == len(line) - 1):
                    try:
                        text = line[6 if line.startswith(b" ", 5) else 5 : cut].decode()
                    except UnicodeDecodeError:
                        pass
                    else:
                        end = start + len(line) + 2
                        items.append(Event("message", text, self.last_event_id, start, end))
                        if cr:
                            end += 1
                        items.append(Frame(start, end, _DATA, newlines))
                        start = end
                        continue
                if blank is not None:
                    frame.append(blank)
            elif line.startswith(b"event: "):
                second, blank = next(each, None), next(each, None)
                if (
                    blank == cr
                    and second is not None
                    and second.startswith(b"data: ")
                    and (not cr or (line.find(b"\r") == len(line) - 1 and second.find(b"\r") == len(second) - 1))
                ):
                    try:
                        event_type, text = line[7:cut].decode(), second[6:cut].decode()
                    except UnicodeDecodeError:
                        pass
                    else:
                        end = start + len(line) + len(second) + 3
                        items.append(Event(event_type or "message", text, self.last_event_id, start, end))
                        if cr:
                            end += 1
                        items.append(Frame(start, end, _EVENT_AND_DATA, newlines))
                        start = end
                        continue
                frame += [other for other in (second, blank) if other is not None]
            start = self._take_frame(frame, each, cr, start, items)
        if start != self._position:
            self._position = self._line_start = self._frame_start = start

    def _take_frame(self, frame: list[bytes], each: Iterator[bytes], cr: bytes, start: int, items: list[Item]) -> int:
        """Takes the frame that begins with these lines, or what there is of it; returns where that ends."""
        if frame[-1] != cr:
            for line in each:
                frame.append(line)
                if line == cr:
                    break
        if frame[-1] == cr and (end := self._take_ordinary_fields(frame, cr, start, items)):
            return end
        self._position = self._line_start = self._frame_start = start
        for line in frame:
            self._take_lines(line, items, lf=True)
        return self._position

    def _take_ordinary_fields(self, frame: list[bytes], cr: bytes, start: int, items: list[Item]) -> int:
        """Takes a whole frame of `data`, `event` and `id`, well-formed; returns 0, nothing done, for any other."""
        data: list[str] = []
        event_type, event_id, fields, stop = "", self.last_event_id, 0, start
        try:
            for line in frame[:-1]:
                stop += len(line) + 1
                name, colon, value = line.partition(b":")
                if cr:
                    if not colon or line.find(b"\r") != len(line) - 1:
                        return 0
                    value = value[:-1]
                if value.startswith(b" "):
                    value = value[1:]
                if name == b"data":
                    data.append(value.decode())
                    fields |= _DATA
                elif name == b"event":
                    event_type = value.decode()
                    fields |= _EVENT
                elif name == b"id" and b"\0" not in value:
                    event_id = value.decode()
                    fields |= _ID
                else:
                    return 0
        except UnicodeDecodeError:
            return 0
        self.last_event_id = self._id = event_id
        if data:
            items.append(Event(event_type or "message", "\n".join(data), event_id, start, stop + 1))
        end = stop + len(cr) + 1
        items.append(Frame(start, end, fields, Newlines.CRLF if cr else Newlines.LF))
        return end

    def _take_lines(self, piece: bytes, items: list[Item], *, lf: bool) -> None:
        """Takes a piece without LF, then, if `lf`, the LF that follows it; CRs in it end lines too."""
        if b"\r" in piece:
            *lines, piece = piece.split(b"\r")
            cut = None if piece else lines.pop()  # the line whose CR is the last byte
            for line in lines:
                self._end_line(line, 1, Newlines.CR, items)
            if cut is not None:
                self._end_line(cut, 2 if lf else 1, Newlines.CRLF if lf else 0, items)
                return
        if lf:
            self._end_line(piece, 1, Newlines.LF, items)
        else:
            self._hold(piece, items)
