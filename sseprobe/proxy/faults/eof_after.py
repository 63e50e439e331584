"""`eof-after:N`: the connection closes after N bytes of body."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Break, Close, Fault, ResponseHead, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one


class Truncate(Fault):
    """Closes with FIN after `after_bytes` of body, as a proxy that was restarted: without the last chunk."""

    alters_length = False  # what Content-Length promised does not come

    def __init__(self, after_bytes: int) -> None:
        self._left = after_bytes

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        return () if self._left else (Break(Close.FIN),)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        passing = data[: self._left]
        self._left -= len(passing)
        yield Send(passing)
        if not self._left:
            yield Break(Close.FIN)


FAULT: Final = FaultKind(
    "eof-after:N", "closes the connection after N bytes of body, without HTTP's last chunk", Truncate, one(count)
)
