"""Faults: what each is called, what it does, and after how many text events it comes by default.

To add one: a line here, and its step: in `api.py` (before the stream), `stream_faults.py` (in it), or `framing.py` (its
bytes).
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

MID_STREAM: Final = 5
SLOW_FIRST_MS: Final = 2000.0


class Stage(StrEnum):
    BEFORE = "before the stream"
    STREAM = "in the stream"
    FRAMING = "in the framing"


class FaultKind(Struct, frozen=True):
    """One fault. `after`: how many text events come first, unless `@N` says otherwise. `summary`: what happens."""

    stage: Stage
    after: int
    summary: str


FAULTS: Final = {
    "error-before": FaultKind(Stage.BEFORE, 0, "status 500 and the vendor's JSON error instead of a stream"),
    "rate-limit": FaultKind(Stage.BEFORE, 0, "status 429 with Retry-After and the vendor's JSON error"),
    "slow-first": FaultKind(Stage.BEFORE, 0, f"the first token comes {SLOW_FIRST_MS / 1000:g} s late"),
    "whole-first": FaultKind(
        Stage.STREAM, 0, "sends nothing until the whole answer is generated, then sends it token by token"
    ),
    "error": FaultKind(Stage.STREAM, MID_STREAM, "the vendor's in-band error, then what the vendor sends after it"),
    "truncate": FaultKind(Stage.STREAM, MID_STREAM, "a clean end of the body, without finish reason and terminator"),
    "no-terminator": FaultKind(Stage.STREAM, 0, "everything but the terminator"),
    "fake-complete": FaultKind(Stage.STREAM, MID_STREAM, "the terminator, although the answer is not finished"),
    "malformed": FaultKind(Stage.STREAM, MID_STREAM, "one event of broken JSON, then the rest as usual"),
    "stall": FaultKind(Stage.STREAM, MID_STREAM, "nothing more, not even heartbeats; the connection stays open"),
    "cut": FaultKind(Stage.STREAM, MID_STREAM, "the connection closes without HTTP's last chunk"),
    "rst": FaultKind(Stage.STREAM, MID_STREAM, "half an event, then a reset connection"),
    "crlf": FaultKind(Stage.FRAMING, 0, "lines end with CR LF"),
    "cr": FaultKind(Stage.FRAMING, 0, "lines end with CR"),
    "bom": FaultKind(Stage.FRAMING, 0, "a byte order mark at the start; bom@N: in mid-stream, inside an event"),
    "split-utf8": FaultKind(Stage.FRAMING, 0, "transfer chunks end inside UTF-8 characters"),
    "no-space": FaultKind(Stage.FRAMING, 0, "no space after a field's colon"),
    "multi-data": FaultKind(Stage.FRAMING, 0, "JSON spread over several data lines"),
    "comments": FaultKind(Stage.FRAMING, 0, "comments between events and inside them"),
    "u2028": FaultKind(Stage.FRAMING, 0, "U+2028 and U+0085, which end no line in SSE, in each text"),
    "data-less-block": FaultKind(Stage.FRAMING, 0, "blocks with an event field and no data between events"),
    "id-keepalive": FaultKind(Stage.FRAMING, 0, "an id on each event, and a comment block after it"),
    "no-final-blank-line": FaultKind(Stage.FRAMING, 0, "the last event lacks its blank line"),
}
"""In the order in which they are listed."""
