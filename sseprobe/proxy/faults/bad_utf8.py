"""`bad-utf8`, `bad-utf8:N`: one event is damaged."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.event_boundaries import EventBoundaries
from sseprobe.proxy.fault import Action, Fault, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one

_INVALID: Final = b"\xff"


class CorruptEvent(Fault):
    """Puts a byte that is invalid in UTF-8 into event `number` (from 1), behind its first colon."""

    alters_length = True

    def __init__(self, number: int = 2) -> None:
        self._number = number
        self._boundaries = EventBoundaries()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        for piece, ends in self._boundaries.pieces(data):
            colon = piece.find(b":") + 1 if self._number == 1 else 0
            if colon:
                self._number = 0
                yield Send(piece[:colon] + _INVALID + piece[colon:])
            else:
                yield Send(piece)
            self._number -= ends


FAULT: Final = FaultKind("bad-utf8[:N]", "puts an invalid UTF-8 byte into event N", CorruptEvent, one(count, 2))
