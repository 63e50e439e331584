"""A body that is the text itself, as `text/plain` apps stream it: each chunk of the body becomes an event.

Nothing else tells where a piece of text ends, so that a buffer on the way makes fewer, larger events. UTF-8 is decoded
across chunks; what is held back is an unfinished character, of at most three bytes.
"""

import codecs

from sseprobe.sse import Event, Fields, Frame, InvalidUtf8, Item, Tail

_REPLACEMENT = "\ufffd"


class TextParser:
    """Turns the chunks of a body of text into items: an Event and a Frame for each."""

    last_event_id = ""
    retry_ms: int | None = None

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._start = 0  # of what is not yet part of an event
        self._position = 0

    def receive(self, data: bytes) -> list[Item]:
        """Takes the next chunk of the body and returns the items it completes."""
        if not data:
            return []
        self._position += len(data)
        items: list[Item] = []
        text = self._decode(data, items)
        pending = len(self._decoder.getstate()[0])
        end = self._position - pending
        if text:
            items.append(Event("message", text, "", self._start, end))
            items.append(Frame(self._start, end, Fields.DATA, 0))
            self._start = end
        return items

    def receive_eof(self) -> list[Item]:
        """Ends the body: an unfinished character is the tail."""
        if self._start == self._position:
            return []
        return [Tail(_REPLACEMENT, Fields.DATA, self._start, self._position)]

    def _decode(self, data: bytes, items: list[Item]) -> str:
        """The text that the chunk completes; the first malformed sequence is reported, each becomes U+FFFD."""
        held = self._decoder.getstate()[0]
        try:
            return self._decoder.decode(data)
        except UnicodeDecodeError as error:
            whole = held + data
            first = self._position - len(whole)
            items.append(InvalidUtf8(whole[error.start : error.end], first + error.start, first + error.end))
            lenient = codecs.getincrementaldecoder("utf-8")(errors="replace")
            text = lenient.decode(whole)
            self._decoder.reset()
            self._decoder.setstate((lenient.getstate()[0], 0))
            return text
