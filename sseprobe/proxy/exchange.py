"""One request and its response on their way through the faults: between the two connections and the pipeline."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.exchange_log import ExchangeLog
from sseprobe.proxy.fault import (
    Break,
    Close,
    End,
    Fault,
    Headers,
    Refuse,
    RequestHead,
    ResponseHead,
    Send,
    copy_of,
)
from sseprobe.proxy.http1 import has_body, is_close_delimited, keeps_alive, response_bytes
from sseprobe.proxy.pipeline import Output, Pipeline
from sseprobe.proxy.request_body import MAX_KEPT_BYTES, RequestBody
from sseprobe.proxy.server_connection import ServerConnection
from sseprobe.units import human_bytes


@dataclass(frozen=True, slots=True)
class Service:
    """What all exchanges of one proxy share.

    `authorities`: HOST:PORT by which clients may name the proxy or the upstream; complete once the proxy listens.
    `new_faults`: makes the faults of one exchange, nearest to the upstream first.
    """

    upstream: UpstreamAddress
    authorities: set[str]
    log: ExchangeLog
    new_faults: Callable[[], list[Fault]]


class ClientSide(Protocol):
    """The client's connection, as an exchange uses it. `number`: for the log."""

    number: int

    def write(self, data: bytes) -> None:
        """Sends to the client."""

    def read(self, *, on: bool) -> None:
        """Whether the client's socket is read."""

    def is_dead(self) -> bool:
        """Whether the client has reset the connection."""

    def refuse(self, status: int, message: str) -> None:
        """Sends a response of the proxy's own."""

    def reset(self) -> None:
        """Closes with RST, once the kernel has what was written."""

    def exchange_over(self, exchange: "Exchange", *, keep: bool) -> None:
        """The exchange is over. `keep`: the connection may serve another."""


