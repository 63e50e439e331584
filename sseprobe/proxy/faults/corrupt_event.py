"""`bad-utf8`, `bad-utf8:N`: one event is damaged."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, Send
from sseprobe.proxy.faults.events import Boundaries

_INVALID: Final = b"\xff"


class CorruptEvent(Fault):
    """Puts a byte that no UTF-8 text holds before the last line end of event `number` (from 1)."""

    alters_length = True

    def __init__(self, number: int = 2) -> None:
        self._number = number
        self._boundaries = Boundaries()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Passes on, and damages the one at its first byte that comes behind a colon."""
        for piece, ends in self._boundaries.pieces(data):
            colon = piece.find(b":") + 1 if self._number == 1 else 0
            if colon:
                self._number = 0
                yield Send(piece[:colon] + _INVALID + piece[colon:])
            else:
                yield Send(piece)
            self._number -= ends
