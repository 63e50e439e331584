"""The stream is closed where the poll breaks the loop, and nowhere else.

The sync client is kept off the event loop, as it should be, and `is_disconnected()` is polled. But the server cancels
the generator at its next `await` as soon as the client disconnects: the poll's result is never used, and `close()` is
never reached. The fix: close in `finally`, or in a `with`.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mockserver.mode_app import Generation, ModelStream, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

SUMMARY: Final = "continues: close() follows the poll, and cancellation comes first"


async def _events(generation: Generation, stream: ModelStream, request: Request) -> AsyncIterator[bytes]:
    yield generation.opening()
    tokens = iter(stream)
    while True:
        gone = await request.is_disconnected()
        piece = await asyncio.to_thread(next, tokens, None)
        if gone or piece is None:
            break
        yield generation.event(piece)
    if gone:
        stream.close()
    else:
        yield generation.ending()


async def _complete(generation: Generation, request: Request) -> Response:
    events = _events(generation, ModelStream(generation), request)
    return StreamingResponse(events, media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    return chat_app(defaults, truth, _complete)
