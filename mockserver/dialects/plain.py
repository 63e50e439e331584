"""`GET /sse`: a plain event stream for EventSource, with ids, and resumption by `Last-Event-ID`.

One token an event, ids from 1; a final event `done`. A client that has that one's id gets 204, which tells EventSource
not to come again (WHATWG HTML 9.2.3).
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece
from mockserver.api import REFUSED, Failure, failure_headers, failure_of, framed, with_fault
from mockserver.generation import paced
from mockserver.responses import EventStreamResponse, StreamForm
from mockserver.scenario import Scenario, ScenarioError, of_request
from mockserver.stream_faults import Writer, frames
from mockserver.truth import Record, TruthStore

_RETRY_MS: Final = 1000


class EventWriter(Writer):
    """The events of one stream that goes on after `last_id` tokens."""

    def __init__(self, answer: AnswerPlan, record: Record, last_id: int) -> None:
        super().__init__(answer, record)
        self._id = last_id
        self._retry = b"retry: %d\n" % _RETRY_MS

    def piece(self, piece: Piece) -> bytes:
        """One event, its text as it is."""
        self._id += 1
        retry, self._retry = self._retry, b""
        lines = b"".join(b"data: %s\n" % line.encode() for line in re.split("\r\n|\r|\n", piece.text))
        return b"%sid: %d\n%s\n" % (retry, self._id, lines)

    def closing(self) -> Iterable[bytes]:
        self._id += 1
        return (b"id: %d\nevent: done\ndata: {}\n\n" % self._id,)

    def terminator(self) -> bytes:
        """None: the body's end is the end."""
        return b""

    def error(self) -> bytes:
        return b'event: error\ndata: {"message":"the mock failed as configured"}\n\n'

    def malformed(self, piece: Piece) -> bytes:
        """A field's name with a byte that is no UTF-8."""
        return self.piece(piece).replace(b"data: ", b"da\xffta: ")


class Plain:
    """The stream at `/sse`."""

    name = "plain"
    paths = ("/sse",)

    def add_routes(self, app: FastAPI, defaults: Scenario, truth: TruthStore) -> None:
        @app.get(self.paths[0])
        async def events(request: Request) -> Response:
            try:
                scenario = of_request(request.headers, request.url.query, None, defaults)
            except ScenarioError as error:
                return _fail(Failure(REFUSED, str(error)))
            failure = failure_of(scenario)
            return _fail(failure) if failure else _answer(request, scenario, truth)


def _fail(failure: Failure) -> Response:
    return JSONResponse({"error": {"message": failure.message}}, failure.status, failure_headers(failure))


def _answer(request: Request, scenario: Scenario, truth: TruthStore) -> Response:
    last_id = _last_id(request)
    answer = AnswerPlan(
        ParsedRequest(model="mock", stream=True), scenario, reasons=False, calls_tools=False, whole_calls=False
    )
    if last_id > answer.tokens:
        return Response(status_code=204)
    record = truth.new(Plain.name, answer.tokens - last_id)
    made = paced(islice(answer.pieces(), last_id, None), with_fault(scenario), record)
    stream = frames(made, EventWriter(answer, record, last_id), scenario.fault)
    return EventStreamResponse(framed(stream, scenario, StreamForm()), record, scenario.heartbeat_s)


def _last_id(request: Request) -> int:
    """How many events the client has; an id that is none of ours counts as none."""
    value = request.headers.get("last-event-id", "")
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else 0


API = Plain()
