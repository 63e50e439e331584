"""The admin endpoint: what a proxy is doing, and other faults for what comes next, while it runs."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, Generator
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from sseprobe.errors import UsageError
from sseprobe.proxy.address import LOOPBACK
from sseprobe.proxy.behaviour import Behaviour
from sseprobe.proxy.exchange_log import ExchangeRecord
from sseprobe.proxy.server import ProxyServer
from sseprobe.redaction import redact_url
from sseprobe.units import ms


def admin_app(server: ProxyServer, behaviour: Behaviour) -> FastAPI:
    """The app. What it changes concerns requests that come later; those under way keep their faults."""
    app = FastAPI(title="sseprobe proxy", version="1", docs_url=None, redoc_url=None)
    # A page in a browser must not reach it by a name of its own (DNS rebinding).
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])

    @app.exception_handler(UsageError)
    def refuse(_request: Request, error: UsageError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    def told() -> dict[str, Any]:
        return {
            "upstream": server.upstream.url,
            "profile": behaviour.profile,
            "faults": behaviour.specs,
            "open": sum(record.state == "open" for record in server.log),
        }

    def changed() -> dict[str, Any]:
        server.faults = behaviour.faults()
        return told()

    @app.get("/")
    def state() -> dict[str, Any]:
        return told()

    @app.get("/connections")
    def connections() -> list[dict[str, Any]]:
        return [_shown(record) for record in server.log]

    @app.delete("/connections/{number}")
    async def cut(number: int) -> dict[str, Any]:
        for client in server.clients:
            for exchange in client.running:
                if exchange.record.id == number:
                    record = exchange.record
                    exchange.cut()
                    return _shown(record)
        raise HTTPException(404, f"{number} is not under way. GET /connections lists what is.")

    @app.get("/faults")
    def faults() -> list[str]:
        return behaviour.specs

    @app.put("/faults")
    def replace(specs: Annotated[list[str], Body()]) -> dict[str, Any]:
        behaviour.replace(specs)
        return changed()

    @app.post("/faults")
    def add(spec: Annotated[str, Body()]) -> dict[str, Any]:
        behaviour.replace([*behaviour.specs, spec])
        return changed()

    @app.delete("/faults")
    def clear() -> dict[str, Any]:
        behaviour.replace([])
        return changed()

    @app.get("/profiles")
    def profiles() -> dict[str, str]:
        return behaviour.known()

    @app.put("/profile")
    def use(name: Annotated[str | None, Body()] = None) -> dict[str, Any]:
        behaviour.use(name)
        return changed()

    return app


class _Quiet(uvicorn.Server):
    """A server that leaves signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Captures none."""
        yield


@contextlib.asynccontextmanager
async def admin(server: ProxyServer, behaviour: Behaviour, port: int) -> AsyncGenerator[int, None]:
    """Serves the admin endpoint on loopback for as long as the block lasts; yields its port. Raises UsageError."""
    try:
        sock = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise UsageError(
            f"--admin-port {port}: cannot be listened on ({error.strerror}). Take another one, or 0."
        ) from error
    serving = _Quiet(uvicorn.Config(admin_app(server, behaviour), log_level="error", lifespan="off"))
    task = asyncio.create_task(serving.serve(sockets=[sock]))
    try:
        yield int(sock.getsockname()[1])
    finally:
        serving.should_exit = serving.force_exit = True
        await asyncio.wait([task])


def _shown(record: ExchangeRecord) -> dict[str, Any]:
    """A record at the door: times in ms since the request came, `age_ms` up to now."""

    def since(t_ns: int | None) -> float | None:
        return None if t_ns is None else ms(t_ns - record.started_ns)

    return {
        "id": record.id,
        "connection": record.connection,
        "method": record.method,
        "target": redact_url(record.target),
        "state": record.state,
        "status": record.status,
        "detail": record.reason,
        "bytes_from_upstream": record.bytes_from_upstream,
        "bytes_to_client": record.bytes_to_client,
        "age_ms": since(time.monotonic_ns()),
        "head_at_ms": since(record.head_ns),
        "client_closed_at_ms": since(record.client_closed_ns),
        "upstream_closed_at_ms": since(record.upstream_closed_ns),
        "ended_at_ms": since(record.ended_ns),
    }
