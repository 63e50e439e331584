"""An LLM server as its operators see it: a counter and a gauge in several formats. It stops when left, or it does not.

Started as a process: `python -m tests.support.llm_app '{"leaks": true}'`; prints its URL.
"""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from tests.support.openai import DONE, chunk


class Settings(msgspec.Struct, frozen=True):
    """`slots`: how many requests are served at once. `burst`: a leak makes all the rest at once. `every`: the counter
    is updated after so many tokens."""

    leaks: bool = False
    burst: bool = False
    tokens: int = 200
    itl_ms: float = 10
    ttft_ms: float = 30
    slots: int = 100
    every: int = 1
    log: str | None = None


class Server:
    """The engine, and what it shows of itself."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shown = 0
        self.made = 0
        self.running = 0
        self.decoded = 0
        self.slots = asyncio.Semaphore(settings.slots)
        self.tasks: set[asyncio.Task[None]] = set()
        self.left = False

    async def generate(self, tokens: "asyncio.Queue[bytes | None]") -> None:
        """One answer."""
        settings = self.settings
        async with self.slots:
            self.running += 1
            self.decoded = 0
            try:
                await asyncio.sleep(settings.ttft_ms / 1000)
                for number in range(settings.tokens):
                    self.made += 1
                    self.decoded += 1
                    if self.made % settings.every == 0:
                        self.shown = self.made
                    self.write_log(number)
                    tokens.put_nowait(chunk(f" {number}"))
                    if not (settings.burst and self.left):
                        await asyncio.sleep(settings.itl_ms / 1000)
                tokens.put_nowait(chunk(finish="stop") + DONE)
                tokens.put_nowait(None)
            finally:
                self.running -= 1
                self.decoded = 0

    def write_log(self, number: int) -> None:
        """A line that tells of work, and one that does not."""
        if self.settings.log:
            with Path(self.settings.log).open("a") as log:
                log.write(f"token {number}\nnoise\n")

    async def events(self) -> AsyncIterator[bytes]:
        """One answer on its way to the client."""
        self.left = False
        tokens: asyncio.Queue[bytes | None] = asyncio.Queue()
        task = asyncio.create_task(self.generate(tokens))
        self.tasks.add(task)
        try:
            while (event := await tokens.get()) is not None:
                yield event
        finally:
            self.left = True
            if not self.settings.leaks:
                task.cancel()


def create_app(settings: Settings) -> FastAPI:
    """The app."""
    app = FastAPI()
    server = Server(settings)

    @app.post("/v1/chat/completions")
    async def chat(_request: Request) -> StreamingResponse:
        return StreamingResponse(server.events(), media_type="text/event-stream")

    @app.get("/stats")
    async def stats() -> dict[str, Any]:
        engine = {"running": server.running, "name": "x", "tokens": server.shown}
        return {"tokens": server.shown, "uptime": time.monotonic(), "constant": 7, "engine": engine}

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(
            "# TYPE vllm:num_requests_running gauge\n"
            f'vllm:num_requests_running{{engine="0"}} {server.running}\n'
            "# TYPE vllm:num_requests_waiting gauge\n"
            'vllm:num_requests_waiting{engine="0"} 0\n'
            "# TYPE vllm:generation_tokens counter\n"
            f'vllm:generation_tokens_total{{engine="0"}} {server.shown}\n'
            "# TYPE vllm:request_success counter\n"
            'vllm:request_success_total{finished_reason="abort"} 0\n'
        )

    @app.get("/slots")
    async def slots() -> list[dict[str, Any]]:
        busy = server.running > 0
        return [
            {"id": 0, "id_task": 1, "is_processing": busy, "next_token": [{"n_decoded": server.decoded}]},
            {"id": 1, "id_task": -1, "is_processing": False, "next_token": {"n_decoded": 0}},
        ]

    return app


def main() -> None:
    """Serves on a free port, and says where."""
    settings = msgspec.json.decode(sys.argv[1], type=Settings)
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    config = uvicorn.Config(create_app(settings), log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
