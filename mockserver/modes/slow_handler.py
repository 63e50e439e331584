"""The handler waits for the first token before it returns a response: until then nothing listens for a disconnect.

People do it to give an early error a proper status. A disconnect meanwhile is noticed only once the response begins;
then generation stops. The fix: race the wait against the disconnect.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from mockserver.answer_plan import Piece
from mockserver.generation import paced
from mockserver.mode_app import Generation, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

SUMMARY: Final = "stops, but notices a disconnect only after the first token"


async def _events(generation: Generation, first: Piece, rest: AsyncIterator[Piece]) -> AsyncIterator[bytes]:
    try:
        yield generation.opening() + generation.event(first)
        async for piece in rest:
            yield generation.event(piece)
        yield generation.ending()
        generation.record.ended("completed")
    except asyncio.CancelledError:
        generation.record.ended("stopped")
        raise


async def _complete(generation: Generation, _request: Request) -> Response:
    answer = generation.answer
    rest = paced(answer.pieces(), answer.scenario, generation.record, answer.request.choices)
    first = await anext(rest)
    events = _events(generation, first, rest)
    return StreamingResponse(events, media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    return chat_app(defaults, truth, _complete)
