"""A published recipe: a sync client in an async generator, `is_disconnected()`, `stream.close()`; behind a middleware.

Alone it stops, a token or two late: the poll yields to the loop, which notices the disconnect. Behind any
`BaseHTTPMiddleware` the poll is always false (its `receive` cannot answer without waiting), while the cancellation
comes through, before any `close()`: the model goes on to its end.
The fix: an async client and no poll; or close in `finally`; or a middleware in plain ASGI.
"""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from mockserver.mode_app import Generation, ModelStream, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

SUMMARY: Final = "continues: is_disconnected() is always false behind a BaseHTTPMiddleware"


class _Nothing(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)


async def _events(generation: Generation, stream: ModelStream, request: Request) -> AsyncIterator[bytes]:
    yield generation.opening()
    for piece in stream:
        if await request.is_disconnected():
            stream.close()
            break
        yield generation.event(piece)
    yield generation.ending()


async def _complete(generation: Generation, request: Request) -> Response:
    events = _events(generation, ModelStream(generation), request)
    return StreamingResponse(events, media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    app = chat_app(defaults, truth, _complete)
    app.add_middleware(_Nothing)
    return app
