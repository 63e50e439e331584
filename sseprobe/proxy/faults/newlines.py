"""`crlf`, `cr`: other line ends."""

from collections.abc import Iterable

from sseprobe.proxy.fault import Action, Fault, Send


class Newlines(Fault):
    """Turns each LF into CRLF or CR, both of which the specification allows; line ends with a CR stay as they are."""

    alters_length = True

    def __init__(self, newline: bytes) -> None:
        self._newline = newline
        self._after_cr = False

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Line by line."""
        out = bytearray()
        for byte in data:
            out += self._newline if byte == 0x0A and not self._after_cr else bytes((byte,))
            self._after_cr = byte == 0x0D
        yield Send(bytes(out))


class CrLf(Newlines):
    """CR LF."""

    def __init__(self) -> None:
        super().__init__(b"\r\n")


class Cr(Newlines):
    """CR."""

    def __init__(self) -> None:
        super().__init__(b"\r")
