"""`max-bytes:N`: a limit of the body's size."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, Refuse, Send
from sseprobe.proxy.fault_kind import FaultKind, count, one


class MaxBytes(Fault):
    """Fails a response whose body is over `size` bytes. API Gateway, buffered: 10 MB."""

    def __init__(self, size: int, status: int = 502) -> None:
        self._size = self._left = size
        self._status = status

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        if len(data) > self._left:
            if self._left:
                yield Send(data[: self._left])
            self._left = 0
            yield Refuse(self._status, f"the response is over {self._size:,} bytes")
            return
        self._left -= len(data)
        yield Send(data)


FAULT: Final = FaultKind("max-bytes:N", "fails responses over N bytes", MaxBytes, one(count))
