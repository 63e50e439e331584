"""Apps that leak, that hold their answer back, and streams that have nothing to do with an LLM."""

import asyncio
import gzip
import io
import json
import os
from collections.abc import AsyncIterator

import httpx
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.middleware.gzip import GZipMiddleware

from tests.support.own_apps.fake_llm import llm, tokens_of
from tests.support.own_apps.streaming import events, sse

router = APIRouter()

_LONG = "And so the story goes on and on, a word at a time. " * 100
_made = {"leaky": 0, "clean": 0}
_tasks: set["asyncio.Task[None]"] = set()


async def _produce(name: str, queue: "asyncio.Queue[str | None]") -> None:
    for token in tokens_of(_LONG):
        await asyncio.sleep(0.01)
        _made[name] += 1
        queue.put_nowait(token)
    queue.put_nowait(None)


def _queued(name: str, *, cancels: bool) -> StreamingResponse:
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    task = asyncio.create_task(_produce(name, queue))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)

    async def generate() -> AsyncIterator[str]:
        try:
            while (token := await queue.get()) is not None:
                yield sse({"token": token})
            yield "data: [DONE]\n\n"
        finally:
            if cancels:
                task.cancel()

    return events(generate())


@router.post("/leaky/chat")
async def leaky_chat() -> StreamingResponse:
    """A task feeds a queue, whoever reads it."""
    return _queued("leaky", cancels=False)


@router.post("/clean/chat")
async def clean_chat() -> StreamingResponse:
    """The same, and the task ends with the answer."""
    return _queued("clean", cancels=True)


@router.get("/stats/{name}")
async def stats(name: str) -> dict[str, int]:
    """How many tokens were made."""
    return {"tokens": _made[name]}


@router.post("/relay")
async def relay(leaks: bool = False) -> StreamingResponse:
    """An app before a provider that speaks as OpenAI does; it closes the provider's answer with its own, or not."""
    base_url = os.environ["OPENAI_BASE_URL"]
    body = {"model": "small-model", "messages": [{"role": "user", "content": "Tell me a story"}], "stream": True}
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def ask() -> AsyncIterator[str]:
        async with (
            httpx.AsyncClient(timeout=60) as client,
            client.stream("POST", f"{base_url}/chat/completions", json=body) as response,
        ):
            async for line in response.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    choices = json.loads(line[6:])["choices"]
                    if choices and (token := choices[0]["delta"].get("content")):
                        yield token

    async def fill() -> None:
        async for token in ask():
            queue.put_nowait(token)
        queue.put_nowait(None)

    async def generate() -> AsyncIterator[str]:
        if leaks:
            task = asyncio.create_task(fill())
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
            while (token := await queue.get()) is not None:
                yield sse({"token": token})
        else:
            async for token in ask():
                yield sse({"token": token})
        yield "data: [DONE]\n\n"

    return events(generate())


async def _tokens_and_done(do: str) -> AsyncIterator[str]:
    async for token in llm(do):
        yield sse({"token": token})
    yield "data: [DONE]\n\n"


@router.post("/buffered/list")
async def gathered(do: str = "slow") -> StreamingResponse:
    """All events are gathered, and written at once."""

    async def generate() -> AsyncIterator[str]:
        yield "".join([event async for event in _tokens_and_done(do)])

    return events(generate())


@router.post("/buffered/one-event")
async def one_event(do: str = "slow") -> StreamingResponse:
    """The whole answer in one event."""

    async def generate() -> AsyncIterator[str]:
        answer = "".join([token async for token in llm(do)])
        yield sse({"token": answer})
        yield "data: [DONE]\n\n"

    return events(generate())


@router.post("/buffered/gzip")
async def compressed(request: Request, do: str = "slow", polite: bool = False) -> Response:
    """A compressor that is never flushed; `polite`: only for who accepts it."""
    if polite and "gzip" not in request.headers.get("accept-encoding", ""):
        return StreamingResponse(_tokens_and_done(do), media_type="text/event-stream")

    async def generate() -> AsyncIterator[bytes]:
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb") as compressor:
            async for event in _tokens_and_done(do):
                compressor.write(event.encode())
                if piece := buffer.getvalue():
                    yield piece
                    buffer.seek(0)
                    buffer.truncate()
        yield buffer.getvalue()

    headers = {"Content-Encoding": "gzip", "Cache-Control": "no-cache"}
    return StreamingResponse(generate(), media_type="text/event-stream", headers=headers)


def _behind_gzip() -> FastAPI:
    """An app behind FastAPI's GZipMiddleware, as its documentation adds it: it flushes, and leaves event streams alone."""
    app = FastAPI()
    app.add_middleware(GZipMiddleware)

    @app.post("/ndjson")
    async def ndjson(do: str = "slow") -> StreamingResponse:
        async def generate() -> AsyncIterator[str]:
            async for token in llm(do):
                yield json.dumps({"token": token}) + "\n"
            yield json.dumps({"done": True}) + "\n"

        return StreamingResponse(generate(), media_type="application/x-ndjson")

    @app.post("/sse")
    async def event_stream(do: str = "whole") -> StreamingResponse:
        return events(_tokens_and_done(do))

    return app


behind_gzip = _behind_gzip()


@router.get("/ticker")
async def ticker() -> StreamingResponse:
    """Prices: there is no text in it."""

    async def generate() -> AsyncIterator[str]:
        for number in range(30):
            await asyncio.sleep(0.005)
            yield sse({"price": round(100 + number * 0.25, 2), "volume": 10 * number})

    return events(generate())


@router.get("/symbols")
async def symbols() -> StreamingResponse:
    """Prices of three shares: the one string in each is no answer either."""

    async def generate() -> AsyncIterator[str]:
        for number in range(30):
            await asyncio.sleep(0.005)
            yield sse({"symbol": ("ABC", "DEF", "XYZ")[number % 3], "price": 100 + number}, event="price")

    return events(generate())


@router.get("/log")
async def log() -> StreamingResponse:
    """Lines of a log, errors among them."""

    async def generate() -> AsyncIterator[str]:
        for number in range(30):
            await asyncio.sleep(0.005)
            level = "ERROR" if number == 7 else "INFO"
            yield f"data: 2026-11-25 10:00:{number:02} {level} job {number} is done\n\n"

    return events(generate())


@router.get("/log-text")
async def log_text() -> StreamingResponse:
    """The same as plain text."""

    async def generate() -> AsyncIterator[str]:
        for number in range(30):
            await asyncio.sleep(0.005)
            level = "ERROR" if number == 7 else "INFO"
            yield f"2026-11-25 10:00:{number:02} {level} job {number} is done\n"

    return StreamingResponse(generate(), media_type="text/plain")


@router.get("/feed")
async def feed(request: Request) -> StreamingResponse:
    """News for EventSource: ids, names, a retry, a heartbeat; it goes on where the client has left."""
    start = int(request.headers.get("last-event-id", "-1")) + 1

    async def generate() -> AsyncIterator[str]:
        yield "retry: 3000\n\n"
        for number in range(start, 20):
            await asyncio.sleep(0.005)
            if number % 8 == 0:
                yield ": heartbeat\n\n"
            item = {"id": number, "title": f"Story number {number}", "url": f"https://example.com/{number}"}
            yield f"id: {number}\n{sse(item, event='news')}"

    return events(generate())


@router.get("/progress")
async def progress() -> StreamingResponse:
    """A job's progress: it counts, and is done."""

    async def generate() -> AsyncIterator[str]:
        for number in range(0, 101, 5):
            await asyncio.sleep(0.005)
            yield sse({"progress": number, "status": "running" if number < 100 else "done"})

    return events(generate())
