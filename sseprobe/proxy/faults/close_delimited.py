"""`close-delimited`: the client gets HTTP/1.0."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, ResponseHead
from sseprobe.proxy.fault_kind import FaultKind, nothing


class CloseDelimited(Fault):
    """Responds in HTTP/1.0: no transfer chunks; only closing ends a body of unknown length."""

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        head.version = b"1.0"
        head.remove(b"transfer-encoding")
        head.replace(b"Connection", b"close")
        return ()


FAULT: Final = FaultKind(
    "close-delimited", "responds in HTTP/1.0, where closing ends the body", CloseDelimited, nothing
)
