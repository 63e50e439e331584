"""`split:N`: cuts the body at arbitrary bytes."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, Send


class Split(Fault):
    """Sends the body in pieces of `size` bytes, each in a transfer chunk of its own: inside characters and line ends.

    Legal everywhere, and what TLS records and small buffers do; clients that decode piece by piece break on it.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """In pieces."""
        for start in range(0, len(data), self._size):
            yield Send(data[start : start + self._size])
