"""One JSON document a line, as Ollama streams: the bytes of a body become the same items as those of an event stream.

Source: the NDJSON specification 1.0.0 (github.com/ndjson/ndjson-spec): documents end in LF, CR before it is white
space, empty lines may be ignored. Its readers also deliver a last line without LF: here it counts if it is whole.
Nothing is held but the unfinished line, of at most `max_line_bytes`.
"""

from typing import Final

import msgspec

from sseprobe.sse import Bom, Event, Fields, Frame, InvalidUtf8, Item, LimitExceeded, Newlines, Tail

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class LinesParser:
    """Turns the bytes of a body of lines into items: an Event and a Frame for each line that holds something."""

    last_event_id = ""
    retry_ms: int | None = None

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_line_bytes = max_line_bytes
        self._line = bytearray()
        self._start = 0  # of the unfinished line
        self._position = 0  # of the next byte
        self._skipping = False

    def receive(self, data: bytes) -> list[Item]:
        """Takes the next bytes of the body and returns the items they complete, in order."""
        items: list[Item] = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._hold(line, items)
            self._end_line(items)
        self._hold(rest, items)
        return items

    def receive_eof(self) -> list[Item]:
        """Ends the body: what is left is an event if it is a whole document, else the tail."""
        items: list[Item] = []
        if self._start == self._position:
            return items
        if self._skipping:
            return [Tail(None, Fields.TOO_LARGE, self._start, self._position)]
        line, start = self._settle_bom(bytes(self._line), items)
        try:
            msgspec.json.decode(line)
        except msgspec.DecodeError:
            items.append(Tail(line.decode(errors="replace"), Fields.DATA, self._start, self._position))
        else:
            items.append(self._event(line, start, items))
            items.append(Frame(self._start, self._position, Fields.DATA, 0))
        return items

    def _hold(self, piece: bytes, items: list[Item]) -> None:
        self._position += len(piece)
        if self._skipping:
            return
        if self._position - self._start > self._max_line_bytes:
            end = self._start + self._max_line_bytes + 1
            items.append(LimitExceeded("line", self._max_line_bytes, self._start, end))
            self._line.clear()
            self._skipping = True
        else:
            self._line += piece

    def _end_line(self, items: list[Item]) -> None:
        line, start = self._settle_bom(bytes(self._line), items)
        self._position += 1
        fields = Fields.TOO_LARGE if self._skipping else 0
        if line.strip():
            items.append(self._event(line, start, items))
            fields = Fields.DATA
        newline = Newlines.CRLF if line.endswith(b"\r") else Newlines.LF
        items.append(Frame(self._start, self._position, fields, newline))
        self._line.clear()
        self._start = self._position
        self._skipping = False

    def _settle_bom(self, line: bytes, items: list[Item]) -> tuple[bytes, int]:
        """RFC 8259 8.1: a parser "MAY ignore the presence of a byte order mark rather than treating it as an error"."""
        if self._start or not line.startswith(_BOM):
            return line, self._start
        items.append(Bom(0, len(_BOM)))
        return line[len(_BOM) :], len(_BOM)

    def _event(self, line: bytes, start: int, items: list[Item]) -> Event:
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            items.append(InvalidUtf8(line[error.start : error.end], start + error.start, start + error.end))
            text = line.decode(errors="replace")
        return Event("message", text.rstrip("\r"), "", start, self._position)
