"""Runs one proxy in the foreground, as the command does."""

import asyncio
import contextlib
import signal
import sys

import msgspec

from sseprobe.proxy.address import LOOPBACK, UpstreamAddress
from sseprobe.proxy.background import new_loop
from sseprobe.proxy.behaviour import Behaviour
from sseprobe.proxy.server import ProxyServer


def run(
    upstream: UpstreamAddress, behaviour: Behaviour, *, host: str, port: int, admin_port: int | None, json: bool
) -> None:
    """Serves until it is interrupted or terminated; prints its URL on standard output. Raises UsageError."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(upstream, behaviour, host, port, admin_port, json=json))


async def _serve(
    upstream: UpstreamAddress, behaviour: Behaviour, host: str, port: int, admin_port: int | None, *, json: bool
) -> None:
    server = ProxyServer(upstream, behaviour.faults())
    over = asyncio.Event()
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with contextlib.AsyncExitStack() as cleanup:
        port = await server.start(host, port)
        cleanup.push_async_callback(server.close)
        admin_url = None
        if admin_port is not None:
            from sseprobe.proxy.admin import admin

            admin_url = f"http://{LOOPBACK}:{await cleanup.enter_async_context(admin(server, behaviour, admin_port))}"
        shown_host = f"[{host}]" if ":" in host else host
        url = f"http://{shown_host}:{port}"
        line = {
            "url": url,
            "port": port,
            "upstream": upstream.url,
            "profile": behaviour.profile,
            "faults": behaviour.specs,
            "admin_url": admin_url,
        }
        as_words = f"sseprobe proxy: {url} -> {upstream.url}, {behaviour}"
        as_words += f"; admin endpoint {admin_url}" if admin_url else ""
        print(msgspec.json.encode(line).decode() if json else as_words, flush=True)
        await over.wait()
