"""`coalesce:MS`: small pieces wait for more, as in a kernel that was told to expect more (MSG_MORE)."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, ResponseHead, Send, Wake
from sseprobe.proxy.fault_kind import FaultKind, millis, one
from sseprobe.units import NS_PER_MS

LOOPBACK_SEGMENT_BYTES: Final = 65_483


class Coalesce(Fault):
    """Buffers until a segment is full or a timer runs out, which the first byte starts; head included.

    HAProxy sends with MSG_MORE, and the kernel then waits about 200 ms for more (measured with 2.6: 205 ms, bursts of
    five at one event every 50 ms; the first byte is the head's). `option http-no-delay` switches it off.
    """

    holds_head = True

    def __init__(self, hold_ms: float = 205.0, segment_bytes: int = LOOPBACK_SEGMENT_BYTES) -> None:
        self._hold_ns = round(hold_ms * NS_PER_MS)
        self._segment_bytes = segment_bytes
        self._held = bytearray()

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Its first byte starts the timer."""
        return (Wake(t_ns + self._hold_ns),)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Full segments go; the first byte of the next starts the timer."""
        if not self._held and not self.holds_head:
            yield Wake(t_ns + self._hold_ns)
        self._held += data
        if len(self._held) >= self._segment_bytes:
            whole = len(self._held) - len(self._held) % self._segment_bytes
            yield Send(bytes(self._held[:whole]))
            del self._held[:whole]
            yield Wake(t_ns + self._hold_ns if self._held else None)
            self.holds_head = False

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """Nothing more has come in time."""
        self.holds_head = False
        return self.flush(t_ns)

    def flush(self, t_ns: int) -> Iterable[Action]:
        if self._held:
            yield Send(bytes(self._held))
            self._held.clear()


FAULT: Final = FaultKind("coalesce:MS", "buffers for up to MS milliseconds after the first byte", Coalesce, one(millis))
