"""An httpx transport over the stamped backend. One transport carries one measured stream on a fresh connection."""

import ssl
from collections.abc import AsyncIterator
from types import TracebackType

import httpcore
import httpx

from sseprobe.net.backend import StampedBackend
from sseprobe.net.client_socket import Connect, connect
from sseprobe.net.wire import Wire


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.aiter_stream():
                yield piece
        except Exception as error:
            if type(error).__module__ != "h2.exceptions":
                raise
            # httpcore translates h2's errors only until the head has come.
            raise httpcore.RemoteProtocolError(str(error)) from error

    async def aclose(self) -> None:
        await self._response.aclose()


class StampedTransport(httpx.AsyncBaseTransport):
    """Carries a request over a stamped socket. Errors of httpcore and of the socket pass as they are.

    `proxy_url`: an HTTP proxy, its credentials in the userinfo. `http2`: offered over TLS, spoken at once without.
    """

    def __init__(
        self,
        wire: Wire,
        ssl_context: ssl.SSLContext,
        *,
        http1: bool = True,
        http2: bool = False,
        proxy_url: str | None = None,
        unix_socket: str | None = None,
        connect: Connect = connect,
    ) -> None:
        backend = StampedBackend(wire, connect)
        self._pool: httpcore.AsyncConnectionPool
        if proxy_url is not None:
            proxy = httpx.Proxy(proxy_url)
            self._pool = httpcore.AsyncHTTPProxy(
                proxy_url=httpcore.URL(
                    scheme=proxy.url.raw_scheme,
                    host=proxy.url.raw_host,
                    port=proxy.url.port,
                    target=proxy.url.raw_path,
                ),
                proxy_auth=proxy.raw_auth,
                ssl_context=ssl_context,
                http1=http1,
                http2=http2,
                network_backend=backend,
            )
        else:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=ssl_context, http1=http1, http2=http2, uds=unix_socket, network_backend=backend
            )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request; returns the response with its body unread."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Closes the connection."""
        await self.aclose()
