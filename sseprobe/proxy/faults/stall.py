"""`stall:S`, `stall:S@N`: a pause in mid-stream."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from sseprobe.proxy.fault import MAX_HELD, Action, Break, End, Fault, Send, Wake
from sseprobe.proxy.fault_kind import Arguments, FaultKind, count, seconds
from sseprobe.units import ns

_Late: TypeAlias = End | Break


class Stall(Fault):
    """After `after_bytes` of body nothing passes for `seconds`; then everything that was held.

    A network outage, a node that is moved, a paused process.
    """

    def __init__(self, seconds: float, after_bytes: int = 1) -> None:
        self._limit_ns = ns(seconds)
        self._free = after_bytes
        self._stalled = False
        self._over = False
        self._held = bytearray()
        self._last: _Late | None = None

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
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
        return self._end(End())

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        return self._end(broken)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
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


def _parse(value: str | None) -> Arguments:
    time, at, after = (value or "").partition("@")
    return (seconds(time), count(after)) if at else (seconds(time),)


FAULT: Final = FaultKind("stall:S[@N]", "pauses for S seconds after N bytes of body", Stall, _parse)
