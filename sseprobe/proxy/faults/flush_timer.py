"""`flush-every:MS`: what has come goes at each tick of a clock."""

from collections.abc import Iterable

from sseprobe.proxy.fault import MAX_HELD, Action, Fault, ResponseHead, Send, Wake
from sseprobe.units import NS_PER_MS


class FlushTimer(Fault):
    """Passes on what it holds at each tick; the clock runs from the head on, whatever comes.

    Proxies with a flush interval do so: Traefik's is 100 ms for what is not text/event-stream.
    """

    holds_head = True

    def __init__(self, period_ms: float) -> None:
        self._period_ns = max(1, round(period_ms * NS_PER_MS))
        self._start_ns = 0
        self._held = bytearray()

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """The clock starts."""
        self._start_ns = t_ns
        return ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """It waits for the next tick."""
        if not self._held:
            ticks = (t_ns - self._start_ns) // self._period_ns + 1
            yield Wake(self._start_ns + ticks * self._period_ns)
        self._held += data
        if len(self._held) > MAX_HELD:
            yield from self.flush(t_ns)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """A tick."""
        return self.flush(t_ns)

    def flush(self, t_ns: int) -> Iterable[Action]:
        """What has come since the last tick."""
        if self._held:
            yield Send(bytes(self._held))
            self._held.clear()
