"""Server-Sent Events on the wire: the parser and its items. No I/O, no clock."""

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
from sseprobe.sse.parser import EventStreamParser

__all__ = [
    "Bom",
    "Comment",
    "Event",
    "EventStreamParser",
    "Fields",
    "Frame",
    "IgnoredField",
    "IgnoredReason",
    "InvalidUtf8",
    "Item",
    "LimitExceeded",
    "Newlines",
    "Retry",
    "Tail",
]
