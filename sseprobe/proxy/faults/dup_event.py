"""`dup-event`, `dup-event:N`: one event comes twice."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.event_boundaries import EventBoundaries
from sseprobe.proxy.fault import MAX_HELD, Action, Fault, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one


class DuplicateEvent(Fault):
    """Sends event `number` (from 1) twice, as a retry behind a proxy does. Nothing is held back."""

    alters_length = True

    def __init__(self, number: int = 2) -> None:
        self._number = number
        self._boundaries = EventBoundaries()
        self._copy = bytearray()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        if self._number <= 0:
            yield Send(data)
            return
        for piece, ends in self._boundaries.pieces(data):
            yield Send(piece)
            if self._number == 1 and len(self._copy) + len(piece) <= MAX_HELD:
                self._copy += piece
            if ends:
                self._number -= 1
                if self._number == 0:
                    yield Send(bytes(self._copy))


FAULT: Final = FaultKind("dup-event[:N]", "sends event N twice", DuplicateEvent, one(count, 2))
