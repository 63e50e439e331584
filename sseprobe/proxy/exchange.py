"""One request and its answer on their way through the faults: between the two connections and the sans-IO stack."""

import asyncio
import time
from typing import TYPE_CHECKING

from sseprobe.proxy.base import Break, End, Headers, How, Leaving, Refuse, RequestHead, ResponseHead, Send, copy_of
from sseprobe.proxy.heads import has_body, is_chunked, is_close_delimited, keeps_alive, request_bytes, response_bytes
from sseprobe.proxy.stack import Output, Stack
from sseprobe.proxy.upstream import Upstream

if TYPE_CHECKING:
    from sseprobe.proxy.downstream import Downstream

_MAX_KEPT_BODY = 64 * 1024 * 1024


class Exchange:
    """`head`: of the request, as the client sent it. `is_raw`: the answer's bytes pass as they come.

    The faults see what passes; where they have nothing to do with the body, and leave the head as it is, nothing does.
    """

    def __init__(self, client: "Downstream", head: RequestHead) -> None:
        self.client = client
        self.head = head
        self.method = head.method
        self.is_raw = False
        self.request_complete = False
        self.over = False
        self.record = client.server.records.begin(client.number, head.method, head.target)
        self._outgoing = RequestHead(list(head.headers), head.method, head.target, head.version)
        self._stack = Stack([make() for make in client.server.faults])
        self._loop = asyncio.get_running_loop()
        self._upstream: Upstream | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns: int | None = None
        self._unsent: list[bytes] = []  # of the request, until the upstream is there
        self._unsent_bytes = 0
        self._request_framing = b""
        self._answer: ResponseHead | None = None
        self._chunked = False
        self._closes = False
        self._gone = False  # the client has left, and the faults go on without it
        self._upstream_broke = False
        self._trailers: Headers = []

    @property
    def reads_client(self) -> bool:
        """Whether the client's socket is read while the answer is on its way."""
        return self._stack.reads_client

    def start(self) -> None:
        """Sends the request on its way."""
        outgoing = self._outgoing
        self.client.server.upstream.address(outgoing)
        self._put(self._stack.on_request(outgoing, time.monotonic_ns()))
        if self.over:
            return
        self.method = outgoing.method
        self._request_framing = self._framing_of(outgoing)
        if self._request_framing != b"collect":
            self._unsent.append(request_bytes(outgoing))
        self._task = self._loop.create_task(self._connect())

    def request_body(self, data: bytes) -> None:
        """Some of the request's body has come."""
        if self._request_framing == b"none" or self.over:
            return
        self._to_upstream(b"%x\r\n%s\r\n" % (len(data), data) if self._request_framing == b"chunked" else data)

    def request_end(self) -> None:
        """The request is whole."""
        self.request_complete = True
        if self.over:
            return
        if self._request_framing == b"chunked":
            self._to_upstream(b"0\r\n\r\n")
        elif self._request_framing == b"collect":
            body = b"".join(self._unsent)
            self._outgoing.remove(b"transfer-encoding")
            self._outgoing.replace(b"Content-Length", b"%d" % len(body))
            self._unsent = []
            self._request_framing = b""
            self._to_upstream(request_bytes(self._outgoing) + body)
        if not self._stack.reads_client:
            self.client.read(on=False)

    # From upstream.

    def interim(self, head: ResponseHead) -> None:
        """An interim answer (RFC 9110 15.2) goes on as it is."""
        if self.head.version != b"1.0":
            self.client.write(response_bytes(head))

    def upstream_head(self, head: ResponseHead) -> None:
        """The head of the answer."""
        now_ns = time.monotonic_ns()
        self.record.head_ns, self.record.status = now_ns, head.status
        came = copy_of(head)
        # HTTP/1.0 upstream is between the hop and the server: the client is answered in the version it speaks.
        if head.version == b"1.0" and self._outgoing.version != self.head.version:
            head.version = b"1.1"
        output = self._stack.on_head(head, now_ns)
        self.is_raw = self._stack.is_transparent and not self._stack.over and head == came
        self._answer = head
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
            self._put(self._stack.on_body(data, time.monotonic_ns()))

    def raw(self, data: bytes) -> None:
        """Bytes of the answer that pass as they are."""
        if self.over:
            return
        self.record.bytes_from_upstream += len(data)
        self.record.bytes_to_client += len(data)
        if self._finds_client() and not self._gone:
            self.client.write(data)

    def upstream_complete(self, trailers: Headers) -> None:
        """The answer is whole."""
        if self.over:
            return
        self._trailers = trailers
        if self.is_raw:
            self._finish("complete")
        else:
            self._put(self._stack.on_end(time.monotonic_ns()))
        if self._upstream is not None:
            self._upstream.close()

    def upstream_broke(self, how: How) -> None:
        """The answer ends in its middle."""
        if self.over:
            return
        self._upstream_broke = True
        if self._stack.faults:
            how = How.EOF  # real hops close properly whatever the server did (measured: all but Caddy, which hides it)
        if self.is_raw:
            self._break(how)
        else:
            self._put(self._stack.on_break(Break(how), time.monotonic_ns()))

    def upstream_failed(self, said: str) -> None:
        """There is no answer, or what came is none."""
        if self.over:
            return
        said = f"{said}. It is the upstream {self.client.server.upstream.url} that failed, not the proxy."
        if self._answer is None:
            self._refuse(502, said)
        else:
            self._break(How.EOF, said)

    def upstream_lost(self) -> None:
        """The connection to the server is closed."""
        self.record.upstream_closed_ns = time.monotonic_ns()

    def hold_client(self, *, held: bool) -> None:
        """The server takes the request too slowly, or goes on."""
        if not self.request_complete:
            self.client.read(on=not held)

    # From downstream.

    def client_left(self, leaving: Leaving) -> None:
        """The client has left, or has ended its side. The faults say whether the server is told."""
        if self.record.client_left_ns is None:
            self.record.client_left_ns = time.monotonic_ns()
        if self.over:
            return
        if self._stack.abandons(leaving) or not self.request_complete:
            self._finish("abandoned")
            if self._upstream is not None:
                self._upstream.close()
        elif leaving is Leaving.RESET:
            self._gone = True
            if self._upstream is not None:
                self._upstream.pause(paused=False)

    def hold_upstream(self, *, held: bool) -> None:
        """The client reads too slowly, or goes on."""
        if self._upstream is not None and not self.over:
            self._upstream.pause(paused=held)

    def cut(self) -> None:
        """Resets it, on both sides."""
        if not self.over:
            self._break(How.RST, "cut from the admin endpoint")

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
        """Whether the exchange goes on: a client that nobody listens to is missed when there is something for it."""
        if not self._stack.reads_client and not self._gone and self.client.is_dead():
            self.client_left(Leaving.RESET)
        return not self.over

    async def _connect(self) -> None:
        server = self.client.server
        try:
            async with asyncio.timeout(server.upstream.connect_timeout_s):
                _, upstream = await self._loop.create_connection(lambda: Upstream(self), **server.upstream.connection)
        except OSError as error:
            reason = "no answer to connecting" if isinstance(error, TimeoutError) else error.strerror or str(error)
            self.upstream_failed(f"{server.upstream.url} could not be reached ({reason})")
            return
        self._upstream = upstream
        if self.over:
            upstream.close()
            return
        if self._request_framing != b"collect":
            for data in self._unsent:
                upstream.write(data)
            self._unsent = []

    def _framing_of(self, head: RequestHead) -> bytes:
        """How the request's body goes upstream. HTTP/1.0 knows no transfer chunks: the body is collected."""
        if head.method != self.head.method and head.method in (b"GET", b"HEAD"):
            head.remove(b"content-length")
            head.remove(b"transfer-encoding")
            return b"none"
        if not is_chunked(head):
            return b""
        return b"collect" if head.version == b"1.0" else b"chunked"

    def _to_upstream(self, data: bytes) -> None:
        if self._upstream is not None and self._request_framing != b"collect":
            self._upstream.write(data)
            return
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if self._unsent_bytes > _MAX_KEPT_BODY:
            self._put([Refuse(413, "the request's body is over 64 MiB, more than is kept until the upstream takes it")])

    def _frame(self, head: ResponseHead) -> None:
        """Settles how the body goes downstream, where it does not pass as it is."""
        if not has_body(head, self.method):
            self._closes = not keeps_alive(head)
            return
        if self._stack.alters_length:
            head.remove(b"content-length")
        # To HTTP/1.0, and from a hop that speaks it: closing ends a body of unknown length.
        self._chunked = head.header(b"content-length") is None and b"1.0" not in (head.version, self.head.version)
        if self._chunked:
            head.replace(b"Transfer-Encoding", b"chunked")
        else:
            head.remove(b"transfer-encoding")
        if self._chunked or head.header(b"content-length") is not None:
            self._closes = not keeps_alive(head)
            if self._closes and keeps_alive(self.head) and head.version != b"1.0":
                # It was the upstream that closes after each answer; the client need not know.
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
                    self.record.by_hop = not self._upstream_broke
                    self._break(how)
                case Refuse(status, said):
                    self.record.by_hop = True
                    self._refuse(status, said)
        self._write(pending, 0)
        self._arm()

    def _write(self, data: bytes, body_bytes: int) -> None:
        if data and not self._gone:
            self.record.bytes_to_client += body_bytes
            self.client.write(data)

    def _refuse(self, status: int, said: str) -> None:
        self.record.status = status
        self.client.refuse(status, said)
        self._end_early("refused", said)

    def _break(self, how: How, said: str | None = None) -> None:
        self._closes = True
        if how is How.RST:
            self.client.reset()
        self._end_early("broken", said or f"the answer broke off ({how})")

    def _end_early(self, state: str, said: str) -> None:
        self._closes = True
        self._finish(state, said)
        if self._upstream is not None:
            self._upstream.close()

    def _finish(self, state: str, said: str | None = None) -> None:
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
        self.client.server.records.end(self.record, state, said)
        keep = not self._closes and self.request_complete and keeps_alive(self.head) and state == "complete"
        self.client.exchange_over(self, keep=keep)

    def _arm(self) -> None:
        at_ns = None if self.over else self._stack.wake_ns
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
            self._put(self._stack.on_wake(time.monotonic_ns()))
