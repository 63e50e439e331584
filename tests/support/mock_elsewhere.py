"""A mode of the mock under another server than its own: `python -m tests.support.mock_elsewhere hypercorn leak-queue`.

A folder with key.pem and cert.pem as a third word makes hypercorn speak TLS. Prints where it listens, and where its truth is, which is served from a thread of its own.
"""

import asyncio
import json
import socket
import sys
from typing import Any

from mockserver import modes
from mockserver.scenario import Scenario, parse
from mockserver.truth import TruthStore, serve_in_thread
from tests.support.processes import free_port

SCENARIO = "tokens=80,itl_ms=5,ttft_ms=60"


def _app(mode: str) -> tuple[Any, str]:
    truth = TruthStore()
    app = modes.mode(mode).create_app(parse(SCENARIO, Scenario()), truth)
    return app, f"http://127.0.0.1:{serve_in_thread(truth, '127.0.0.1', 0)}/_truth"


def _say(port: int, truth_url: str, scheme: str = "http") -> None:
    print(json.dumps({"url": f"{scheme}://127.0.0.1:{port}", "truth_url": truth_url}), flush=True)


def hypercorn(mode: str, secrets: str | None = None) -> None:
    """HTTP/1.1 and HTTP/2, with or without TLS."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    listener = socket.create_server(("127.0.0.1", 0))
    app, truth_url = _app(mode)
    _say(listener.getsockname()[1], truth_url, "https" if secrets else "http")
    config = Config()
    if secrets:
        config.keyfile, config.certfile = f"{secrets}/key.pem", f"{secrets}/cert.pem"
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None
    asyncio.run(serve(app, config))


def granian(mode: str) -> None:
    """Granian's embedded server, in this process."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    port = free_port()
    app, truth_url = _app(mode)

    async def serve() -> None:
        server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
        await server.serve()

    _say(port, truth_url)
    asyncio.run(serve())


if __name__ == "__main__":
    {"hypercorn": hypercorn, "granian": granian}[sys.argv[1]](*sys.argv[2:])
