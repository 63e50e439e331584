"""`rst-after:N`: a reset after N bytes of body."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Break, Close, Fault, ResponseHead, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one


class Reset(Fault):
    """Resets the connection after `after_bytes` of body, as a server that crashed."""

    alters_length = False  # what Content-Length promised does not come

    def __init__(self, after_bytes: int) -> None:
        self._left = after_bytes

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        return () if self._left else (Break(Close.RST),)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        passing = data[: self._left]
        self._left -= len(passing)
        yield Send(passing)
        if not self._left:
            yield Break(Close.RST)


FAULT: Final = FaultKind("rst-after:N", "resets the connection after N bytes of body", Reset, one(count))
