"""Replays a cassette: answers every request with the recorded stream, as it came and when it came.

Each time is a deadline of its own, counted from the arrival of the request: nothing leaves before it, and lateness does
not add up. The chunks of one recorded read leave in one write, each in a transfer chunk of its own, so that a client
sees the same reads. One request a connection; HTTP/1.1, as far as the recorded ending can be said in it (`_MANNERS`).
"""

import asyncio
import contextlib
import os
import re
import socket
import struct
import sys
from email.utils import formatdate
from enum import Enum, auto
from itertools import groupby
from typing import Final
from urllib.parse import quote, urlsplit

import h11
from msgspec import Struct

from sseprobe.errors import UsageError
from sseprobe.http_exchange import BodyEnd, Chunk, Head
from sseprobe.streams.cassette import Cassette
from sseprobe.tcp_reset import reset_on_close
from sseprobe.units import NS_PER_S

HOLD_S: Final = 600.0
"""How long a connection that was left open stays open: twice as long as a client waits that is told nothing else."""
MAX_STREAMS: Final = 1000
"""How many are served at once; the next wait to be accepted."""
_REQUEST_S: Final = 30.0
_MAX_HEAD_BYTES: Final = 64 * 1024
_MAX_BODY_BYTES: Final = 64 * 1024 * 1024
_READ_BYTES: Final = 64 * 1024
_FAREWELL_S: Final = 2.0
_DELIVERY_S: Final = 10.0
_BEFORE_RESET_S: Final = 0.1
_ACCEPT_AGAIN_S: Final = 0.1
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_NO_FIELD_VALUE: Final = re.compile(r"[\0\r\n\u0100-\U0010ffff]")
_NO_BODY: Final = frozenset({204, 205, 304})
# Of the recorded connection, not of this one (RFC 9110 7.6.1), or of an encoding that was undone.
_OWN: Final = frozenset({
    "connection", "content-encoding", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip


class _Framing(Enum):
    CHUNKED = auto()
    LENGTH = auto()
    TOO_LONG = auto()
    """A Content-Length that promises more than comes."""
    CLOSE = auto()


class _Leaving(Enum):
    FIN = auto()
    RST = auto()
    STAY = auto()
    """Silence, until the client leaves."""


class _Manner(Struct, frozen=True):
    """How a body is framed, what is written after it, and how the connection ends."""

    framing: _Framing
    last: bytes
    leaving: _Leaving


_LAST_CHUNK: Final = b"0\r\n\r\n"
_WHOLE: Final = _Manner(_Framing.CHUNKED, _LAST_CHUNK, _Leaving.FIN)
_CUT: Final = _Manner(_Framing.CHUNKED, b"", _Leaving.FIN)
_SILENT: Final = _Manner(_Framing.CHUNKED, b"", _Leaving.STAY)
_MANNERS: Final = {
    BodyEnd.LAST_CHUNK: _WHOLE,
    BodyEnd.END_STREAM: _WHOLE,
    BodyEnd.CONTENT_LENGTH: _Manner(_Framing.LENGTH, b"", _Leaving.FIN),
    BodyEnd.CLOSE: _Manner(_Framing.CLOSE, b"", _Leaving.FIN),
    BodyEnd.LEFT_OPEN: _SILENT,
    BodyEnd.MISSING_LAST_CHUNK: _CUT,
    BodyEnd.SHORT_BODY: _Manner(_Framing.TOO_LONG, b"", _Leaving.FIN),
    BodyEnd.TLS_CUT: _CUT,
    BodyEnd.RESET: _Manner(_Framing.CHUNKED, b"", _Leaving.RST),
    BodyEnd.PROTOCOL_ERROR: _Manner(_Framing.CHUNKED, b"no size of a chunk\r\n", _Leaving.STAY),
    BodyEnd.IDLE_TIMEOUT: _SILENT,
    BodyEnd.TOTAL_TIMEOUT: _SILENT,
    # Whoever recorded it left: nothing more is known, and no client shall take this for the end.
    BodyEnd.ABORT: _CUT,
    BodyEnd.LIMIT: _CUT,
}


def _manner(end: BodyEnd, *, http10: bool) -> _Manner:
    manner = _MANNERS[end]
    if http10 and manner.framing is _Framing.CHUNKED:  # which HTTP/1.0 does not know
        framing = _Framing.CLOSE if manner.last == _LAST_CHUNK else _Framing.TOO_LONG
        return _Manner(framing, b"", manner.leaving)
    return manner


class Replay:
    """What is to be sent, and when. Raises UsageError for a head that cannot be sent. `speed`: 2 is twice as fast."""

    def __init__(self, cassette: Cassette, name: str, *, speed: float = 1.0) -> None:
        self.target = _target(cassette.opening.url)
        self._head = cassette.head
        self._end = cassette.end
        self._speed = speed
        self._length = len(cassette.body)
        self._headers = _headers(cassette.head, name)
        reads = [list(chunks) for _, chunks in groupby(cassette.chunks, lambda chunk: chunk.read.index)]
        self._plain = [(read[-1].read.t_ns, b"".join(chunk.data for chunk in read)) for read in reads]
        self._chunked = [(read[-1].read.t_ns, b"".join(map(_transfer_chunk, read))) for read in reads]

    async def send(self, sock: socket.socket, request: h11.Request, arrived: float, left: "asyncio.Task[None]") -> None:
        """Answers a request that has arrived at this time of the loop. `left`: is done when the client has left."""
        manner = _manner(self._end.end, http10=request.http_version < b"1.1")
        head = self._head_bytes(manner)
        if request.method == b"HEAD" or self._head.status in _NO_BODY:
            await self._write(sock, arrived, self._head.t_ns, head)
            await _leave(sock, _Leaving.FIN, left)
            return
        body = self._chunked if manner.framing is _Framing.CHUNKED else self._plain
        if not (body and body[0][0] == self._head.t_ns):
            await self._write(sock, arrived, self._head.t_ns, head)
            head = b""
        for t_ns, data in body:
            await self._write(sock, arrived, t_ns, head + data)
            head = b""
        if manner.leaving is not _Leaving.STAY or manner.last:
            await self._write(sock, arrived, self._end.t_ns, manner.last)
        await _leave(sock, manner.leaving, left)

    def _head_bytes(self, manner: _Manner) -> bytes:
        lines = [f"HTTP/1.1 {self._head.status} {self._head.reason}"]
        # A date is that of the message, and this one is new (RFC 9110 6.6.1).
        date = formatdate(usegmt=True)
        lines += [f"{name}: {date if name.lower() == 'date' else value}" for name, value in self._headers]
        if self._head.status not in _NO_BODY:
            match manner.framing:
                case _Framing.CHUNKED:
                    lines.append("Transfer-Encoding: chunked")
                case _Framing.LENGTH:
                    lines.append(f"Content-Length: {self._length}")
                case _Framing.TOO_LONG:
                    lines.append(f"Content-Length: {max(self._length + 1, _length_said(self._head))}")
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")

    async def _write(self, sock: socket.socket, arrived: float, t_ns: int, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = arrived + t_ns / NS_PER_S / self._speed
        while (wait := due - loop.time()) > 0:  # noqa: ASYNC110  a timer may ring early
            await asyncio.sleep(wait)
        if data:
            async with asyncio.timeout(HOLD_S):
                await loop.sock_sendall(sock, data)


def _target(url: str) -> str:
    """Path and query of the recorded request: they tell a client the dialect."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    query = f"?{parts.query}" if parts.query else ""
    return "/" + quote(parts.path.removeprefix("/") + query, safe="%/?:@!$&'()*+,;=-._~")


def _headers(head: Head, name: str) -> list[tuple[str, str]]:
    """The recorded headers that are not the connection's own. Raises UsageError for one that cannot be sent."""
    for key, value in (("reason", head.reason), *head.headers):
        if not _TOKEN.fullmatch(key) or _NO_FIELD_VALUE.search(value):
            raise UsageError(
                f"{name}, line 2: the head cannot be sent as HTTP: {key!r} is {value[:80]!r}. Mend the file."
            )
    listed = {
        option.strip().lower()
        for key, value in head.headers
        if key.lower() == "connection"
        for option in value.split(",")
    }
    return [(key, value) for key, value in head.headers if key.lower() not in _OWN | listed]


def _length_said(head: Head) -> int:
    said = head.header("content-length") or ""
    plain = head.header("content-encoding") is None and re.fullmatch("[0-9]{1,18}", said)
    return int(said) if plain else 0


def _transfer_chunk(chunk: Chunk) -> bytes:
    # One without bytes would be the last.
    return b"%x\r\n%s\r\n" % (len(chunk.data), chunk.data) if chunk.data else b""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises UsageError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=MAX_STREAMS)
    except (OSError, OverflowError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host} port {port} ({reason}). Take another --port; 0 takes a free one."
        ) from error


async def serve(replay: Replay, listener: socket.socket) -> None:
    """Serves until it is cancelled."""
    async with asyncio.TaskGroup() as streams:
        door = _Door(replay, listener, streams)
        try:
            door.open()
            await asyncio.Event().wait()
        finally:
            door.shut()


class _Door:
    """Lets clients in while there is room. Not `sock_accept`, whose cancelling may race with a client."""

    def __init__(self, replay: Replay, listener: socket.socket, streams: asyncio.TaskGroup) -> None:
        self._replay = replay
        self._listener = listener
        self._streams = streams
        self._loop = asyncio.get_running_loop()
        self._inside = 0
        self._is_shut = False
        listener.setblocking(False)

    def open(self) -> None:
        """From now on clients are let in, unless it is shut for good."""
        if not self._is_shut:
            self._loop.add_reader(self._listener, self._accept)

    def shut(self) -> None:
        """Lets nobody in any more."""
        self._is_shut = True
        self._loop.remove_reader(self._listener)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # the client was quick to leave, or there is no file descriptor left
            self._loop.remove_reader(self._listener)
            self._loop.call_later(_ACCEPT_AGAIN_S, self.open)
            return
        self._inside += 1
        if self._inside == MAX_STREAMS:
            self._loop.remove_reader(self._listener)
        self._streams.create_task(_answer(self._replay, sock)).add_done_callback(self._one_left)

    def _one_left(self, _: "asyncio.Task[None]") -> None:
        self._inside -= 1
        self.open()


async def _answer(replay: Replay, sock: socket.socket) -> None:
    with sock, contextlib.suppress(OSError, TimeoutError):  # the client left, or does not read
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(_REQUEST_S):
            request = await _request(sock)
        if request is None:
            return
        arrived = asyncio.get_running_loop().time()
        left = asyncio.create_task(_until_left(sock))
        sending = asyncio.create_task(replay.send(sock, request, arrived, left))
        try:
            await asyncio.wait({left, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            left.cancel()
            sending.cancel()
            await asyncio.gather(left, sending, return_exceptions=True)  # before the socket is closed under them


async def _request(sock: socket.socket) -> h11.Request | None:
    """The request, once its body has come too, which nobody wants; None if there is none. Raises OSError."""
    loop = asyncio.get_running_loop()
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
    request: h11.Request | None = None
    body_bytes = 0
    try:
        while True:
            match connection.next_event():
                case h11.Request() as request:
                    pass
                case h11.Data(data=data):
                    body_bytes += len(data)
                    if body_bytes > _MAX_BODY_BYTES:
                        raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)
                case h11.EndOfMessage():
                    return request
                case h11.ConnectionClosed():
                    return None
                case _:
                    if connection.they_are_waiting_for_100_continue:
                        go_on = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
                        await loop.sock_sendall(sock, go_on or b"")
                    connection.receive_data(await loop.sock_recv(sock, _READ_BYTES))
    except h11.RemoteProtocolError as error:
        said = f"sseprobe replay: {error}\n".encode()
        head = f"HTTP/1.1 {error.error_status_hint} \r\nContent-Type: text/plain\r\nContent-Length: {len(said)}\r\n"
        await loop.sock_sendall(sock, head.encode() + b"Connection: close\r\n\r\n" + said)
        left = asyncio.create_task(_until_left(sock))
        await _leave(sock, _Leaving.FIN, left)
        left.cancel()
        await asyncio.wait({left})
        return None


async def _until_left(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while await loop.sock_recv(sock, _READ_BYTES):
            pass


async def _leave(sock: socket.socket, how: _Leaving, left: "asyncio.Task[None]") -> None:
    """Prepares the end of the connection, which closing the socket then is."""
    match how:
        case _Leaving.FIN:
            # Closing with unread bytes would send RST (RFC 1122 4.2.2.13), which discards what is under way.
            sock.shutdown(socket.SHUT_WR)
            await asyncio.wait({left}, timeout=_FAREWELL_S)
        case _Leaving.RST:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DELIVERY_S):
                    while _unsent(sock):  # noqa: ASYNC110  the kernel tells nobody
                        await asyncio.sleep(0.005)
            # It is in the client's kernel; a reset may discard it there too.
            await asyncio.sleep(_BEFORE_RESET_S)
            reset_on_close(sock)
        case _Leaving.STAY:
            await asyncio.wait({left}, timeout=HOLD_S)


def _unsent(sock: socket.socket) -> int:
    """How many bytes the other side has not acknowledged; 0 where the kernel does not tell (tcp(7), SIOCOUTQ)."""
    if sys.platform != "linux":
        return 0
    import fcntl
    import termios

    return int(struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0])
