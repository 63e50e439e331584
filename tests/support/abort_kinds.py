"""Apps whose behaviour towards a client that leaves is known: for each kind of mistake a rogue, and a twin without it.

`python -m tests.support.abort_kinds '{"kind": "retry", "rogue": true, "provider": 9000}'` prints one line of JSON with
its URL. `/chat` streams; `/stats` shows a counter of tokens, for the kinds that generate themselves.
"""

import asyncio
import itertools
import json
import random
import socket
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response, StreamingResponse

DONE = b"data: [DONE]\n\n"
SETTINGS: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
ROGUE: bool = SETTINGS.get("rogue", False)
app = FastAPI()
tasks: set["asyncio.Task[None]"] = set()
counters = [0, 0]
served = itertools.count()
asked = itertools.count()


def token(text: str) -> bytes:
    return f"data: {json.dumps({'token': text})}\n\n".encode()


def detached(work: Any) -> None:
    """Nobody cancels it."""
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


# -- what calls a provider


async def call() -> AsyncGenerator[str, None]:
    """The provider's tokens."""
    url = f"http://127.0.0.1:{SETTINGS['provider']}/v1/chat/completions"
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    async with (
        httpx.AsyncClient(timeout=60, trust_env=False) as client,
        client.stream("POST", url, json=body) as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    if text := choice["delta"].get("content"):
                        yield text


async def drain() -> None:
    async for _ in call():
        pass


async def relay() -> AsyncIterator[bytes]:
    stream = call()
    try:
        async for text in stream:
            yield token(text)
        yield DONE
    finally:
        await stream.aclose()


async def parallel() -> AsyncIterator[bytes]:
    """A second call, for a title perhaps, beside the first one."""
    beside = asyncio.get_running_loop().create_task(drain())
    tasks.add(beside)
    beside.add_done_callback(tasks.discard)
    try:
        async for piece in relay():
            yield piece
    finally:
        if not ROGUE:
            beside.cancel()


async def retry() -> AsyncIterator[bytes]:
    """What ends without its end is asked for again."""
    whole = False
    try:
        async for piece in relay():
            whole = piece == DONE
            yield piece
    finally:
        if ROGUE and not whole:
            asyncio.get_running_loop().call_later(0.3, lambda: detached(drain()))


streams: list[tuple["asyncio.Queue[str | None]", "asyncio.Task[None]"]] = []


async def wrong_stream() -> AsyncIterator[bytes]:
    """A registry by user: the last stream of that user is the one that is cancelled, whoever left."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def fill() -> None:
        try:
            async for text in call():
                queue.put_nowait(text)
        finally:
            queue.put_nowait(None)

    mine = asyncio.get_running_loop().create_task(fill())
    streams.append((queue, mine))
    whole = False
    try:
        while (text := await queue.get()) is not None:
            yield token(text)
        whole = True
        yield DONE
    finally:
        if not whole:
            others = [task for _, task in streams if task is not mine and not task.done()]
            (others[-1] if ROGUE and others else mine).cancel()


busy = {"now": False}


async def locked() -> AsyncIterator[bytes]:
    """One stream at a time."""
    busy["now"] = True
    whole = False
    try:
        async for piece in relay():
            yield piece
        whole = True
    finally:
        if whole or not ROGUE:
            busy["now"] = False


async def window() -> AsyncIterator[bytes]:
    """Until the first token is passed on, what was begun is nobody's."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def fill() -> None:
        async for text in call():
            queue.put_nowait(text)
        queue.put_nowait(None)

    mine = asyncio.get_running_loop().create_task(fill())
    begun = not ROGUE
    try:
        while (text := await queue.get()) is not None:
            begun = True
            yield token(text)
        yield DONE
    finally:
        if begun:
            mine.cancel()


# -- what generates itself


async def generate(length: int, queue: "asyncio.Queue[str | None]", pause_at: int, pause_s: float, store: int) -> None:
    for number in range(length):
        await asyncio.sleep(pause_s if number == pause_at else 0.01)
        counters[store] += 1
        queue.put_nowait(f"word{number} ")
    queue.put_nowait(None)


async def own(
    length: int, *, pause_at: int = -1, pause_s: float = 0, late_s: float = 0, poll_s: float = 0, store: int = 0
) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    task = asyncio.get_running_loop().create_task(generate(length, queue, pause_at, pause_s, store))
    tasks.add(task)
    try:
        while (text := await queue.get()) is not None:
            yield token(text)
        yield DONE
    finally:
        if poll_s and not ROGUE:
            late_s = poll_s - time.monotonic() % poll_s
        if late_s:
            asyncio.get_running_loop().call_later(late_s, task.cancel)
        elif not ROGUE:
            task.cancel()


KINDS: dict[str, Callable[[], AsyncIterator[bytes]]] = {
    "relay": relay,
    "parallel": parallel,
    "retry": retry,
    "wrong-stream": wrong_stream,
    "lock": locked,
    "hang": locked,
    "window": window,
    # A tool that takes its time begins one token after the client leaves in mid-stream.
    "pause": lambda: own(400, pause_at=11, pause_s=1.2),
    # Every other answer is a short one: the first is.
    "short": lambda: own(70 if next(asked) % 2 == 0 else 400),
    # The twin of that: it always stops 400 ms late.
    "late": lambda: own(600, late_s=0.4),
    # It looks every 400 ms whether its client is there: far sooner than the 0.3 of a healthy stream that a late stop may
    # take. The rogue never looks, and its answers are short at random.
    "poll": lambda: own(random.randint(60, 300) if ROGUE else 600, poll_s=0.4),
    "workers": lambda: own(400, store=next(asked) % 2),
}


@app.get("/stats")
async def stats() -> dict[str, int]:
    """The counter; of two workers in turn, where that is the kind."""
    in_turn = SETTINGS["kind"] == "workers"
    return {"tokens": counters[next(served) % 2] if in_turn else sum(counters)}


@app.post("/chat")
async def chat() -> Response:
    """One answer."""
    if busy["now"] and SETTINGS["kind"] == "lock":
        return JSONResponse({"detail": "a stream is running already"}, 409)
    if busy["now"] and SETTINGS["kind"] == "hang":
        await asyncio.sleep(3600)
    return StreamingResponse(KINDS[SETTINGS["kind"]](), media_type="text/event-stream")


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)

    Server(uvicorn.Config(app, log_level="critical", lifespan="off")).run(sockets=[listener])


if __name__ == "__main__":
    main()
