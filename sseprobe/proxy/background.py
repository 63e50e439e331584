"""Runs proxies beside a probe, in a thread with an event loop of its own."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncGenerator, Coroutine, Sequence
from types import TracebackType
from typing import Any, TypeVar

from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.server import ProxyServer

T = TypeVar("T")


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop of uvloop where there is one: it is faster."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


class ProxyHost:
    """Runs proxies from `with` to its end."""

    def __init__(self) -> None:
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxies")

    def __enter__(self) -> "ProxyHost":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends the thread; `serving` has closed the proxies."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextlib.asynccontextmanager
    async def serving(
        self, upstream: UpstreamAddress, faults: Sequence[FaultFactory]
    ) -> AsyncGenerator[tuple[int, ProxyServer], None]:
        """A proxy on a free port of loopback during the block; yields the port and the proxy."""
        server = ProxyServer(upstream, faults)
        try:
            yield await self._in_thread(server.start()), server
        finally:
            await self._in_thread(server.close())

    async def _in_thread(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
