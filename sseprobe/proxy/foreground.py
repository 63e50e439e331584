"""Runs one proxy in the foreground, as the command does."""

import asyncio
import contextlib

import msgspec

from sseprobe.proxy.address import LOOPBACK, UpstreamAddress
from sseprobe.proxy.behaviour import Behaviour
from sseprobe.proxy.server import ProxyServer


async def serve(
    upstream: UpstreamAddress, behaviour: Behaviour, *, host: str, port: int, admin_port: int | None, json: bool
) -> None:
    """Serves until it is cancelled; says on standard output where. Raises UsageError."""
    server = ProxyServer(upstream, behaviour.faults())
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
        await asyncio.Event().wait()
