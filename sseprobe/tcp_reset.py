"""Closing a TCP connection with RST, for which sockets of the standard library have no method."""

import contextlib
import socket
import struct
from typing import Final

_LINGER_0: Final = struct.pack("ii", 1, 0)


def reset_on_close(sock: socket.socket) -> None:
    """Closing will send RST: with no time to linger, what is unsent is discarded (socket(7))."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
