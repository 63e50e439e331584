"""`hold:N`: a response buffer that is sent when it is full."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, ResponseHead, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one
from sseprobe.proxy.http1 import response_bytes

DEFAULT_BYTES: Final = 4096


class Hold(Fault):
    """Holds the body back until `size` bytes are there, head included; the rest goes at the end of the body.

    nginx with an HTTP/1.0 upstream holds 4,096 bytes (measured with 1.22). `with_head`: the first buffer holds the
    upstream's head too, so that less of the body fits.
    """

    holds_head = True

    def __init__(self, size: int = DEFAULT_BYTES, *, with_head: bool = False) -> None:
        self._size = size
        self._held = bytearray()
        self._with_head = with_head
        self._room = size

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """The first buffer is filled by the head."""
        if self._with_head:
            self._room = max(1, self._size - len(response_bytes(head)))
        return ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        self._held += data
        while len(self._held) >= self._room:
            full = bytes(self._held[: self._room])
            del self._held[: self._room]
            self._room = self._size
            yield Send(full)

    def flush(self, t_ns: int) -> Iterable[Action]:
        if self._held:
            yield Send(bytes(self._held))
            self._held.clear()


FAULT: Final = FaultKind("hold:N", "buffers the body until N bytes are there", Hold, one(count))
