"""`flush-every:MS`: a buffer that is flushed at fixed intervals."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import MAX_HELD, Action, Fault, ResponseHead, Send, Wake
from sseprobe.proxy.fault_kind import FaultKind, millis, one
from sseprobe.units import NS_PER_MS


class FlushTimer(Fault):
    """Flushes its buffer at each tick; the clock starts with the head, and runs whatever comes.

    Proxies with a flush interval do so: Traefik's is 100 ms for what is not text/event-stream.
    """

    holds_head = True

    def __init__(self, period_ms: float) -> None:
        self._period_ns = max(1, round(period_ms * NS_PER_MS))
        self._start_ns = 0
        self._held = bytearray()

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        self._start_ns = t_ns
        return ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        if not self._held:
            ticks = (t_ns - self._start_ns) // self._period_ns + 1
            yield Wake(self._start_ns + ticks * self._period_ns)
        self._held += data
        if len(self._held) > MAX_HELD:
            yield from self.flush(t_ns)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        return self.flush(t_ns)

    def flush(self, t_ns: int) -> Iterable[Action]:
        if self._held:
            yield Send(bytes(self._held))
            self._held.clear()


FAULT: Final = FaultKind("flush-every:MS", "buffers, and flushes every MS milliseconds", FlushTimer, one(millis))
