"""`split:N`: small pieces, cut at arbitrary bytes."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one


class Split(Fault):
    """Sends the body in pieces of `size` bytes, each in a transfer chunk of its own: inside characters and line ends.

    Legal everywhere, and what TLS records and small buffers do; clients that decode piece by piece break on it.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        for start in range(0, len(data), self._size):
            yield Send(data[start : start + self._size])


FAULT: Final = FaultKind("split:N", "splits the body into pieces of N bytes", Split, one(count))
