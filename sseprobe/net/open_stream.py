"""Opens one measured stream: request out, redirects followed by hand, body handed over in chunks with their reads."""

import asyncio
import contextlib
import ssl
import struct
import time
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from sseprobe.config.options.connection import ConnectOptions, proxy_for, verification
from sseprobe.errors import SseprobeError, TargetError, UsageError
from sseprobe.http_exchange import BodyEnd, Chunk, Head, Redirect, Request
from sseprobe.net.abort_kind import AbortKind
from sseprobe.net.client_socket import Connect, connect
from sseprobe.net.decoding import decoder_for
from sseprobe.net.failures import explain, in_words
from sseprobe.net.transport import StampedTransport
from sseprobe.net.wire import TotalTimeout, Wire
from sseprobe.redaction import redact_url
from sseprobe.text import one_line
from sseprobe.units import ns

MAX_REDIRECTS: Final = 10
_FIRST_H2_STREAM: Final = 1  # RFC 9113 5.1.1, on a connection of its own
_H2_CANCEL: Final = 0x8
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# Ours, not the user's: they go to any origin.
_NEUTRAL_HEADERS: Final = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})


class OpenStream:
    """A response whose body is being received. Use it as an async context manager; then iterate over its chunks.

    `body_end`: how the body ended, once iteration is over; `problem`: what broke it, if anything did.
    """

    def __init__(self, request: Request, options: ConnectOptions, connect: Connect = connect) -> None:
        self.redirects: list[Redirect] = []
        self.gzip_members = 0
        """The number of gzip members read so far."""
        self.coding_is_cut = False
        """Whether the body ended cleanly, but within compressed data."""
        self.body_end: BodyEnd | None = None
        self.problem: str | None = None
        self._request = request
        self._options = options
        self._connect = connect
        self._t0_ns: int | None = None
        self._over = False
        self._cleanup = contextlib.AsyncExitStack()
        self._response: httpx.Response | None = None
        self._wire = self._new_wire()
        self._head: Head | None = None

    async def __aenter__(self) -> "OpenStream":
        """Connects, sends the request, follows redirects. Raises TargetError, UsageError."""
        try:
            async with asyncio.timeout(self._options.timeout_s):
                await self._open()
        except BaseException as error:
            await self._cleanup.aclose()
            if isinstance(error, TimeoutError):
                raise explain(error, self._request.url, limit_s=self._options.timeout_s) from error
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the connection; what was not read is dropped."""
        await self._cleanup.aclose()

    @property
    def head(self) -> Head:
        """The head of the last answer."""
        assert self._head is not None, "the stream is not open"
        return self._head

    @property
    def t0_ns(self) -> int:
        """t0, just before connecting, on the monotonic clock; 0 before that."""
        return self._wire.t0_ns or 0

    def now_ns(self) -> int:
        """Time since t0, just before connecting."""
        return self._wire.now_ns()

    def expect_silence(self, seconds: float) -> None:
        """Waits at most `seconds` for more bytes from here on: the stream has sent its end mark."""
        self._over = True
        self._wire.idle_timeout_s = min(seconds, self._options.idle_timeout_s)

    @property
    def http_version(self) -> str | None:
        """The version of HTTP of the last answer, None before it."""
        return self._head.http_version if self._head else None

    async def abort(self, how: AbortKind) -> int | None:
        """Aborts the stream, whatever is being waited for. Returns when, on the monotonic clock, in ns.

        None: there is no connection yet, or it is closed already. `chunks` ends, unless more may come (`half-close`) or
        reading stops (`stall`). Raises ValueError for `h2-reset` on HTTP/1.
        """
        wire = self._wire
        if wire.socket is None or wire.write is None or wire.socket.raw.fileno() < 0:
            return None
        aborted_ns = time.monotonic_ns()
        match how:
            case AbortKind.FIN:
                wire.socket.abort_with_fin()
            case AbortKind.RST:
                wire.socket.abort_with_rst()
            case AbortKind.HALF_CLOSE:
                wire.socket.half_close()
            case AbortKind.STALL:
                wire.socket.stall()
            case AbortKind.H2_RESET:
                await wire.write(self._h2_reset())
        return aborted_ns

    def _h2_reset(self) -> bytes:
        """RST_STREAM (RFC 9113 6.4), which closing a response through httpx does not send."""
        if self._head is not None and self._head.http_version != "2":
            raise ValueError(f"the server chose HTTP/{self._head.http_version}")
        number = _FIRST_H2_STREAM
        if self._response is not None:
            number = self._response.extensions.get("stream_id", number)
        return struct.pack(">HBBBII", 0, 4, 3, 0, number, _H2_CANCEL)

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """The body, content-decoded. Never raises for what a server does: see `body_end`, `problem`."""
        assert self._response is not None
        try:
            decoder = decoder_for(self._response.headers.get("content-encoding"))
            async for piece in self._response.aiter_raw():
                for data in decoder.decode(piece):
                    self.gzip_members = decoder.members
                    yield Chunk(data, self._wire.read)
            self.body_end, self.coding_is_cut = self._clean_end(), decoder.is_inside
        except TotalTimeout:
            self.body_end = BodyEnd.TOTAL_TIMEOUT
        except httpcore.ReadTimeout:
            self.body_end = BodyEnd.LEFT_OPEN if self._over else BodyEnd.IDLE_TIMEOUT
        except (httpcore.ReadError, httpcore.WriteError) as error:
            self.body_end, self.problem = BodyEnd.RESET, str(error)
        except httpcore.RemoteProtocolError as error:
            self.body_end, self.problem = self._broken_end(error), in_words(error)
        except SseprobeError as error:
            self.body_end, self.problem = BodyEnd.PROTOCOL_ERROR, str(error)

    async def _open(self) -> None:
        request = self._request
        requested: set[tuple[str, str]] = set()
        while True:
            head = await self._send(request)
            location = head.header("location")
            if head.status not in _REDIRECTS or location is None:
                self._head = head
                return
            requested.add((request.method, request.url))
            following = _follow(request, head.status, location)
            self.redirects.append(Redirect(head.status, request.url, following.url))
            is_loop = (following.method, following.url) in requested
            if is_loop or len(self.redirects) > MAX_REDIRECTS:
                problem = "redirect loop" if is_loop else f"more than {MAX_REDIRECTS} redirects"
                chain = " -> ".join(redact_url(redirect.location) for redirect in self.redirects[:3])
                raise TargetError(
                    f"{redact_url(self._request.url)}: {problem} ({chain} …). Give the final URL instead."
                )
            request = following

    async def _send(self, request: Request) -> Head:
        await self._cleanup.aclose()
        options = self._options
        proxy = proxy_for(request.url, options)
        self._t0_ns = self._wire.t0_ns
        self._wire = self._new_wire()
        scheme = urlsplit(request.url).scheme
        try:
            transport = StampedTransport(
                self._wire,
                # Loading the authorities takes a while.
                verification(options) if "https" in (scheme, urlsplit(proxy or "").scheme) else _no_verification(),
                http1=not options.http2 or scheme == "https",
                http2=options.http2,
                proxy_url=proxy,
                unix_socket=options.unix_socket,
                connect=self._connect,
            )
        except ImportError as error:
            raise UsageError("--http2 needs the package h2. Install it: pip install 'sseprobe[http2]'.") from error
        # Without httpx's client, which would handle redirects itself.
        await self._cleanup.enter_async_context(transport)
        limit_s = options.idle_timeout_s
        try:
            sending = httpx.Request(
                request.method,
                request.url,
                headers=[(name.encode("latin-1"), value.encode()) for name, value in request.headers],
                content=request.body,
                extensions={"timeout": {"connect": options.connect_timeout_s, "write": options.idle_timeout_s}},
            )
            if sending.url.userinfo and "authorization" not in sending.headers:
                sending = next(httpx.BasicAuth(sending.url.username, sending.url.password).auth_flow(sending))
            self._response = response = await transport.handle_async_request(sending)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol, UnicodeError) as error:
            problem = f"{redact_url(request.url)}: invalid URL ({one_line(str(error))})."
            if self.redirects:
                raise TargetError(f"{redact_url(self.redirects[-1].url)} redirects to {problem}") from error
            raise UsageError(problem) from error
        except (OSError, httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            if isinstance(error, httpcore.ConnectTimeout):
                limit_s = options.connect_timeout_s
            elif isinstance(error, TotalTimeout):
                limit_s = options.timeout_s
            answered = self._wire.answered_ns is not None
            raise explain(error, request.url, proxy=proxy, limit_s=limit_s, answered=answered) from error
        except httpcore.ProxyError as error:
            raise explain(error, request.url, proxy=proxy) from error
        self._cleanup.push_async_callback(response.aclose)
        version = response.extensions.get("http_version", b"HTTP/1.1").decode("ascii", "replace").removeprefix("HTTP/")
        answered_ns = self._wire.read.t_ns if version == "2" else self._wire.answered_ns
        return Head(
            status=response.status_code,
            reason=response.extensions.get("reason_phrase", b"").decode("latin-1"),
            http_version=version,
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw],
            url=request.url,
            t_ns=self._wire.read.t_ns if answered_ns is None else answered_ns,
        )

    def _new_wire(self) -> Wire:
        options = self._options
        return Wire(self._t0_ns, ns(options.timeout_s), options.idle_timeout_s, http10=options.http10)

    def _clean_end(self) -> BodyEnd:
        if self.head.http_version == "2":
            return BodyEnd.END_STREAM
        if "chunked" in (self.head.header("transfer-encoding") or "").lower():
            return BodyEnd.LAST_CHUNK
        if self.head.header("content-length") is not None:
            return BodyEnd.CONTENT_LENGTH
        # RFC 9112 9.8: complete "only if a valid closure alert has been received".
        return BodyEnd.TLS_CUT if self._wire.tls_cut else BodyEnd.CLOSE

    def _broken_end(self, error: httpcore.RemoteProtocolError) -> BodyEnd:
        if not (self._wire.eof or self._wire.tls_cut):
            # httpcore hands over the h2 event that ended the stream.
            reset = any(type(cause).__name__ in ("StreamReset", "ConnectionTerminated") for cause in error.args)
            return BodyEnd.RESET if reset else BodyEnd.PROTOCOL_ERROR
        chunked = "chunked" in (self.head.header("transfer-encoding") or "").lower()
        return BodyEnd.MISSING_LAST_CHUNK if chunked else BodyEnd.SHORT_BODY


def _no_verification() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _follow(request: Request, status: int, location: str) -> Request:
    """The request that follows a redirect (Fetch, HTTP-redirect fetch). Raises TargetError for an invalid Location."""
    try:
        url = urljoin(request.url, location)
        same_origin = _origin(url) == _origin(request.url)
        usable = urlsplit(url).scheme in _DEFAULT_PORTS and urlsplit(url).hostname
    except ValueError:
        usable = None
    if not usable:
        raise TargetError(
            f"{redact_url(request.url)} answered {status} with an invalid Location "
            f"({redact_url(location)[:200]!r}). Give the final URL instead."
        )
    headers = request.headers
    if not same_origin:
        headers = [(name, value) for name, value in headers if name.lower() in _NEUTRAL_HEADERS]
    becomes_get = (status == 303 and request.method != "HEAD") or (status in (301, 302) and request.method == "POST")
    if not becomes_get:
        return Request(request.method, url, headers, request.body)
    return Request("GET", url, [(name, value) for name, value in headers if name.lower() != "content-type"])
