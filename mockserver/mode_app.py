"""What the modes share: a request for a chat completion, and a pretend model on the other side of a client.

The model is a provider as an SDK sees it: it generates, in a thread of its own, until its stream is closed or complete.
The truth is counted there, and a disconnect is seen on the socket, since some apps block the event loop.
"""

import os
import queue
import select
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from mockserver.answer_plan import AnswerPlan, Piece
from mockserver.api import Failure, failure_headers, failure_of
from mockserver.app import bare_app
from mockserver.dialects.openai_chat import API, ChunkWriter
from mockserver.scenario import Scenario, ScenarioError, of_request
from mockserver.tools import RefusedError
from mockserver.truth import Record, TruthStore
from mockserver.wire import call_when_lost, connection_of

PATH: Final = "/v1/chat/completions"
_END: Final = None


class Generation:
    """One chat completion that was asked for: its tokens, its events, its record."""

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        self.answer = answer
        self.record = record
        self.writer = ChunkWriter(answer, record)
        self.headers = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no", "x-mock-id": record.id}

    @property
    def ttft_s(self) -> float:
        """Until the first token, from the request's arrival."""
        return self.answer.scenario.ttft_ms / 1000

    @property
    def itl_s(self) -> float:
        return self.answer.scenario.itl_ms / 1000

    def opening(self) -> bytes:
        """What comes before the first token."""
        return b"".join(self.writer.opening())

    def event(self, piece: Piece) -> bytes:
        """A token's event, on its way to the client."""
        self.record.sent_tokens += 1
        return self.writer.piece(piece)

    def ending(self) -> bytes:
        """What comes after the last token."""
        return b"".join(self.writer.closing()) + self.writer.terminator()


class ModelStream:
    """A sync SDK's stream: iterate, and close it. Dropping it does not close it: the model continues."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._tokens: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        threading.Thread(target=self._generate, daemon=True, name="model").start()

    def __iter__(self) -> Iterator[Piece]:
        """The tokens, as they are made; waiting for one blocks."""
        return iter(self._tokens.get, _END)

    def __enter__(self) -> "ModelStream":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection to the model, which stops."""
        self._closed.set()

    def _generate(self) -> None:
        generation, record = self._generation, self._generation.record
        due_s = record.arrived_s + generation.ttft_s
        for piece in generation.answer.pieces():
            if self._closed.wait(max(0.0, due_s - time.monotonic())):
                record.ended("stopped")
                break
            due_s += generation.itl_s
            record.generated_tokens += 1
            self._tokens.put(piece)
        record.ended("completed")
        self._tokens.put(_END)


Complete = Callable[[Generation, Request], Awaitable[Response]]


def chat_app(defaults: Scenario, truth: TruthStore, complete: Complete) -> FastAPI:
    """An app with one route, which answers chat completions as `complete` does."""
    app = bare_app(truth)

    @app.post(PATH)
    async def chat(request: Request) -> Response:
        try:
            parsed = API.read(msgspec.json.decode(await request.body(), type=dict), request)
            scenario = of_request(request.headers, request.url.query, parsed.model, defaults)
        except (msgspec.DecodeError, RefusedError, ScenarioError) as error:
            return _fail(Failure(400, str(error)))
        if failure := failure_of(scenario):
            return _fail(failure)
        answer = AnswerPlan(parsed, scenario, reasons=True, calls_tools=True, whole_calls=False)
        generation = Generation(answer, truth.new(API.name, answer.tokens * parsed.choices))
        watch(request, generation.record)
        return await complete(generation, request)

    return app


def _fail(failure: Failure) -> Response:
    return JSONResponse(API.failure(failure), failure.status, failure_headers(failure))


def watch(request: Request, record: Record) -> None:
    """Records when the client disconnects: by the event loop, or by a thread if the loop is frozen."""
    call_when_lost(request.scope, record.disconnected)
    came_by = connection_of(request.scope)
    if came_by is None:
        return
    connection = os.dup(came_by.fileno())

    def poll() -> None:
        poller = select.poll()
        poller.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while record.state == "running":
            if poller.poll(100):
                record.disconnected()
                break
        os.close(connection)

    threading.Thread(target=poll, daemon=True, name="watch").start()
