"""A sync client in an async generator: it works until two people use it.

Each wait for a token blocks the event loop. The disconnect would be read by that same loop, so the model generates
every token to the end, and all other requests wait meanwhile. The fix: an async client.
"""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mockserver.mode_app import Generation, ModelStream, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

SUMMARY: Final = "continues: a sync client blocks the event loop, so the disconnect goes unnoticed"


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
    return chat_app(defaults, truth, _complete)
