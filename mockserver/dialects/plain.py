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

from mockserver.generation import paced, plan, planned
from mockserver.responses import EventStreamResponse
from mockserver.scenario import Scenario, ScenarioError, of_request
from mockserver.stream import Token, frames
from mockserver.truth import TruthStore

PATH: Final = "/sse"
_RETRY_MS: Final = 1000


class _Events:
    """The bytes of one stream that goes on after `last_id` tokens."""

    def __init__(self, last_id: int) -> None:
        self._id = last_id
        self._retry = b"retry: %d\n" % _RETRY_MS

    def opening(self) -> Iterable[bytes]:
        return ()

    def token(self, token: Token) -> bytes:
        self._id += 1
        retry, self._retry = self._retry, b""
        lines = b"".join(b"data: %s\n" % line.encode() for line in re.split("\r\n|\r|\n", token[1]))
        return b"%sid: %d\n%s\n" % (retry, self._id, lines)

    def closing(self) -> Iterable[bytes]:
        self._id += 1
        return (b"id: %d\nevent: done\ndata: {}\n\n" % self._id,)

    def terminator(self) -> bytes:
        return b""

    def error(self) -> bytes:
        return b'event: error\ndata: {"message":"the mock failed as asked"}\n\n'

    def malformed(self, token: Token) -> bytes:
        return self.token(token).replace(b"data: ", b"da\xffta: ")


def add_routes(app: FastAPI, defaults: Scenario, truth: TruthStore) -> None:
    """Adds the API's routes."""

    @app.get(PATH)
    async def events(request: Request) -> Response:
        try:
            scenario = of_request(request.headers, request.url.query, None, defaults)
        except ScenarioError as error:
            return JSONResponse({"error": {"message": str(error)}}, 400)
        if scenario.fault is not None and scenario.fault.name in ("error-before", "rate-limit"):
            failed = scenario.fault.name == "error-before"
            headers = {} if failed else {"Retry-After": "1"}
            return JSONResponse({"error": {"message": "failed as asked"}}, 500 if failed else 429, headers)
        last_id = _last_id(request)
        count = planned(scenario)
        if last_id > count:
            return Response(status_code=204)
        record = truth.new("plain", count - last_id)
        tokens = ((0, token) for token in islice(plan(scenario), last_id, None))
        stream = frames(paced(tokens, scenario, record), _Events(last_id), scenario.fault)
        return EventStreamResponse(stream, record, scenario.heartbeat_s)


def _last_id(request: Request) -> int:
    """How many events the client has; an id that is none of ours counts as none."""
    value = request.headers.get("last-event-id", "")
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else 0
