"""What ASGI cannot express: the connection itself. Apps run under `WireProtocol` find it in their scope."""

import socket
import struct
from typing import Final

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT: Final = "mockserver.transport"
_LINGER_0: Final = struct.pack("ii", 1, 0)


class WireProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which hands the transport on to the app."""

    def on_message_begin(self) -> None:
        """A request begins: its scope is made here."""
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT: self.transport}  # type: ignore[dict-item]  # an object of ours


def reset(scope: Scope) -> None:
    """Ends the connection with RST: with no time to linger, `close` discards what is unsent and says so (socket(7))."""
    transport = scope["extensions"][_TRANSPORT]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    transport.abort()
