"""A producer task and a queue: the consumer is cancelled when the client disconnects, the producer is not.

`create_task` makes a task that nothing else ends. The response's cancellation ends the generator that reads the queue;
the task keeps filling it. The fix: cancel the producer in the generator's `finally`, or run both in one task group.
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

SUMMARY: Final = "continues: a background task keeps filling a queue that no client reads"
_tasks: set[asyncio.Task[None]] = set()  # "save a reference to the result", as the documentation of create_task says


async def _produce(generation: Generation, tokens: "asyncio.Queue[Piece | None]") -> None:
    answer, record = generation.answer, generation.record
    async for piece in paced(answer.pieces(), answer.scenario, record, answer.request.choices):
        await tokens.put(piece)
    record.ended("completed")
    await tokens.put(None)


async def _events(generation: Generation) -> AsyncIterator[bytes]:
    tokens: asyncio.Queue[Piece | None] = asyncio.Queue()
    task = asyncio.create_task(_produce(generation, tokens))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    yield generation.opening()
    while (piece := await tokens.get()) is not None:
        yield generation.event(piece)
    yield generation.ending()


async def _complete(generation: Generation, _request: Request) -> Response:
    return StreamingResponse(_events(generation), media_type="text/event-stream", headers=generation.headers)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    return chat_app(defaults, truth, _complete)
