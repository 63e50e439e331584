"""`stall:S`, `stall:S@N`: silence in mid-stream."""

from collections.abc import Iterable
from typing import TypeAlias

from sseprobe.proxy.fault import MAX_HELD, Action, Break, End, Fault, Send, Wake
from sseprobe.units import ns

_Late: TypeAlias = End | Break


class Stall(Fault):
    """After `after_bytes` of body nothing passes for `seconds`; then all that has come meanwhile, and everything after.

    A network that hiccups, a node that is moved, a paused process.
    """

    def __init__(self, seconds: float, after_bytes: int = 1) -> None:
        self._limit_ns = ns(seconds)
        self._free = after_bytes
        self._stalled = False
        self._over = False
        self._held = bytearray()
        self._last: _Late | None = None

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Passes, or waits."""
        if self._over:
            yield Send(data)
            return
        if not self._stalled:
            yield Send(data[: self._free])
            data, self._free = data[self._free :], max(0, self._free - len(data))
            if self._free:
                return
            self._stalled = True
            yield Wake(t_ns + self._limit_ns)
        self._held += data
        if len(self._held) > MAX_HELD:
            yield Wake(None)
            yield from self.on_wake(t_ns)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        """The end waits too."""
        return self._end(End())

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """And a cut."""
        return self._end(broken)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """It is over."""
        self._over = True
        if self._held:
            yield Send(bytes(self._held))
            self._held.clear()
        if self._last is not None:
            yield self._last

    def _end(self, last: _Late) -> Iterable[Action]:
        if self._over or not self._stalled:
            return (last,)
        self._last = last
        return ()
