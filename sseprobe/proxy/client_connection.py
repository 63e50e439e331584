"""The connection of a client: it may carry many requests, pipelined or not; they are served one after the other."""

import asyncio
import socket
from collections import deque
from typing import Final, cast
from urllib.parse import urlsplit

import httptools

from sseprobe.proxy.exchange import Exchange, Service
from sseprobe.proxy.fault import Close, RequestHead, has_token
from sseprobe.proxy.http1 import MAX_HEAD_BYTES, own_response, request_bytes
from sseprobe.tcp_reset import reset_on_close

_MAX_WAITING: Final = 32
_CLOSE_WAIT_S: Final = 1.0


class _Waiting:
    """A pipelined request: sent before the response to the one before it came."""

    def __init__(self, head: RequestHead) -> None:
        self.head = head
        self.body: list[bytes] = []
        self.complete = False


class ClientConnection(asyncio.Protocol):
    """One connection of a client. `connections`: the open ones, to which it adds itself. `number`: for the log."""

    def __init__(self, service: Service, connections: "set[ClientConnection]", number: int) -> None:
        self.number = number
        self._service = service
        self._connections = connections
        self.exchange: Exchange | None = None
        self.running: set[Exchange] = set()  # also those whose client has left
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[_Waiting] = deque()
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._closing = False
        self._current: Exchange | _Waiting | None = None  # whose body is being read

    # What an exchange calls.

    def write(self, data: bytes) -> None:
        """Sends to the client."""
        if self._transport is not None and not self._closing:
            self._transport.write(data)

    def read(self, *, on: bool) -> None:
        """Whether the client's socket is read."""
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.resume_reading if on else self._transport.pause_reading)()

    def is_dead(self) -> bool:
        """Whether the client has reset the connection. Known without reading: the socket's pending error."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return True
        sock = transport.get_extra_info("socket")
        return sock is not None and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    def refuse(self, status: int, message: str) -> None:
        """Sends a response of the proxy's own."""
        self.write(own_response(status, message))

    def reset(self) -> None:
        """Ends the connection with RST, once the kernel has what was written."""
        if self._transport is None or self._closing:
            return
        self._closing = True
        loop = asyncio.get_running_loop()
        self._reset(loop, loop.time() + _CLOSE_WAIT_S)

    def _reset(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        transport = self._transport
        if transport is None:
            return
        if transport.get_write_buffer_size() and loop.time() < until:
            loop.call_later(0.01, self._reset, loop, until)
            return
        reset_on_close(transport.get_extra_info("socket"))
        transport.abort()

    def exchange_over(self, exchange: Exchange, *, keep: bool) -> None:
        """The exchange is over."""
        self.running.discard(exchange)
        if self._transport is None and not self.running:
            self._connections.discard(self)
        if exchange is not self.exchange:
            return
        self.exchange = None
        transport = self._transport
        if transport is None or self._closing:
            return
        if not keep:
            self._closing = True
            transport.close()
            return
        self.read(on=True)
        if self._waiting:
            self._begin_waiting(self._waiting.popleft())

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of no class of asyncio's
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Some of a request has come, or more than one."""
        if self._closing:
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            self._upgrade(data[error.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse_request(400, f"invalid HTTP/1 request ({error})")
        if self._head_bytes > MAX_HEAD_BYTES and self._current is None and self.exchange is None:
            self._refuse_request(431, "the request head is over 1 MiB")

    def eof_received(self) -> bool:
        """The client sent FIN: it has gone, or half-closed and still reads."""
        if self.exchange is None:
            return False
        self.exchange.client_closed(Close.FIN)
        return not self._closing

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._closing = True
        self._transport = None
        self._waiting.clear()
        if self.exchange is not None:
            self.exchange.client_closed(Close.RST)
        if not self.running:
            self._connections.discard(self)

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        if self.exchange is not None:
            self.exchange.hold_upstream(held=True)

    def resume_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.hold_upstream(held=False)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._target, self._headers = b"", []
        self._current = None

    def on_url(self, url: bytes) -> None:
        """The target, or a part of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; a trailer of a request is dropped."""
        if self._current is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head of a request is complete."""
        version = self._parser.get_http_version().encode()
        head = RequestHead(self._headers, self._parser.get_method(), self._target, version)
        if self._parser.should_upgrade():
            return  # see `_upgrade`
        self._begin(head)

    def on_body(self, data: bytes) -> None:
        """A piece of a request's body."""
        if isinstance(self._current, Exchange):
            self._current.request_body(data)
        elif self._current is not None:
            self._current.body.append(data)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._head_bytes = 0
        if isinstance(self._current, Exchange):
            self._current.request_end()
        elif self._current is not None:
            self._current.complete = True

    def _begin(self, head: RequestHead) -> None:
        if (refusal := self._problem(head)) is not None:
            self._refuse_request(*refusal)
        elif self.exchange is None and not self._waiting:
            self._start(head)
        elif len(self._waiting) >= _MAX_WAITING:
            self._refuse_request(503, f"over {_MAX_WAITING} pipelined requests on one connection")
        else:
            self._current = _Waiting(head)
            self._waiting.append(self._current)
            self.read(on=False)

    def _start(self, head: RequestHead) -> Exchange:
        self._current = self.exchange = exchange = Exchange(self._service, self, head)
        self.running.add(exchange)
        exchange.start()
        return exchange

    def _begin_waiting(self, waiting: _Waiting) -> None:
        current = self._current
        exchange = self._start(waiting.head)
        for data in waiting.body:
            exchange.request_body(data)
        if waiting.complete:
            exchange.request_end()
        if current is not waiting:
            self._current = current  # a later one is still being read

    def _problem(self, head: RequestHead) -> tuple[int, str] | None:
        """Why a request is refused, None if it is not. A target in absolute form becomes one in origin form."""
        if head.method == b"CONNECT":
            return 405, f"CONNECT is not supported; this proxy forwards to {self._service.upstream.url} only"
        if has_token(head, b"upgrade", b"websocket"):
            return 501, "WebSocket is not supported"
        if not head.target.startswith(b"/") and head.target != b"*":
            try:
                parts = urlsplit(head.target.decode("ascii"))
                authority = parts.netloc.lower()
            except ValueError:
                return 400, "invalid request target"
            if authority not in self._service.authorities:
                return 421, f"this proxy forwards to {self._service.upstream.url} only"
            head.target = (parts.path or "/").encode() + (b"?" + parts.query.encode() if parts.query else b"")
        return None

    def _refuse_request(self, status: int, message: str) -> None:
        if self._closing or self._transport is None:
            return
        if self.exchange is None:
            self.refuse(status, message)
        self._close_gracefully(self._transport)

    def _close_gracefully(self, transport: asyncio.Transport) -> None:
        """Sends FIN, and waits for the client's: closing with bytes unread sends RST, which may lose the response."""
        self._closing = True
        transport.write_eof()
        asyncio.get_running_loop().call_later(_CLOSE_WAIT_S, transport.close)

    def _upgrade(self, rest: bytes) -> None:
        """The client offers another protocol. RFC 9110 7.8: "A server MAY ignore a received Upgrade"."""
        head = RequestHead(
            self._headers, self._parser.get_method(), self._target, self._parser.get_http_version().encode()
        )
        if (refusal := self._problem(head)) is not None:
            self._refuse_request(*refusal)
            return
        for name in (b"upgrade", b"http2-settings", b"connection"):
            head.remove(name)
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(request_bytes(head) + rest)
