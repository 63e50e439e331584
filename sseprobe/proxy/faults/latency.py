"""`latency:MS`, `latency:MS~JITTER`: delay, as over a long line."""

import random
from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

from sseprobe.proxy.fault import MAX_HELD, Action, Break, End, Fault, Send, Wake
from sseprobe.proxy.fault_kind import Arguments, FaultKind, millis
from sseprobe.units import NS_PER_MS

_Late: TypeAlias = Send | End | Break


class Latency(Fault):
    """Delays everything by `delay_ms` plus up to `jitter_ms`, in order, as TCP delivers. `seed`: of the jitter."""

    holds_head = True

    def __init__(self, delay_ms: float, jitter_ms: float = 0.0, seed: int = 1) -> None:
        self._delay_ns = round(delay_ms * NS_PER_MS)
        self._jitter_ns = round(jitter_ms * NS_PER_MS)
        self._random = random.Random(seed)  # noqa: S311  no secret
        self._waiting: deque[tuple[int, _Late]] = deque()
        self._waiting_bytes = 0

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        self._waiting_bytes += len(data)
        return self._wait(Send(data), t_ns)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        return self._wait(End(), t_ns)

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        return self._wait(broken, t_ns)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        while self._waiting and (self._waiting[0][0] <= t_ns or self._waiting_bytes > MAX_HELD):
            _, late = self._waiting.popleft()
            if isinstance(late, Send):
                self._waiting_bytes -= len(late.data)
            yield late
        if self._waiting:
            yield Wake(self._waiting[0][0])

    def _wait(self, late: _Late, t_ns: int) -> Iterable[Action]:
        at_ns = t_ns + self._delay_ns + (self._random.randrange(self._jitter_ns) if self._jitter_ns else 0)
        if self._waiting:
            at_ns = max(at_ns, self._waiting[-1][0])
        self._waiting.append((at_ns, late))
        return self.on_wake(t_ns)


def _parse(value: str | None) -> Arguments:
    delay, tilde, jitter = (value or "").partition("~")
    return (millis(delay), millis(jitter)) if tilde else (millis(delay),)


FAULT: Final = FaultKind("latency:MS[~JITTER]", "adds MS milliseconds of delay, plus up to JITTER", Latency, _parse)
