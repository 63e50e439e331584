"""`close-delimited`: the client is answered in HTTP/1.0."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, ResponseHead


class CloseDelimited(Fault):
    """Answers in HTTP/1.0: no transfer chunks, and closing is the only end that a body of unknown length has."""

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Says so."""
        head.version = b"1.0"
        head.remove(b"transfer-encoding")
        head.replace(b"Connection", b"close")
        return ()
