"""`strip:NAME`: a response header is removed."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, ResponseHead
from sseprobe.proxy.fault_kind import FaultKind, header_name, one


class Strip(Fault):
    """Removes a response header, as nginx does with X-Accel-Buffering, and scanners with Cache-Control."""

    touches_body = False

    def __init__(self, name: str) -> None:
        self._name = name.lower().encode("ascii")

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        head.remove(self._name)
        return ()


FAULT: Final = FaultKind("strip:NAME", "removes a response header", Strip, one(header_name))
