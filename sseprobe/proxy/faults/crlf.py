"""`crlf`: line ends become CR LF."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, Send
from sseprobe.proxy.fault_kind import FaultKind, nothing


class Newlines(Fault):
    """Turns each LF into another line end, CRLF or CR, which the specification allows. Line ends with a CR stay."""

    alters_length = True

    def __init__(self, newline: bytes) -> None:
        self._newline = newline
        self._after_cr = False

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        out = bytearray()
        for byte in data:
            out += self._newline if byte == 0x0A and not self._after_cr else bytes((byte,))
            self._after_cr = byte == 0x0D
        yield Send(bytes(out))


class CrLf(Newlines):
    """CR LF."""

    def __init__(self) -> None:
        super().__init__(b"\r\n")


FAULT: Final = FaultKind("crlf", "ends lines with CR LF", CrLf, nothing)
