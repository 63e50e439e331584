"""How a body is cut into events: SSE, one JSON document a line, or text as it comes. A dialect names its own."""

from enum import StrEnum
from typing import Final, Protocol

from sseprobe.sse import EventStreamParser, Item
from sseprobe.sse.ndjson import LinesParser
from sseprobe.sse.plain_text import TextParser


class Framing(StrEnum):
    """The ways to send events in a body."""

    SSE = "sse"
    LINES = "ndjson"
    TEXT = "text"
    """The body is the text; there are no events but its chunks."""


class Parser(Protocol):
    """Bytes in, items out."""

    @property
    def last_event_id(self) -> str:
        """The last event ID string; empty where there is none."""

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time in force, None if none was set."""

    def receive(self, data: bytes) -> list[Item]:
        """Takes the next bytes of the body and returns the items they complete."""

    def receive_eof(self) -> list[Item]:
        """Ends the body."""


CONTENT_TYPES: Final = {
    Framing.SSE: "text/event-stream",
    Framing.LINES: "application/x-ndjson",
    Framing.TEXT: "text/plain",
}
_BY_CONTENT_TYPE: Final = {
    "text/event-stream": Framing.SSE,
    "application/x-ndjson": Framing.LINES,
    "application/ndjson": Framing.LINES,
    "application/jsonl": Framing.LINES,
    "application/x-jsonlines": Framing.LINES,
    "application/jsonlines": Framing.LINES,
    "application/stream+json": Framing.LINES,
}
_PARSERS: Final = {Framing.SSE: EventStreamParser, Framing.LINES: LinesParser, Framing.TEXT: TextParser}


def media_type(content_type: str | None) -> str:
    """The media type in a Content-Type, lower case, without parameters; empty if there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def by_content_type(content_type: str | None) -> Framing | None:
    """The framing that a Content-Type tells, None if it tells none. `text/plain` tells none: it may be a page."""
    return _BY_CONTENT_TYPE.get(media_type(content_type))


def new_parser(framing: Framing) -> Parser:
    """A parser for one body."""
    parser: Parser = _PARSERS[framing]()
    return parser
