"""The reverse proxy: listens on loopback, passes everything on to one upstream, through the faults."""

import asyncio
import itertools
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from sseprobe.errors import UsageError
from sseprobe.proxy.base import Fault, RequestHead
from sseprobe.proxy.downstream import Downstream
from sseprobe.proxy.record import Records
from sseprobe.redaction import redact_url

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
LOOPBACK: Final = "127.0.0.1"
FaultFactory = Callable[[], Fault]


class UpstreamAddress:
    """The one server that a proxy stands before. Raises UsageError for a URL that names none.

    `verify`: how an https server's certificate is checked.
    """

    def __init__(self, url: str, verify: ssl.SSLContext | None = None, connect_timeout_s: float = 10.0) -> None:
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError as error:
            raise UsageError(f"{redact_url(url)}: not a URL ({error}). Expected http://HOST:PORT.") from error
        if port is None or not parts.hostname:
            raise UsageError(f"{redact_url(url)}: not an upstream. Expected http://HOST:PORT or https://HOST.")
        if parts.path not in ("", "/") or parts.query or parts.username is not None:
            raise UsageError(
                f"{redact_url(url)}: the proxy passes paths and credentials on as they are asked for. "
                f"Give the upstream alone: {parts.scheme}://{parts.hostname}:{port}."
            )
        self.authority = parts.netloc.lower()
        self.url = f"{parts.scheme}://{self.authority}"
        self.connect_timeout_s = connect_timeout_s
        tls = (verify or ssl.create_default_context()) if parts.scheme == "https" else None
        self.connection: dict[str, Any] = {"host": parts.hostname, "port": port, "ssl": tls}

    def address(self, head: RequestHead) -> None:
        """Makes a request one to this server."""
        head.replace(b"Host", self.authority.encode())


class ProxyServer:
    """A proxy on its way. `faults`: made anew for each exchange; changing them concerns those that begin later."""

    def __init__(self, upstream: UpstreamAddress, faults: Sequence[FaultFactory] = ()) -> None:
        self.upstream = upstream
        self.faults = list(faults)
        self.records = Records()
        self.clients: set[Downstream] = set()
        self.authorities = {upstream.authority}
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None

    def new_number(self) -> int:
        """A number for a connection."""
        return next(self._numbers)

    async def start(self, host: str = LOOPBACK, port: int = 0) -> int:
        """Listens; returns the port. Raises UsageError if that cannot be."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Downstream(self), host, port, backlog=1024)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"--port {port}: cannot be listened on ({reason}). Take another one, or 0.") from error
        port = int(self._server.sockets[0].getsockname()[1])
        self.authorities |= {f"{name}:{port}" for name in (host, "localhost", "127.0.0.1")}
        return port

    async def close(self) -> None:
        """Ends everything, at once."""
        if self._server is not None:
            self._server.close()
        for client in list(self.clients):
            for exchange in list(client.running):
                await exchange.close()
            client.reset()
