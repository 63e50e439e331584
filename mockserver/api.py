"""An API: what each vendor's file defines, and how all of them are served."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from typing import Any, ClassVar, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.faults import SLOW_FIRST_MS
from mockserver.framing import Framer
from mockserver.generation import paced
from mockserver.responses import EventStreamResponse, Frames, StreamForm, WholeResponse
from mockserver.scenario import Scenario, ScenarioError, of_request
from mockserver.stream_faults import Writer, frames
from mockserver.tools import RefusedError
from mockserver.truth import Record, TruthStore

RETRY_AFTER_S: Final = 1
_TEXT_KEYS: Final = frozenset({"content", "text", "parts", "prompt", "input", "messages", "contents", "system"})


class Failure(msgspec.Struct, frozen=True):
    """A request that gets no answer: 400 (refused), 429 or 500. `param`: which parameter is wrong."""

    status: int
    message: str
    param: str | None = None


REFUSED, LIMITED, FAILED = 400, 429, 500


class Generated:
    """All that was generated, for an answer in one piece."""

    def __init__(self, answer: AnswerPlan) -> None:
        self.reasoning = [""] * answer.request.choices
        self.texts = [""] * answer.request.choices
        self.tokens = 0

    def add(self, piece: Piece) -> None:
        """Takes one token; the arguments of tool calls stand in the plan already."""
        self.tokens += 1
        if piece.kind is TokenKind.TEXT:
            self.texts[piece.choice] += piece.text
        elif piece.kind is TokenKind.REASONING:
            self.reasoning[piece.choice] += piece.text


class Api(ABC):
    """One vendor's API. To add one: a file in `dialects/` that derives from this, and its line in the table there."""

    name: ClassVar[str]
    paths: ClassVar[tuple[str, ...]]
    form: ClassVar[StreamForm] = StreamForm()
    reasons: ClassVar[bool] = True
    calls_tools: ClassVar[bool] = True
    whole_calls: ClassVar[bool] = False
    """Whether a tool call comes in one piece, never in fragments."""
    also_at: ClassVar[tuple[str, ...]] = ()
    """Paths of other APIs, which this one serves to clients in `user_agents`."""
    user_agents: ClassVar[tuple[str, ...]] = ()
    """How the User-Agent of this API's clients begins."""

    @abstractmethod
    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Reads a request. Raises RefusedError."""

    @abstractmethod
    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        """What writes a stream."""

    @abstractmethod
    def failure(self, failure: Failure) -> Any:
        """The JSON body that goes with a failure's status."""

    def form_of(self, answer: AnswerPlan, record: Record) -> StreamForm:
        """The form of one stream."""
        del answer, record
        return self.form

    async def serve(self, request: Request, defaults: Scenario, truth: TruthStore) -> Response:
        try:
            body = msgspec.json.decode(await request.body())
            if not isinstance(body, dict):
                raise RefusedError("the request body must be a JSON object", "body")
            parsed = self.read(body, request)
            scenario = of_request(request.headers, request.url.query, parsed.model, defaults)
        except msgspec.DecodeError as error:
            return self._fail(Failure(REFUSED, f"the request body is not JSON: {error}"))
        except RefusedError as error:
            return self._fail(Failure(REFUSED, str(error), error.param))
        except ScenarioError as error:
            return self._fail(Failure(REFUSED, str(error)))
        failure = failure_of(scenario)
        return self._fail(failure) if failure else self._answer(parsed, scenario, truth)

    def _fail(self, failure: Failure) -> Response:
        return JSONResponse(self.failure(failure), failure.status, failure_headers(failure))

    def _answer(self, parsed: ParsedRequest, scenario: Scenario, truth: TruthStore) -> Response:
        answer = AnswerPlan(
            parsed, scenario, reasons=self.reasons, calls_tools=self.calls_tools, whole_calls=self.whole_calls
        )
        record = truth.new(self.name, answer.tokens * parsed.choices)
        made = paced(answer.pieces(), with_fault(scenario), record, parsed.choices)
        return self.respond(answer, record, made)

    def respond(self, answer: AnswerPlan, record: Record, made: AsyncGenerator[Piece, None]) -> Response:
        scenario, form = answer.scenario, self.form_of(answer, record)
        stream = framed(frames(made, self.writer(answer, record), scenario.fault), scenario, form)
        return EventStreamResponse(stream, record, scenario.heartbeat_s, form)


class WholeApi(Api):
    """An API that answers in one piece too, where no stream is asked for."""

    @abstractmethod
    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        """The answer in one piece, as JSON."""

    def respond(self, answer: AnswerPlan, record: Record, made: AsyncGenerator[Piece, None]) -> Response:
        """The stream, or the document when all of it is made."""
        if answer.request.stream:
            return super().respond(answer, record, made)

        async def whole() -> tuple[Any, int]:
            generated = Generated(answer)
            async for piece in made:
                generated.add(piece)
            return self.document(answer, record, generated), generated.tokens

        return WholeResponse(whole, record)


def add_route(app: FastAPI, path: str, apis: Sequence[Api], defaults: Scenario, truth: TruthStore) -> None:
    """Serves a path: by the first API whose `user_agents` match, else by the last, whose path it is."""

    async def answer(request: Request) -> Response:
        agent = request.headers.get("user-agent", "")
        api = next((api for api in apis if agent.startswith(api.user_agents)), apis[-1])
        return await api.serve(request, defaults, truth)

    app.post(path)(answer)


def framed(stream: Frames, scenario: Scenario, form: StreamForm) -> Frames:
    """The frames with the framing that was asked for."""
    framer = Framer(form, scenario.fault)
    return stream if framer.changes_nothing else framer.frame(stream)


def failure_of(scenario: Scenario) -> Failure | None:
    """The failure that is asked for in place of an answer, None if none is."""
    fault = scenario.fault.name if scenario.fault else ""
    if fault == "error-before":
        return Failure(FAILED, "The server had an error while processing your request.")
    if fault == "rate-limit":
        return Failure(LIMITED, "Rate limit reached for requests.")
    return None


def failure_headers(failure: Failure) -> dict[str, str]:
    """The headers that go with a failure."""
    return {"Retry-After": str(RETRY_AFTER_S)} if failure.status == LIMITED else {}


def with_fault(scenario: Scenario) -> Scenario:
    """The scenario as it is paced: `slow-first` only moves the first token."""
    if scenario.fault is None or scenario.fault.name != "slow-first":
        return scenario
    return msgspec.structs.replace(scenario, ttft_ms=scenario.ttft_ms + SLOW_FIRST_MS)


def string(body: dict[str, Any], name: str) -> str:
    """A parameter that must be there. Raises RefusedError."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedError(f"you must provide {name}, a string", name)
    return value


def objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A parameter that must be a list of at least one object. Raises RefusedError."""
    value = body.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise RefusedError(f"{name} must be a list of at least one object", name)
    return value


def whole_number(body: dict[str, Any], name: str, limit: int | None = None) -> int | None:
    """A parameter that may be there: a whole number of at least 1. Raises RefusedError."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RefusedError(f"{name} must be a whole number of at least 1", name)
    if limit is not None and value > limit:
        raise RefusedError(f"{name} must be between 1 and {limit}", name)
    return value


def as_dict(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def count_words(value: Any) -> int:
    """A rough count of the prompt's tokens: the words in its texts, however deep they lie."""
    if isinstance(value, str):
        return len(value.split())
    if isinstance(value, list):
        return sum(map(count_words, value))
    if isinstance(value, dict):
        return sum(count_words(each) for name, each in value.items() if name in _TEXT_KEYS)
    return 0
