"""`eof-after:N`: the body breaks off after N bytes."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Break, Close, Fault, ResponseHead, Send


class Truncate(Fault):
    """Ends the connection after so many bytes of body, as a proxy that was restarted: without the last chunk."""

    alters_length = False  # what Content-Length promised does not come

    def __init__(self, after_bytes: int) -> None:
        self._left = after_bytes

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """After no bytes at all there is only the head."""
        return () if self._left else (Break(Close.FIN),)

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Counts."""
        passing = data[: self._left]
        self._left -= len(passing)
        yield Send(passing)
        if not self._left:
            yield Break(Close.FIN)
