"""The reverse proxy: listens on loopback, passes everything on to one upstream, through the faults."""

import asyncio
import itertools
from collections.abc import Sequence

from sseprobe.errors import UsageError
from sseprobe.proxy.address import LOOPBACK, UpstreamAddress
from sseprobe.proxy.client_connection import ClientConnection
from sseprobe.proxy.exchange import Service
from sseprobe.proxy.exchange_log import ExchangeLog
from sseprobe.proxy.fault import FaultFactory


class ProxyServer:
    """One running proxy. `faults`: made anew for each exchange; a change concerns exchanges that begin later."""

    def __init__(self, upstream: UpstreamAddress, faults: Sequence[FaultFactory] = ()) -> None:
        self.upstream = upstream
        self.faults = list(faults)
        self.log = ExchangeLog()
        self.clients: set[ClientConnection] = set()
        self._authorities = {upstream.authority}
        self._service = Service(upstream, self._authorities, self.log, lambda: [make() for make in self.faults])
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None

    async def start(self, host: str = LOOPBACK, port: int = 0) -> int:
        """Listens; returns the port. Raises UsageError if it cannot."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, host, port, backlog=1024)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"--port {port}: cannot listen on it ({reason}). Use another port, or 0.") from error
        port = int(self._server.sockets[0].getsockname()[1])
        self._authorities |= {f"{name}:{port}" for name in (host, "localhost", LOOPBACK)}
        return port

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for client in list(self.clients):
            for exchange in list(client.running):
                await exchange.close()
            client.reset()

    def _accept(self) -> ClientConnection:
        return ClientConnection(self._service, self.clients, next(self._numbers))
