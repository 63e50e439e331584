"""`bom`: a byte order mark before everything."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, Send
from sseprobe.proxy.fault_kind import FaultKind, nothing

_BOM: Final = b"\xef\xbb\xbf"


class Bom(Fault):
    """Puts a byte order mark before the body, which the specification has clients ignore; many do not."""

    alters_length = True

    def __init__(self) -> None:
        self._begun = False

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        yield Send(data if self._begun else _BOM + data)
        self._begun = True


FAULT: Final = FaultKind("bom", "puts a byte order mark before the body", Bom, nothing)
