"""A resumable stream: generation belongs to the server, and a client may disconnect and resume. Continuing is right.

Every event has an id; `GET /v1/streams/{X-Mock-Id}` with `Last-Event-ID` serves what follows, from a buffer; 404
means that the buffer is gone.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from mockserver.generation import paced
from mockserver.mode_app import Generation, chat_app
from mockserver.scenario import Scenario
from mockserver.truth import TruthStore

SUMMARY: Final = "continues by design: the stream can be resumed"
MAX_STREAMS: Final = 100


class _Stream:
    """The events so far, and whoever waits for more."""

    def __init__(self, generation: Generation) -> None:
        self.headers = generation.headers
        self._events: list[bytes] = []
        self._more = asyncio.Condition()
        self._over = False
        self._task = asyncio.create_task(self._fill(generation))

    async def _fill(self, generation: Generation) -> None:
        answer, record = generation.answer, generation.record
        await self._add(generation.opening())
        async for piece in paced(answer.pieces(), answer.scenario, record, answer.request.choices):
            await self._add(generation.event(piece))
        record.ended("completed")
        await self._add(generation.ending(), last=True)

    async def _add(self, frame: bytes, *, last: bool = False) -> None:
        async with self._more:
            self._over = last
            for event in frame.split(b"\n\n")[:-1]:
                self._events.append(b"id: %d\n%s\n\n" % (len(self._events) + 1, event))
            self._more.notify_all()

    async def after(self, last_id: int) -> AsyncIterator[bytes]:
        """The events after this id, as they come."""
        while True:
            async with self._more:
                while len(self._events) <= last_id and not self._over:
                    await self._more.wait()
            events = self._events[last_id:]
            if not events:
                return
            last_id += len(events)
            yield b"".join(events)


def create_app(defaults: Scenario, truth: TruthStore) -> FastAPI:
    streams: OrderedDict[str, _Stream] = OrderedDict()

    def answer(stream: _Stream, last_id: int) -> Response:
        return StreamingResponse(stream.after(last_id), media_type="text/event-stream", headers=stream.headers)

    async def complete(generation: Generation, _request: Request) -> Response:
        stream = streams[generation.record.id] = _Stream(generation)
        if len(streams) > MAX_STREAMS:
            streams.popitem(last=False)
        return answer(stream, 0)

    app = chat_app(defaults, truth, complete)

    @app.get("/v1/streams/{name}")
    async def resume(name: str, request: Request) -> Response:
        stream = streams.get(name)
        if stream is None:
            return JSONResponse({"error": {"message": f"no stream {name}", "type": "not_found"}}, 404)
        last_id = request.headers.get("last-event-id", "")
        return answer(stream, int(last_id) if re.fullmatch("[0-9]{1,9}", last_id) else 0)

    return app
