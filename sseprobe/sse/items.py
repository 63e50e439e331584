"""What the parser says about a body: events, and everything that ordinary parsers hide.

All spans are half-open byte ranges in the body. Frames and the tail tile the body, in order and without a gap; every
other item lies inside its frame or the tail.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Fields:
    """Bits of `Frame.fields` and `Tail.fields`: which kinds of line were there."""

    DATA = 1
    EVENT = 2
    ID = 4
    RETRY = 8
    COMMENT = 16
    IGNORED = 32
    TOO_LARGE = 64


_OF_AN_EVENT: Final = Fields.DATA | Fields.EVENT | Fields.ID
_NAMES: Final = (b"data", b"event", b"id")


class Newlines:
    """Bits of `Frame.newlines`: which line endings were there."""

    LF = 1
    CRLF = 2
    CR = 4


class _Spanned(Struct, frozen=True, gc=False):
    @property
    def span(self) -> tuple[int, int]:
        """Half-open byte range in the body."""
        return (self.start, self.end)  # type: ignore[attr-defined]  # each item declares them last


class Event(_Spanned, frozen=True, gc=False):
    """A dispatched event. Its span runs from its frame's start through the very byte that completes it.

    In a CRLF stream that byte is the CR of the blank line: the LF belongs to the frame, and arrives too late to matter.
    """

    type: str
    data: str
    last_event_id: str
    start: int
    end: int


class Frame(_Spanned, frozen=True, gc=False):
    """The lines up to and including one blank line, line endings included. `fields`, `newlines`: bits, see above."""

    start: int
    end: int
    fields: int
    newlines: int


class Comment(_Spanned, frozen=True, gc=False):
    """A line that begins with a colon; `text` is what follows the colon."""

    text: str
    start: int
    end: int


class Retry(_Spanned, frozen=True, gc=False):
    """A reconnection time that took effect, in milliseconds."""

    ms: int
    start: int
    end: int


class IgnoredReason(StrEnum):
    """Why a field has no effect."""

    UNKNOWN_NAME = "unknown-name"
    NUL_IN_ID = "nul-in-id"
    RETRY_NOT_DIGITS = "retry-not-digits"


class IgnoredField(_Spanned, frozen=True, gc=False):
    """A field that the specification ignores. A last line without its ending is part of the tail, no field yet."""

    name: str
    value: str
    reason: IgnoredReason
    start: int
    end: int


class Bom(_Spanned, frozen=True, gc=False):
    """The byte order mark at the start of the body, which is stripped. It lies inside the first frame or tail."""

    start: int
    end: int


class InvalidUtf8(_Spanned, frozen=True, gc=False):
    """The first malformed byte sequence of a line. It was decoded as U+FFFD."""

    raw: bytes
    start: int
    end: int


class LimitExceeded(_Spanned, frozen=True, gc=False):
    """A line or an event grew past its limit. The rest of its frame is skipped; no event comes of it.

    `span` runs from where the oversized thing began, the line or the frame, through the byte at which it was given up.
    """

    kind: str  # "line" or "event"
    limit_bytes: int
    start: int
    end: int


class Tail(_Spanned, frozen=True, gc=False):
    """The bytes after the last blank line at the end of the body; never an event.

    `data` is what the event would have held had a blank line followed, None if no data field is pending (or if the
    frame was over a limit). `line`: the last line, where it has no end and is no field; empty if there is none.
    """

    data: str | None
    fields: int
    start: int
    end: int
    line: bytes = b""

    @property
    def pending(self) -> str | None:
        """The data of the event that began here, empty if it has none yet; None if no event began."""
        if self.data is None and (self.fields & _OF_AN_EVENT or self._begins_field):
            return ""
        return self.data

    @property
    def ignored(self) -> IgnoredField | None:
        """The last line as one that clients ignore, None unless it is such a line."""
        if not self.line or self._begins_field:
            return None
        name, _, value = self.line.decode(errors="replace").partition(":")
        start = self.end - len(self.line)
        return IgnoredField(name, value.removeprefix(" "), IgnoredReason.UNKNOWN_NAME, start, self.end)

    @property
    def _begins_field(self) -> bool:
        """Whether the last line may have been cut in the name of a field."""
        return bool(self.line) and any(name.startswith(self.line) for name in _NAMES)


Item = Event | Frame | Comment | Retry | IgnoredField | Bom | InvalidUtf8 | LimitExceeded | Tail
