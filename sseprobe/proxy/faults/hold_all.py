"""`hold-all`: nothing goes before everything is there."""

from collections.abc import Iterable

from sseprobe.proxy.fault import MAX_HELD, Action, Fault, Send


class HoldAll(Fault):
    """Collects the whole answer before it sends any of it, head included.

    lighttpd does so by default (measured with 1.4.69), and gateways that scan or transform whole answers. What is over
    64 MiB goes as it comes.
    """

    holds_head = True

    def __init__(self) -> None:
        self._held = bytearray()
        self._full = False

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Nothing goes, unless too much is there."""
        self._held += data
        if self._full or len(self._held) > MAX_HELD:
            self._full = True
            yield from self.flush(t_ns)

    def flush(self, t_ns: int) -> Iterable[Action]:
        """All of it."""
        if self._held:
            yield Send(bytes(self._held))
            self._held.clear()
