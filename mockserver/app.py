"""The app, put together from its parts."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mockserver import dialects, page
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    """A FastAPI app that serves every dialect, with these defaults, and keeps its record in `truth`."""
    app = bare_app(truth)
    dialects.add_routes(app, defaults, truth)
    return app


def bare_app(truth: TruthStore) -> FastAPI:
    """An app with health check, truth and page, and no API yet."""
    app = FastAPI(title="mock LLM server", openapi_url=None)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": "mock", "object": "model", "created": 0, "owned_by": "sseprobe"}]}

    @app.get("/_truth")
    @app.get("/_truth/{name}")
    async def record(request: Request) -> JSONResponse:
        status, answer = truth.answer(f"{request.url.path}?{request.url.query}")
        return JSONResponse(answer, status)

    page.add_routes(app)

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        known = sorted({str(getattr(route, "path", "")) for route in app.routes})
        message = f"unknown: {request.method} {request.url.path}. Known are: {', '.join(known)}."
        error_body = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        # With Allow, which a 405 must have (RFC 9110 15.5.6).
        headers = error.headers if isinstance(error, HTTPException) else None
        return JSONResponse({"error": error_body}, 405 if request.url.path in known else 404, headers)

    app.add_exception_handler(404, unknown)
    app.add_exception_handler(405, unknown)
    return app
