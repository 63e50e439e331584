"""`cr`: line ends become CR."""

from typing import Final

from sseprobe.proxy.fault_kind import FaultKind, nothing
from sseprobe.proxy.faults.crlf import Newlines


class Cr(Newlines):
    """CR."""

    def __init__(self) -> None:
        super().__init__(b"\r")


FAULT: Final = FaultKind("cr", "ends lines with CR", Cr, nothing)
