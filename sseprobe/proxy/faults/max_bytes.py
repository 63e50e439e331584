"""`max-bytes:N`: an answer may be so long, and no longer."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, Refuse, Send


class MaxBytes(Fault):
    """Gives up on a body over `size` bytes. API Gateway, buffered: 10 MB."""

    def __init__(self, size: int, status: int = 502) -> None:
        self._size = self._left = size
        self._status = status

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Counts."""
        if len(data) > self._left:
            if self._left:
                yield Send(data[: self._left])
            self._left = 0
            yield Refuse(self._status, f"the answer is over {self._size:,} bytes")
            return
        self._left -= len(data)
        yield Send(data)
