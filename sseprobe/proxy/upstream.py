"""The proxy's end towards the server: one connection an exchange, and the parser of its answer."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

import httptools

from sseprobe.proxy.base import How, ResponseHead
from sseprobe.proxy.heads import MAX_HEAD_BYTES, has_body, is_close_delimited

if TYPE_CHECKING:
    from sseprobe.proxy.exchange import Exchange

HIGH_WATER_BYTES: Final = 64 * 1024


class Upstream(asyncio.Protocol):
    """Hands what comes to its exchange: heads, pieces of body, and the bytes themselves for those who want no more."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._raw_head = bytearray()  # all bytes until the head is complete
        self._headers: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._head: ResponseHead | None = None
        self._complete = False
        self._closing_ends = False  # and nothing else ends the body
        self._trailers: list[tuple[bytes, bytes]] = []

    @property
    def is_open(self) -> bool:
        """Whether the connection is up."""
        return self._transport is not None and not self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Sends to the server."""
        if self._transport is not None:
            self._transport.write(data)

    def pause(self, paused: bool) -> None:
        """Whether the server has to wait: the client reads too slowly."""
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.pause_reading if paused else self._transport.resume_reading)()

    def close(self) -> None:
        """Leaves the server, at once."""
        if self._transport is not None:
            self._transport.abort()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of no class of asyncio's
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Some of the answer has come."""
        exchange = self._exchange
        if self._head is None:
            self._raw_head += data
            if len(self._raw_head) > MAX_HEAD_BYTES:
                exchange.upstream_failed("the upstream's head is over 1 MiB")
                return
            if self._feed(data) and exchange.is_raw:
                exchange.raw(bytes(self._raw_head))
        elif self._complete:
            return  # bytes behind the answer: nobody asked for them
        elif exchange.is_raw:
            # First on, then looked at: nothing in it can change where it goes.
            exchange.raw(data)
            self._feed(data)
        else:
            self._feed(data)
        if self._complete:
            exchange.upstream_complete(self._trailers)

    def eof_received(self) -> None:
        """The server sends no more."""
        if not self._complete:
            self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if not self._complete:
            self._ended(exc)
        self._exchange.upstream_lost()

    def pause_writing(self) -> None:
        """The server takes the request too slowly."""
        self._exchange.hold_client(held=True)

    def resume_writing(self) -> None:
        """It goes on taking it."""
        self._exchange.hold_client(held=False)

    # What the parser calls.

    def on_status(self, status: bytes) -> None:
        """The reason phrase, or a part of it."""
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        (self._headers if self._head is None else self._trailers).append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        status = self._parser.get_status_code()
        version = self._parser.get_http_version().encode()
        head = ResponseHead(self._headers, status, self._reason, version)
        self._headers, self._reason = [], b""
        if status == 101:
            self._exchange.upstream_failed("the upstream switched to another protocol, which was not asked for")
        elif 100 <= status < 200:
            del self._raw_head[: self._raw_head.find(b"\r\n\r\n") + 4]  # what stood before the answer
            self._exchange.interim(head)
        else:
            self._head = head
            self._complete = not has_body(head, self._exchange.method)
            self._closing_ends = is_close_delimited(head, self._exchange.method)
            self._exchange.upstream_head(head)

    def on_body(self, data: bytes) -> None:
        """A piece of body, without the framing of transfer chunks."""
        self._exchange.upstream_body(data)

    def on_message_complete(self) -> None:
        """The answer is whole. An interim one is followed by another."""
        if self._head is not None:
            self._complete = True

    def _ended(self, exc: Exception | None) -> None:
        """Nothing more will come. It is told once."""
        self._complete = True
        if self._head is None:
            reason = f" ({exc})" if exc else ""
            self._exchange.upstream_failed(f"the upstream closed the connection without an answer{reason}")
        elif self._closing_ends and exc is None:
            self._exchange.upstream_complete([])
        else:
            self._exchange.upstream_broke(How.RST if exc else How.EOF)

    def _feed(self, data: bytes) -> bool:
        """Looks at what came. Returns whether the head is known."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self._complete:  # bytes behind the answer to HEAD are not the answer's
                self._exchange.upstream_failed(f"what the upstream sent is not HTTP/1 ({error})")
        return self._head is not None
