"""A sync client in an async generator: it works, until two people use it.

Each wait for a token blocks the whole event loop. What would tell that the client has left is read by that same loop,
so that the model is asked for every token to the very end, and all other requests wait meanwhile.
The cure: an async client.
"""

from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mockserver.modes.model import Generation, ModelStream, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore


async def _events(generation: Generation, model: ModelStream) -> AsyncIterator[bytes]:
    yield generation.opening()
    with model as stream:
        for piece in stream:
            yield generation.event(piece)
    yield generation.ending()


async def _complete(generation: Generation, _request: Request) -> Response:
    events = _events(generation, ModelStream(generation))
    return StreamingResponse(events, media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    """The app."""
    return chat_app(defaults, truth, _complete)