class Exchange:
    """`head`: of the request, as the client sent it. `is_raw`: the response's bytes pass as they come.

    That is so where no fault touches the body or changes the head.
    """

    def __init__(self, service: Service, client: ClientSide, head: RequestHead) -> None:
        self.head = head
        self.method = head.method
        self.is_raw = False
        self.request_complete = False
        self.over = False
        self.record = service.log.begin(client.number, head.method, head.target)
        self._service = service
        self._client = client
        self._outgoing = RequestHead(list(head.headers), head.method, head.target, head.version)
        self._pipeline = Pipeline(service.new_faults())
        self._loop = asyncio.get_running_loop()
        self._upstream: ServerConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns: int | None = None
        self._request: RequestBody | None = None
        self._response: ResponseHead | None = None
        self._chunked = False
        self._closes = False
        self._gone = False  # the client has disconnected, and the faults go on without it
        self._upstream_broke = False
        self._trailers: Headers = []

    def start(self) -> None:
        """Sends the request on its way."""
        outgoing = self._outgoing
        self._service.upstream.address(outgoing)
        self._put(self._pipeline.on_request(outgoing, time.monotonic_ns()))
        if self.over:
            return
        self.method = outgoing.method
        self._request = RequestBody(outgoing, self.head.method)
        self._task = self._loop.create_task(self._connect(self._request))

    def request_body(self, data: bytes) -> None:
        """Some of the request's body has come."""
        if self.over or self._request is None:
            return
        self._request.add(data)
        if self._request.is_too_long:
            limit = human_bytes(MAX_KEPT_BYTES)
            self._put([Refuse(413, f"the request body is over {limit}, the most that waits for the upstream")])

    def request_end(self) -> None:
        """The request is complete."""
        self.request_complete = True
        if self.over:
            return
        if self._request is not None:
            self._request.end()
        if not self._pipeline.reads_client:
            self._client.read(on=False)

    # From upstream.

    def interim(self, head: ResponseHead) -> None:
        """An interim response (RFC 9110 15.2) goes on as it is."""
        if self.head.version != b"1.0":
            self._client.write(response_bytes(head))

    def upstream_head(self, head: ResponseHead) -> None:
        """The head of the response."""
        now_ns = time.monotonic_ns()
        self.record.head_ns, self.record.status = now_ns, head.status
        came = copy_of(head)
        # HTTP/1.0 upstream is between the proxy and the server: the client gets the version it speaks.
        if head.version == b"1.0" and self._outgoing.version != self.head.version:
            head.version = b"1.1"
        output = self._pipeline.on_head(head, now_ns)
        self.is_raw = self._pipeline.is_transparent and not self._pipeline.over and head == came
        self._response = head
        if self.is_raw:
            self._closes = not keeps_alive(head) or is_close_delimited(head, self.method)
            self._arm()
            return
        self._frame(head)
        self._put(output)

    def upstream_body(self, data: bytes) -> None:
        """A piece of body."""
        if self.is_raw or self.over:
            return
        self.record.bytes_from_upstream += len(data)
        if self._finds_client():
            self._put(self._pipeline.on_body(data, time.monotonic_ns()))

    def upstream_raw(self, data: bytes) -> None:
        """Bytes of the response that pass as they are."""
        if self.over:
            return
        self.record.bytes_from_upstream += len(data)
        self.record.bytes_to_client += len(data)
        if self._finds_client() and not self._gone:
            self._client.write(data)

    def upstream_complete(self, trailers: Headers) -> None:
        """The response is complete."""
        if self.over:
            return
        self._trailers = trailers
        if self.is_raw:
            self._finish("complete")
        else:
            self._put(self._pipeline.on_end(time.monotonic_ns()))
        if self._upstream is not None:
            self._upstream.close()

    def upstream_broke(self, how: Close) -> None:
        """The response ended too early."""
        if self.over:
            return
        self._upstream_broke = True
        if self._pipeline.faults:
            # Real proxies send FIN whatever the server did (measured: all but Caddy, which hides the cut).
            how = Close.FIN
        if self.is_raw:
            self._break(how)
        else:
            self._put(self._pipeline.on_break(Break(how), time.monotonic_ns()))

    def upstream_failed(self, reason: str) -> None:
        """There is no response, or it is not valid HTTP/1."""
        if self.over:
            return
        message = f"{reason}. The upstream {self._service.upstream.url} failed, not this proxy."
        if self._response is None:
            self._refuse(502, message)
        else:
            self._break(Close.FIN, message)

    def upstream_lost(self) -> None:
        """The connection to the server is closed."""
        self.record.upstream_closed_ns = time.monotonic_ns()

    def hold_client(self, *, held: bool) -> None:
        """The server reads the request too slowly, or reads on."""
        if not self.request_complete:
            self._client.read(on=not held)

    # From downstream.

    def client_closed(self, close: Close) -> None:
        """The client has closed its connection, or its half. The faults say whether the upstream's is closed too."""
        if self.record.client_closed_ns is None:
            self.record.client_closed_ns = time.monotonic_ns()
        if self.over:
            return
        if self._pipeline.closes_upstream_on(close) or not self.request_complete:
            self._finish("abandoned")
            if self._upstream is not None:
                self._upstream.close()
        elif close is Close.RST:
            self._gone = True
            if self._upstream is not None:
                self._upstream.pause(paused=False)

    def hold_upstream(self, *, held: bool) -> None:
        """The client reads too slowly, or reads on."""
        if self._upstream is not None and not self.over:
            self._upstream.pause(paused=held)

    def cut(self) -> None:
        """Resets both connections."""
        if not self.over:
            self._break(Close.RST, "reset from the admin endpoint")

    async def close(self) -> None:
        """Ends it, whatever it waits for."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        if not self.over:
            self._finish("abandoned")
        if self._upstream is not None:
            self._upstream.close()

    # Within.

    def _finds_client(self) -> bool:
        """Whether the exchange goes on. Where the client's socket is not read, a disconnect is noticed only here."""
        if not self._pipeline.reads_client and not self._gone and self._client.is_dead():
            self.client_closed(Close.RST)
        return not self.over

    async def _connect(self, request: RequestBody) -> None:
        address = self._service.upstream
        try:
            async with asyncio.timeout(address.connect_timeout_s):
                _, upstream = await self._loop.create_connection(lambda: ServerConnection(self), **address.connection)
        except OSError as error:
            reason = "connection timed out" if isinstance(error, TimeoutError) else error.strerror or str(error)
            self.upstream_failed(f"{address.url} cannot be reached ({reason})")
            return
        self._upstream = upstream
        if self.over:
            upstream.close()
            return
        request.connected(upstream)

    def _frame(self, head: ResponseHead) -> None:
        """Decides how the body is framed downstream, where it does not pass as it is."""
        if not has_body(head, self.method):
            self._closes = not keeps_alive(head)
            return
        if self._pipeline.alters_length:
            head.remove(b"content-length")
        # In HTTP/1.0, on either side: closing ends a body of unknown length.
        self._chunked = head.header(b"content-length") is None and b"1.0" not in (head.version, self.head.version)
        if self._chunked:
            head.replace(b"Transfer-Encoding", b"chunked")
        else:
            head.remove(b"transfer-encoding")
        if self._chunked or head.header(b"content-length") is not None:
            self._closes = not keeps_alive(head)
            if self._closes and keeps_alive(self.head) and head.version != b"1.0":
                # The upstream closes after each response; the client's connection can be kept.
                head.remove(b"connection")
                self._closes = False
        else:
            head.replace(b"Connection", b"close")
            self._closes = True

    def _put(self, output: list[Output]) -> None:
        """Does what the faults decided."""
        pending = b""
        for what in output:
            match what:
                case ResponseHead():
                    pending = response_bytes(what)
                case Send(data):
                    self._write(pending + (b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data), len(data))
                    pending = b""
                case End():
                    last = b"0\r\n" + b"".join(b"%s: %s\r\n" % each for each in self._trailers) + b"\r\n"
                    self._write(pending + (last if self._chunked else b""), 0)
                    pending = b""
                    self._finish("complete")
                case Break(how):
                    self._write(pending, 0)
                    pending = b""
                    self.record.by_proxy = not self._upstream_broke
                    self._break(how)
                case Refuse(status, message):
                    self.record.by_proxy = True
                    self._refuse(status, message)
        self._write(pending, 0)
        self._arm()

    def _write(self, data: bytes, body_bytes: int) -> None:
        if data and not self._gone:
            self.record.bytes_to_client += body_bytes
            self._client.write(data)

    def _refuse(self, status: int, message: str) -> None:
        self.record.status = status
        self._client.refuse(status, message)
        self._end_early("refused", message)

    def _break(self, how: Close, reason: str | None = None) -> None:
        self._closes = True
        if how is Close.RST:
            self._client.reset()
        self._end_early("broken", reason or f"the response was cut ({how.upper()})")

    def _end_early(self, state: str, reason: str) -> None:
        self._closes = True
        self._finish(state, reason)
        if self._upstream is not None:
            self._upstream.close()

    def _finish(self, state: str, reason: str | None = None) -> None:
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
        self._service.log.end(self.record, state, reason)
        keep = not self._closes and self.request_complete and keeps_alive(self.head) and state == "complete"
        self._client.exchange_over(self, keep=keep)

    def _arm(self) -> None:
        at_ns = None if self.over else self._pipeline.wake_ns
        if at_ns == self._timer_ns:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_ns = None, at_ns
        if at_ns is not None:
            self._timer = self._loop.call_later(max(0.0, (at_ns - time.monotonic_ns()) / 1e9), self._wake)

    def _wake(self) -> None:
        self._timer = self._timer_ns = None
        if not self.over:
            self._put(self._pipeline.on_wake(time.monotonic_ns()))
