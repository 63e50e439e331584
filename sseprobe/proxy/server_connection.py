"""The connection to the upstream server: one for each exchange, and the parser of its response."""

import asyncio
from typing import Final, Protocol, cast

import httptools

from sseprobe.proxy.fault import Close, Headers, ResponseHead
from sseprobe.proxy.http1 import MAX_HEAD_BYTES, has_body, is_close_delimited

HIGH_WATER_BYTES: Final = 64 * 1024


class ResponseSink(Protocol):
    """What takes the response. `method`: of the request. `is_raw`: it wants the bytes as they came."""

    method: bytes
    is_raw: bool

    def interim(self, head: ResponseHead) -> None:
        """An interim response (1xx)."""

    def upstream_head(self, head: ResponseHead) -> None:
        """The head of the response."""

    def upstream_body(self, data: bytes) -> None:
        """A piece of body, without the framing of transfer chunks."""

    def upstream_raw(self, data: bytes) -> None:
        """Bytes of the response as they came, head included."""

    def upstream_complete(self, trailers: Headers) -> None:
        """The response is complete."""

    def upstream_broke(self, how: Close) -> None:
        """The response ended too early."""

    def upstream_failed(self, reason: str) -> None:
        """There is no response, or it is not valid HTTP/1."""

    def upstream_lost(self) -> None:
        """The connection is closed."""

    def hold_client(self, *, held: bool) -> None:
        """Whether the client has to wait: the server reads the request too slowly."""


class ServerConnection(asyncio.Protocol):
    """Parses the response and hands it to a sink: heads, pieces of body, and the bytes as they came."""

    def __init__(self, sink: ResponseSink) -> None:
        self._sink = sink
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._raw_head = bytearray()  # all bytes until the head is complete
        self._headers: Headers = []
        self._reason = b""
        self._head: ResponseHead | None = None
        self._complete = False
        self._closing_ends = False  # and nothing else ends the body
        self._trailers: Headers = []

    def write(self, data: bytes) -> None:
        """Sends to the server."""
        if self._transport is not None:
            self._transport.write(data)

    def pause(self, paused: bool) -> None:
        """Whether the server has to wait: the client reads too slowly."""
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.pause_reading if paused else self._transport.resume_reading)()

    def close(self) -> None:
        """Closes the connection, at once."""
        if self._transport is not None:
            self._transport.abort()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of no class of asyncio's
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Some of the response has come."""
        sink = self._sink
        if self._head is None:
            self._raw_head += data
            if len(self._raw_head) > MAX_HEAD_BYTES:
                sink.upstream_failed("the response head is over 1 MiB")
                return
            if self._feed(data) and sink.is_raw:
                sink.upstream_raw(bytes(self._raw_head))
        elif self._complete:
            return  # bytes after the response
        elif sink.is_raw:
            # Forwarded first, then parsed: parsing cannot change where it goes.
            sink.upstream_raw(data)
            self._feed(data)
        else:
            self._feed(data)
        if self._complete:
            sink.upstream_complete(self._trailers)

    def eof_received(self) -> None:
        """The server sends no more."""
        if not self._complete:
            self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._complete:
            self._ended(exc)
        self._sink.upstream_lost()

    def pause_writing(self) -> None:
        """The server reads the request too slowly."""
        self._sink.hold_client(held=True)

    def resume_writing(self) -> None:
        self._sink.hold_client(held=False)

    # What the parser calls.

    def on_status(self, status: bytes) -> None:
        """The reason phrase, or a part of it."""
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        (self._headers if self._head is None else self._trailers).append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete."""
        status = self._parser.get_status_code()
        version = self._parser.get_http_version().encode()
        head = ResponseHead(self._headers, status, self._reason, version)
        self._headers, self._reason = [], b""
        if status == 101:
            self._sink.upstream_failed("the upstream switched to another protocol (101), unasked")
        elif 100 <= status < 200:
            del self._raw_head[: self._raw_head.find(b"\r\n\r\n") + 4]  # what stood before the response
            self._sink.interim(head)
        else:
            self._head = head
            self._complete = not has_body(head, self._sink.method)
            self._closing_ends = is_close_delimited(head, self._sink.method)
            self._sink.upstream_head(head)

    def on_body(self, data: bytes) -> None:
        """A piece of body, without the framing of transfer chunks."""
        self._sink.upstream_body(data)

    def on_message_complete(self) -> None:
        """The response is complete. An interim one is followed by another."""
        if self._head is not None:
            self._complete = True

    def _ended(self, exc: Exception | None) -> None:
        """Nothing more will come. Reported once."""
        self._complete = True
        if self._head is None:
            reason = f" ({exc})" if exc else ""
            self._sink.upstream_failed(f"the upstream closed the connection without a response{reason}")
        elif self._closing_ends and exc is None:
            self._sink.upstream_complete([])
        else:
            self._sink.upstream_broke(Close.RST if exc else Close.FIN)

    def _feed(self, data: bytes) -> bool:
        """Parses. Returns whether the head is known."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self._complete:  # bytes after the response to HEAD do not belong to it
                self._sink.upstream_failed(f"the upstream's response is not HTTP/1 ({error})")
        return self._head is not None
