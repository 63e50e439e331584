"""Responses that notice a client disconnect, and stop: the model answer to copy.

Starlette's StreamingResponse listens for the disconnect only below ASGI spec version 2.4, and never closes the
generator it was given; these do both, always.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final

import anyio
from fastapi import Response
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from mockserver import wire
from mockserver.truth import Record

_CLEANUP_S: Final = 5.0


class ConnectionCutError(Exception):
    """Raised to end a response without HTTP's last chunk."""


class ConnectionAbortError(ConnectionCutError):
    """Raised to end a response with RST."""


class Silence:
    """Sent in place of a frame: from here on not even a heartbeat."""


SILENCE: Final = Silence()
Frames = AsyncGenerator[tuple[bytes, int] | Silence, None]


class _Watched(Response, ABC):
    """Runs its work beside a listener for the disconnect; the first to end ends the other. The record says which."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.background = None
        self.status_code = 200

    @abstractmethod
    async def work(self, send: Send) -> None:
        """What to do while the client is there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers; returns when generation has stopped and cleaned up."""
        record = self.record
        try:
            async with anyio.create_task_group() as tasks:

                async def listen() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    record.disconnected()
                    tasks.cancel_scope.cancel()

                tasks.start_soon(listen)
                await self.work(send)
                tasks.cancel_scope.cancel()
        except* ConnectionCutError as cut:
            record.ended("failed")
            if cut.subgroup(ConnectionAbortError):
                wire.reset(scope)
            raise ConnectionCutError("the connection is cut on purpose") from cut
        finally:
            record.ended("stopped" if record.disconnected_at_ms is not None else "failed")


class Framing(StrEnum):
    """How events are separated."""

    SSE = "sse"
    LINES = "lines"
    """One JSON document a line. What SSE calls a comment or a block without data is an empty line here."""


class StreamForm(Struct, frozen=True):
    """What a dialect's streams have in common, whatever they say. `heartbeat` empty: none."""

    content_type: str = "text/event-stream; charset=utf-8"
    heartbeat: bytes = b": keep-alive\n\n"
    headers: dict[str, str] = {}
    framing: Framing = Framing.SSE
    newline: bytes = b"\n"


class EventStreamResponse(_Watched):
    """Sends frames as they are made, and a heartbeat whenever nothing was sent for `heartbeat_s` (0: never)."""

    def __init__(self, frames: Frames, record: Record, heartbeat_s: float, form: StreamForm = StreamForm()) -> None:  # noqa: B008  frozen
        super().__init__(record)
        self._frames = frames
        self._form = form
        self._heartbeat_s = heartbeat_s if form.heartbeat else 0.0
        self._sent_s = 0.0

    async def work(self, send: Send) -> None:
        """The head at once, then frames and heartbeats until the generator ends."""
        head = [
            (b"content-type", self._form.content_type.encode()),
            (b"cache-control", b"no-cache, no-transform"),
            (b"x-accel-buffering", b"no"),
            (b"x-mock-id", self.record.id.encode()),
            *((name.encode(), value.encode()) for name, value in self._form.headers.items()),
        ]
        record, loop = self.record, asyncio.get_running_loop()
        self._sent_s = loop.time()
        await send({"type": "http.response.start", "status": 200, "headers": head})
        heart = asyncio.create_task(self._beat(send)) if self._heartbeat_s else None
        try:
            async for frame in self._frames:
                if isinstance(frame, Silence):
                    self._stop(heart)
                    continue
                data, tokens = frame
                await send({"type": "http.response.body", "body": data, "more_body": True})
                record.sent_tokens += tokens
                self._sent_s = loop.time()
        finally:
            self._stop(heart)
            # Whatever ended this, the generator's own cleanup runs now, and may still await.
            with anyio.move_on_after(_CLEANUP_S, shield=True):
                await self._frames.aclose()
        record.ended("completed")
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _beat(self, send: Send) -> None:
        # One task a stream, which sleeps: neither a task nor a timer per event.
        loop = asyncio.get_running_loop()
        while True:
            rest_s = self._sent_s + self._heartbeat_s - loop.time()
            if rest_s > 0:
                await asyncio.sleep(rest_s)
                continue
            with suppress(OSError):
                await send({"type": "http.response.body", "body": self._form.heartbeat, "more_body": True})
            self._sent_s = loop.time()

    @staticmethod
    def _stop(heart: "asyncio.Task[None] | None") -> None:
        if heart is not None:
            heart.cancel()


class WholeResponse(_Watched):
    """Sends one JSON document when it is made; stops making it on client disconnect."""

    def __init__(self, make: Callable[[], Awaitable[tuple[Any, int]]], record: Record) -> None:
        super().__init__(record)
        self._make = make

    async def work(self, send: Send) -> None:
        """Makes the document, then sends it."""
        document, tokens = await self._make()
        self.record.ended("completed")
        body = json.dumps(document, ensure_ascii=False).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-mock-id", self.record.id.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.record.sent_tokens += tokens
