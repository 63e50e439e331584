"""A sync generator around a sync client: the commonest tutorial code there is.

The server runs it in a thread, a step at a time. When the client leaves, the response is cancelled and the generator
is dropped, suspended at its `yield`: nobody closes it, and nobody closes the model's stream. (A `with` in it would end
when the garbage collector comes by, seconds or minutes later.) The cure: an async generator and an async client, which
are cancelled where they wait.
"""

from collections.abc import Iterator

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mockserver.modes.model import Generation, ModelStream, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore


def _events(generation: Generation, stream: ModelStream) -> Iterator[bytes]:
    yield generation.opening()
    for piece in stream:
        yield generation.event(piece)
    yield generation.ending()


async def _complete(generation: Generation, _request: Request) -> Response:
    events = _events(generation, ModelStream(generation))
    return StreamingResponse(events, media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    """The app."""
    return chat_app(defaults, truth, _complete)
