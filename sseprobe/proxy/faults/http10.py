"""`http10`: the upstream is asked in HTTP/1.0."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, RequestHead


class Http10(Fault):
    """Speaks HTTP/1.0 to the upstream, as nginx does up to 1.29.6; the client is answered in its own version."""

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """Says so."""
        head.version = b"1.0"
        head.replace(b"Connection", b"close")
        return ()
