"""A sync generator around a sync client: the most common tutorial code.

The server runs it in a thread, a step at a time. When the client disconnects, the response is cancelled and the
generator is dropped, suspended at its `yield`: nothing closes it, and nothing closes the model's stream. (A `with` in
it would end when the garbage collector runs, seconds or minutes later.) The fix: an async generator and an async
client, which are cancelled where they wait.
"""

from collections.abc import Iterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mockserver.mode_app import Generation, ModelStream, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

SUMMARY: Final = "continues: a sync generator is dropped, but never closed"


def _events(generation: Generation, stream: ModelStream) -> Iterator[bytes]:
    yield generation.opening()
    for piece in stream:
        yield generation.event(piece)
    yield generation.ending()


async def _complete(generation: Generation, _request: Request) -> Response:
    events = _events(generation, ModelStream(generation))
    return StreamingResponse(events, media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    return chat_app(defaults, truth, _complete)
