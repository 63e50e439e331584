"""The response of a replay: the recorded head and body, each piece at its recorded time.

Each time is a deadline, counted from the arrival of the request: nothing is sent earlier, and lateness does not add up.
The chunks of one recorded read are sent in one write, each in a transfer chunk of its own, so that a client sees the
same reads.
"""

import asyncio
import re
import socket
from email.utils import formatdate
from itertools import groupby
from typing import Final
from urllib.parse import quote, urlsplit

import h11

from sseprobe.errors import UsageError
from sseprobe.http_exchange import Chunk, Head
from sseprobe.replay.ending import HOLD_LIMIT_S, Close, EndStyle, Framing, close, style_of
from sseprobe.streams.cassette import Cassette
from sseprobe.units import NS_PER_S

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_NO_FIELD_VALUE: Final = re.compile(r"[\0\r\n\u0100-\U0010ffff]")
_NO_BODY: Final = frozenset({204, 205, 304})
# Of the recorded connection, not of this one (RFC 9110 7.6.1), or of an encoding that was decoded.
_CONNECTION_HEADERS: Final = frozenset({
    "connection", "content-encoding", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip


class Replay:
    """A recorded response. Raises UsageError for a head that cannot be sent. `speed`: 2 is twice as fast.

    `target`: path and query of the recorded request.
    """

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

    async def send(
        self, sock: socket.socket, request: h11.Request, arrived: float, client_gone: "asyncio.Task[None]"
    ) -> None:
        """Answers a request. `arrived`: its arrival, by the loop; `client_gone`: done once the client has closed."""
        style = style_of(self._end.end, http10=request.http_version < b"1.1")
        head = self._head_bytes(style)
        if request.method == b"HEAD" or self._head.status in _NO_BODY:
            await self._write(sock, arrived, self._head.t_ns, head)
            await close(sock, Close.FIN, client_gone)
            return
        body = self._chunked if style.framing is Framing.CHUNKED else self._plain
        if not (body and body[0][0] == self._head.t_ns):
            await self._write(sock, arrived, self._head.t_ns, head)
            head = b""
        for t_ns, data in body:
            await self._write(sock, arrived, t_ns, head + data)
            head = b""
        if style.close is not Close.HOLD or style.last:
            await self._write(sock, arrived, self._end.t_ns, style.last)
        await close(sock, style.close, client_gone)

    def _head_bytes(self, style: EndStyle) -> bytes:
        lines = [f"HTTP/1.1 {self._head.status} {self._head.reason}"]
        # The date of this message, not of the recorded one (RFC 9110 6.6.1).
        date = formatdate(usegmt=True)
        lines += [f"{name}: {date if name.lower() == 'date' else value}" for name, value in self._headers]
        if self._head.status not in _NO_BODY:
            match style.framing:
                case Framing.CHUNKED:
                    lines.append("Transfer-Encoding: chunked")
                case Framing.LENGTH:
                    lines.append(f"Content-Length: {self._length}")
                case Framing.TOO_LONG:
                    lines.append(f"Content-Length: {max(self._length + 1, _recorded_length(self._head))}")
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")

    async def _write(self, sock: socket.socket, arrived: float, t_ns: int, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = arrived + t_ns / NS_PER_S / self._speed
        while (wait := due - loop.time()) > 0:  # noqa: ASYNC110  a timer may fire early
            await asyncio.sleep(wait)
        if data:
            async with asyncio.timeout(HOLD_LIMIT_S):
                await loop.sock_sendall(sock, data)


def _target(url: str) -> str:
    """Path and query of the recorded request, by which clients recognize the dialect."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    query = f"?{parts.query}" if parts.query else ""
    return "/" + quote(parts.path.removeprefix("/") + query, safe="%/?:@!$&'()*+,;=-._~")


def _headers(head: Head, name: str) -> list[tuple[str, str]]:
    """The recorded headers, without those of the connection. Raises UsageError for one that cannot be sent."""
    for key, value in (("reason", head.reason), *head.headers):
        if not _TOKEN.fullmatch(key) or _NO_FIELD_VALUE.search(value):
            raise UsageError(f"{name}, line 2: {key!r}: {value[:80]!r} is not a valid HTTP header. Correct the file.")
    listed = {
        option.strip().lower()
        for key, value in head.headers
        if key.lower() == "connection"
        for option in value.split(",")
    }
    return [(key, value) for key, value in head.headers if key.lower() not in _CONNECTION_HEADERS | listed]


def _recorded_length(head: Head) -> int:
    length = head.header("content-length") or ""
    is_known = head.header("content-encoding") is None and re.fullmatch("[0-9]{1,18}", length)
    return int(length) if is_known else 0


def _transfer_chunk(chunk: Chunk) -> bytes:
    # A transfer chunk without bytes would end the body.
    return b"%x\r\n%s\r\n" % (len(chunk.data), chunk.data) if chunk.data else b""
