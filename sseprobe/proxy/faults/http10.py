"""`http10`: the upstream request is HTTP/1.0."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, RequestHead
from sseprobe.proxy.fault_kind import FaultKind, nothing


class Http10(Fault):
    """Speaks HTTP/1.0 to the upstream, as nginx does up to 1.29.6; the client gets its own version."""

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        head.version = b"1.0"
        head.replace(b"Connection", b"close")
        return ()


FAULT: Final = FaultKind("http10", "sends the upstream request in HTTP/1.0", Http10, nothing)
