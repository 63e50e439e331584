"""Servers that nobody here wrote: sse-starlette, fastapi.sse, a plain StreamingResponse, each telling the same answer.

Started as a process: `python -m tests.support.frameworks_app`; prints its URL.
"""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sse_starlette import EventSourceResponse as Starlettes

from tests.support.openai import good

app = FastAPI()
EVENTS = good(*(f" {number}" for number in range(20)))


async def _events() -> AsyncIterator[bytes]:
    for event in EVENTS:
        yield event
        await asyncio.sleep(0.01)


async def _data() -> AsyncIterator[str]:
    async for event in _events():
        yield event.decode().removeprefix("data: ").strip()


@app.post("/starlette/v1/chat/completions")
async def sse_starlette() -> Starlettes:
    """Yields strings: CRLF, and its own heartbeats."""
    return Starlettes(_data())


@app.post("/fastapi/v1/chat/completions", response_class=EventSourceResponse)
async def fastapi_sse() -> AsyncIterator[ServerSentEvent]:
    """Yields events of its own type."""
    async for data in _data():
        yield ServerSentEvent(raw_data=data)


@app.post("/plain/v1/chat/completions")
async def plain() -> StreamingResponse:
    """Bytes as they are."""
    return StreamingResponse(_events(), media_type="text/event-stream")


calls = itertools.count()


@app.post("/breaks/chat", response_class=EventSourceResponse)
async def breaks() -> AsyncIterator[ServerSentEvent]:
    """An app's own events; every second answer raises in the middle: its body ends as cleanly as the others'."""
    number = next(calls)
    for place in range(20):
        if number % 2 and place == 10:
            raise RuntimeError("the model failed")
        yield ServerSentEvent(data={"token": f"word{place} "})
        await asyncio.sleep(0.005)
    yield ServerSentEvent(raw_data="[DONE]")


def main() -> None:
    """Serves on a free port, and says where."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)).run(sockets=[listener])


if __name__ == "__main__":
    main()
