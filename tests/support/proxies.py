"""Proxies in a thread of this process, and clients that ask them byte by byte."""

import asyncio
import socket
import threading
from typing import Any

from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.background import ProxyHost
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.server import ProxyServer


class Proxies:
    """Starts proxies, and ends them all."""

    def __init__(self, host: ProxyHost) -> None:
        self._host = host
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open: list[Any] = []

    def start(self, upstream: str, *faults: FaultFactory) -> tuple[int, ProxyServer]:
        """A proxy before an upstream: its port, and itself."""
        serving = self._host.serving(UpstreamAddress(upstream), faults)
        started = asyncio.run_coroutine_threadsafe(serving.__aenter__(), self._loop).result(10)
        self._open.append(serving)
        return started

    def close(self) -> None:
        """Ends them."""
        for serving in self._open:
            asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Connection:
    """A client's connection, byte by byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.received = b""

    def send(self, data: bytes) -> "Connection":
        """Sends, and is ready for more."""
        self.socket.sendall(data)
        return self

    def until(self, mark: bytes) -> bytes:
        """What has come up to and including a mark; the rest stays."""
        while mark not in self.received:
            piece = self.socket.recv(65536)
            assert piece, f"closed before {mark!r} came: {self.received[-200:]!r}"
            self.received += piece
        before, _, self.received = self.received.partition(mark)
        return before + mark

    def rest(self) -> bytes:
        """All that comes until the other side closes. Raises ConnectionResetError as it is reset."""
        while piece := self.socket.recv(65536):
            self.received += piece
        return self.received
