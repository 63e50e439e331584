"""Faults: what each is called, what it does, and after how many text events it comes if nothing is said.

To add one: a line here, and its step: in `api.py` (before the stream), `stream.py` (in it), `framing.py` (its bytes).
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

MID_STREAM: Final = 5
SLOW_FIRST_MS: Final = 2000.0


class Stage(StrEnum):
    """Where a fault acts."""

    BEFORE = "before the stream"
    STREAM = "in the stream"
    FRAMING = "in the framing"


class FaultKind(Struct, frozen=True):
    """One fault. `after`: how many text events come first, unless `@N` says otherwise."""

    stage: Stage
    after: int
    does: str


FAULTS: Final = {
    "error-before": FaultKind(Stage.BEFORE, 0, "the vendor's HTTP status and JSON error instead of a stream"),
    "rate-limit": FaultKind(Stage.BEFORE, 0, "429 with Retry-After and the vendor's JSON error"),
    "slow-first": FaultKind(Stage.BEFORE, 0, f"the first token comes {SLOW_FIRST_MS / 1000:g} s later than asked"),
    "whole-first": FaultKind(
        Stage.STREAM, 0, "the whole answer is made before its first token is sent, then typed out"
    ),
    "error": FaultKind(Stage.STREAM, MID_STREAM, "the vendor's in-band error, then the end that vendor makes"),
    "truncate": FaultKind(Stage.STREAM, MID_STREAM, "a clean end of the body, without finish and terminator"),
    "no-terminator": FaultKind(Stage.STREAM, 0, "everything but the terminator"),
    "fake-complete": FaultKind(Stage.STREAM, MID_STREAM, "the terminator, though nothing has finished"),
    "malformed": FaultKind(Stage.STREAM, MID_STREAM, "one event of broken JSON, then on as usual"),
    "stall": FaultKind(Stage.STREAM, MID_STREAM, "nothing more, heartbeats included; the connection stays open"),
    "cut": FaultKind(Stage.STREAM, MID_STREAM, "the connection closes without HTTP's last chunk"),
    "rst": FaultKind(Stage.STREAM, MID_STREAM, "half an event, then the connection is reset"),
    "crlf": FaultKind(Stage.FRAMING, 0, "lines end in CR LF"),
    "cr": FaultKind(Stage.FRAMING, 0, "lines end in CR"),
    "bom": FaultKind(Stage.FRAMING, 0, "a byte order mark, at the start (or in mid-stream, where it is none)"),
    "split-utf8": FaultKind(Stage.FRAMING, 0, "transfer chunks end inside characters"),
    "no-space": FaultKind(Stage.FRAMING, 0, "no space after a field's colon"),
    "multi-data": FaultKind(Stage.FRAMING, 0, "JSON spread over several data lines"),
    "comments": FaultKind(Stage.FRAMING, 0, "comments between events and inside them"),
    "u2028": FaultKind(Stage.FRAMING, 0, "U+2028 and U+0085, which end no line, in each text"),
    "data-less-block": FaultKind(Stage.FRAMING, 0, "blocks with an event field and no data between events"),
    "id-keepalive": FaultKind(Stage.FRAMING, 0, "an id on each event, and a comment block behind it"),
    "no-final-blank-line": FaultKind(Stage.FRAMING, 0, "the last event lacks its blank line"),
}
"""To name after how many text events: `NAME@N`."""
