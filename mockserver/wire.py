"""What ASGI cannot express: the connection itself. Apps run under `WireProtocol` find it in their scope."""

import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT: Final = "mockserver.transport"
_LINGER_0: Final = struct.pack("ii", 1, 0)


class _Endless:
    """A content length that closing the connection settles."""

    def __lt__(self, _other: int) -> bool:
        return False

    def __sub__(self, _other: int) -> "_Endless":
        return self

    def __ne__(self, _other: object) -> bool:
        return False


class WireProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which gives the app its transport, and sends no transfer chunks to HTTP/1.0.

    Uvicorn 0.54 with httptools sends `Transfer-Encoding: chunked` to HTTP/1.0 too, against RFC 9112 6.1.
    """

    when_lost: Callable[[], None] | None = None
    """Called before the app is told that the connection is lost."""

    def on_message_begin(self) -> None:
        """A request begins: its scope is made here."""
        super().on_message_begin()
        self.when_lost = None
        self.scope["extensions"] = {_TRANSPORT: self.transport}  # type: ignore[dict-item]  # an object of ours

    def on_headers_complete(self) -> None:
        """The head of a request has come: its answer is prepared here."""
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            self.cycle.chunked_encoding = False
            self.cycle.expected_content_length = _Endless()  # type: ignore[assignment]  # a number for all it is used for

    def connection_lost(self, exc: Exception | None) -> None:
        if self.when_lost is not None:
            self.when_lost()
        super().connection_lost(exc)


def connection_of(scope: Scope) -> socket.socket | None:
    """The socket of a request; None under another server."""
    transport = _transport(scope)
    return None if transport is None else transport.get_extra_info("socket")


def call_when_lost(scope: Scope, call: Callable[[], None]) -> None:
    """Has this called when the connection of a request is lost, before the app is notified."""
    transport = _transport(scope)
    if transport is not None:
        transport.get_protocol().when_lost = call


def reset(scope: Scope) -> None:
    """Ends the connection with RST: with no time to linger, `close` discards what is unsent and says so (socket(7))."""
    transport, connection = _transport(scope), connection_of(scope)
    if transport is not None and connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        transport.abort()


def _transport(scope: Scope) -> Any:
    return (scope.get("extensions") or {}).get(_TRANSPORT)
