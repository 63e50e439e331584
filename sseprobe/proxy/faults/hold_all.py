"""`hold-all`: nothing goes before the response is complete."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import MAX_HELD, Action, Fault, Send
from sseprobe.proxy.fault_kind import FaultKind, nothing


class HoldAll(Fault):
    """Collects the whole response before it sends any of it, head included.

    lighttpd does so by default (measured with 1.4.69), and gateways that scan or transform whole responses. Beyond
    64 MiB everything passes.
    """

    holds_head = True

    def __init__(self) -> None:
        self._held = bytearray()
        self._full = False

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        self._held += data
        if self._full or len(self._held) > MAX_HELD:
            self._full = True
            yield from self.flush(t_ns)

    def flush(self, t_ns: int) -> Iterable[Action]:
        if self._held:
            yield Send(bytes(self._held))
            self._held.clear()


FAULT: Final = FaultKind("hold-all", "buffers the response until it is complete", HoldAll, nothing)
