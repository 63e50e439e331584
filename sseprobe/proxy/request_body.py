"""A request on its way upstream: its framing, and what is kept until the upstream is connected."""

from enum import Enum, auto
from typing import Final

from sseprobe.proxy.fault import RequestHead
from sseprobe.proxy.http1 import is_chunked, request_bytes
from sseprobe.proxy.server_connection import ServerConnection

MAX_KEPT_BYTES: Final = 64 * 1024 * 1024


class _Framing(Enum):
    AS_IT_IS = auto()
    CHUNKED = auto()
    COLLECTED = auto()  # HTTP/1.0 has no transfer chunks: the body is collected, and gets a Content-Length
    DROPPED = auto()  # a fault made the request a GET or HEAD


class RequestBody:
    """Sends a request upstream. `head`: as it goes upstream; changed in place. `method`: what the client used."""

    def __init__(self, head: RequestHead, method: bytes) -> None:
        self._head = head
        self._framing = _framing(head, method)
        if self._framing is _Framing.DROPPED:
            head.remove(b"content-length")
            head.remove(b"transfer-encoding")
        self._upstream: ServerConnection | None = None
        self._kept = [] if self._framing is _Framing.COLLECTED else [request_bytes(head)]
        self._kept_bytes = 0

    @property
    def is_too_long(self) -> bool:
        """Whether more was kept than `MAX_KEPT_BYTES`."""
        return self._kept_bytes > MAX_KEPT_BYTES

    def add(self, data: bytes) -> None:
        """Some of the body has come."""
        if self._framing is _Framing.DROPPED:
            return
        if self._framing is _Framing.CHUNKED:
            data = b"%x\r\n%s\r\n" % (len(data), data)
        if self._upstream is None or self._framing is _Framing.COLLECTED:
            self._kept_bytes += len(data)
        self._send(data)

    def end(self) -> None:
        """The body is complete."""
        if self._framing is _Framing.CHUNKED:
            self._send(b"0\r\n\r\n")
        elif self._framing is _Framing.COLLECTED:
            body = b"".join(self._kept)
            self._head.remove(b"transfer-encoding")
            self._head.replace(b"Content-Length", b"%d" % len(body))
            self._kept, self._framing = [], _Framing.AS_IT_IS
            self._send(request_bytes(self._head) + body)

    def connected(self, upstream: ServerConnection) -> None:
        """The upstream is connected: what was kept goes."""
        self._upstream = upstream
        if self._framing is not _Framing.COLLECTED:
            for data in self._kept:
                upstream.write(data)
            self._kept = []

    def _send(self, data: bytes) -> None:
        if self._upstream is None or self._framing is _Framing.COLLECTED:
            self._kept.append(data)
        else:
            self._upstream.write(data)


def _framing(head: RequestHead, method: bytes) -> _Framing:
    if head.method != method and head.method in (b"GET", b"HEAD"):
        return _Framing.DROPPED
    if not is_chunked(head):
        return _Framing.AS_IT_IS
    return _Framing.COLLECTED if head.version == b"1.0" else _Framing.CHUNKED
