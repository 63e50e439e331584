"""`slow:B`: a limited rate."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import MAX_HELD, NOTHING, Action, Break, End, Fault, Send, Wake
from sseprobe.proxy.fault_kind import FaultKind, count, one
from sseprobe.units import NS_PER_S


class Rate(Fault):
    """Passes on `bytes_per_s`, from byte `after_bytes` on; what comes faster waits.

    API Gateway streams 10 MB at full speed and then 2 MB/s.
    """

    _STEP_NS = NS_PER_S // 50

    def __init__(self, bytes_per_s: int, after_bytes: int = 0) -> None:
        self._bytes_per_s = bytes_per_s
        self._free = after_bytes
        self._held = bytearray()
        self._last: End | Break | None = None
        self._credit_ns = 0

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        if self._free:
            yield Send(data[: self._free])
            data, self._free = data[self._free :], max(0, self._free - len(data))
        if not data:
            return
        if not self._held:
            self._credit_ns = max(self._credit_ns, t_ns)
        self._held += data
        yield from self._go_on(t_ns)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        return self._end(End(), t_ns)

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        return self._end(broken, t_ns)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        return self._go_on(t_ns)

    def _end(self, last: End | Break, t_ns: int) -> Iterable[Action]:
        self._last = last
        return self._go_on(t_ns) if self._held else (last,)

    def _go_on(self, t_ns: int) -> Iterable[Action]:
        """Sends what is due."""
        if not self._held:
            return NOTHING if self._last is None else (self._last,)
        return self._send_due(t_ns)

    def _send_due(self, t_ns: int) -> Iterable[Action]:
        if len(self._held) > MAX_HELD:
            due = len(self._held) - MAX_HELD
        else:
            due = (t_ns - self._credit_ns) * self._bytes_per_s // NS_PER_S if t_ns > self._credit_ns else 0
        if due:
            due = min(due, len(self._held))
            self._credit_ns += -(-due * NS_PER_S // self._bytes_per_s)
            yield Send(bytes(self._held[:due]))
            del self._held[:due]
        if self._held:
            needed_ns = -(-min(len(self._held), 1) * NS_PER_S // self._bytes_per_s)
            yield Wake(max(self._credit_ns, t_ns) + max(needed_ns, self._STEP_NS))
        elif self._last is not None:
            yield self._last


FAULT: Final = FaultKind("slow:B", "limits the rate to B bytes per second", Rate, one(count))
