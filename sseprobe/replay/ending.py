"""How a recorded ending is imitated: the framing of the body, and how the connection is closed."""

import asyncio
import contextlib
import socket
import struct
import sys
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from sseprobe.http_exchange import BodyEnd
from sseprobe.tcp_reset import reset_on_close

HOLD_LIMIT_S: Final = 600.0
"""How long a connection is held open: twice the default limit of a client for a whole stream."""

_READ_BYTES: Final = 64 * 1024
_CLOSE_WAIT_S: Final = 2.0
_DELIVERY_S: Final = 10.0
_BEFORE_RESET_S: Final = 0.1


class Framing(Enum):
    """How HTTP delimits the body."""

    CHUNKED = auto()
    LENGTH = auto()
    TOO_LONG = auto()
    """A Content-Length that is larger than the body."""
    CLOSE = auto()


class Close(Enum):
    """How the connection ends."""

    FIN = auto()
    RST = auto()
    HOLD = auto()
    """Silence, until the client closes."""


class EndStyle(Struct, frozen=True):
    """How a body is framed, the bytes after it, and how the connection ends."""

    framing: Framing
    last: bytes
    close: Close


_LAST_CHUNK: Final = b"0\r\n\r\n"
_COMPLETE: Final = EndStyle(Framing.CHUNKED, _LAST_CHUNK, Close.FIN)
_CUT: Final = EndStyle(Framing.CHUNKED, b"", Close.FIN)
_SILENT: Final = EndStyle(Framing.CHUNKED, b"", Close.HOLD)
_STYLES: Final = {
    BodyEnd.LAST_CHUNK: _COMPLETE,
    BodyEnd.END_STREAM: _COMPLETE,
    BodyEnd.CONTENT_LENGTH: EndStyle(Framing.LENGTH, b"", Close.FIN),
    BodyEnd.CLOSE: EndStyle(Framing.CLOSE, b"", Close.FIN),
    BodyEnd.LEFT_OPEN: _SILENT,
    BodyEnd.MISSING_LAST_CHUNK: _CUT,
    BodyEnd.SHORT_BODY: EndStyle(Framing.TOO_LONG, b"", Close.FIN),
    BodyEnd.TLS_CUT: _CUT,
    BodyEnd.RESET: EndStyle(Framing.CHUNKED, b"", Close.RST),
    BodyEnd.PROTOCOL_ERROR: EndStyle(Framing.CHUNKED, b"no size of a chunk\r\n", Close.HOLD),
    BodyEnd.IDLE_TIMEOUT: _SILENT,
    BodyEnd.TOTAL_TIMEOUT: _SILENT,
    # The recording was aborted: the rest is unknown, and no client may take this for the end.
    BodyEnd.ABORT: _CUT,
    BodyEnd.LIMIT: _CUT,
}


def style_of(end: BodyEnd, *, http10: bool) -> EndStyle:
    """How to imitate a recorded ending, as far as the version of HTTP can express it."""
    style = _STYLES[end]
    if http10 and style.framing is Framing.CHUNKED:  # which HTTP/1.0 does not have
        framing = Framing.CLOSE if style.last == _LAST_CHUNK else Framing.TOO_LONG
        return EndStyle(framing, b"", style.close)
    return style


async def until_client_closes(sock: socket.socket) -> None:
    """Reads, and drops what it reads, until the client has closed or reset the connection."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while await loop.sock_recv(sock, _READ_BYTES):
            pass


async def close(sock: socket.socket, how: Close, client_gone: "asyncio.Task[None]") -> None:
    """Prepares the end of the connection; closing the socket then completes it."""
    match how:
        case Close.FIN:
            # Closing with unread bytes would send RST (RFC 1122 4.2.2.13), which discards what is in flight.
            sock.shutdown(socket.SHUT_WR)
            await asyncio.wait({client_gone}, timeout=_CLOSE_WAIT_S)
        case Close.RST:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DELIVERY_S):
                    while _unsent(sock):  # noqa: ASYNC110  the kernel has no event for it
                        await asyncio.sleep(0.005)
            # The data is in the client's kernel, where a reset may discard it too.
            await asyncio.sleep(_BEFORE_RESET_S)
            reset_on_close(sock)
        case Close.HOLD:
            await asyncio.wait({client_gone}, timeout=HOLD_LIMIT_S)


def _unsent(sock: socket.socket) -> int:
    """How many bytes the other side has not acknowledged; 0 where the kernel cannot report it (tcp(7), SIOCOUTQ)."""
    if sys.platform != "linux":
        return 0
    import fcntl
    import termios

    return int(struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0])
