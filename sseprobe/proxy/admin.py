"""The admin endpoint: shows what a running proxy is doing, and changes its profile and faults."""

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
    """Changes apply to requests that come later; those under way keep their faults."""
    app = FastAPI(title="sseprobe proxy", version="1", docs_url=None, redoc_url=None)
    # A web page must not reach it by a host name of its own (DNS rebinding).
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])

    @app.exception_handler(UsageError)
    def refuse(_request: Request, error: UsageError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    def summary() -> dict[str, Any]:
        return {
            "upstream": server.upstream.url,
            "profile": behaviour.profile,
            "faults": behaviour.specs,
            "open": sum(record.state == "open" for record in server.log),
        }

    def apply() -> dict[str, Any]:
        server.faults = behaviour.faults()
        return summary()

    @app.get("/")
    def state() -> dict[str, Any]:
        return summary()

    @app.get("/connections")
    def connections() -> list[dict[str, Any]]:
        return [_as_json(record) for record in server.log]

    @app.delete("/connections/{number}")
    async def cut(number: int) -> dict[str, Any]:
        for client in server.clients:
            for exchange in client.running:
                if exchange.record.id == number:
                    record = exchange.record
                    exchange.cut()
                    return _as_json(record)
        raise HTTPException(404, f"connection {number} is not open; GET /connections lists the open ones")

    @app.get("/faults")
    def faults() -> list[str]:
        return behaviour.specs

    @app.put("/faults")
    def replace(specs: Annotated[list[str], Body()]) -> dict[str, Any]:
        behaviour.replace(specs)
        return apply()

    @app.post("/faults")
    def add(spec: Annotated[str, Body()]) -> dict[str, Any]:
        behaviour.replace([*behaviour.specs, spec])
        return apply()

    @app.delete("/faults")
    def clear() -> dict[str, Any]:
        behaviour.replace([])
        return apply()

    @app.get("/profiles")
    def profiles() -> dict[str, str]:
        return behaviour.known()

    @app.put("/profile")
    def use(name: Annotated[str | None, Body()] = None) -> dict[str, Any]:
        behaviour.use(name)
        return apply()

    return app


class _Quiet(uvicorn.Server):
    """A server that installs no signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def admin(server: ProxyServer, behaviour: Behaviour, port: int) -> AsyncGenerator[int, None]:
    """Serves the admin endpoint on loopback during the block; yields its port. Raises UsageError."""
    try:
        sock = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise UsageError(
            f"--admin-port {port}: cannot listen on it ({error.strerror}). Use another port, or 0."
        ) from error
    serving = _Quiet(uvicorn.Config(admin_app(server, behaviour), log_level="error", lifespan="off"))
    task = asyncio.create_task(serving.serve(sockets=[sock]))
    try:
        yield int(sock.getsockname()[1])
    finally:
        serving.should_exit = serving.force_exit = True
        await asyncio.wait([task])


def _as_json(record: ExchangeRecord) -> dict[str, Any]:
    """Times in ms since the request came; `age_ms`: until now."""

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
