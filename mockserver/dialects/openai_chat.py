"""OpenAI Chat Completions: `POST /v1/chat/completions`, streaming and not.

Source: openai-openapi, `CreateChatCompletionRequest`, `CreateChatCompletionStreamResponse`.
"""

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from mockserver.generation import paced, plan, planned
from mockserver.responses import EventStreamResponse, WholeResponse
from mockserver.scenario import Scenario, ScenarioError, of_request
from mockserver.stream import Token, frames
from mockserver.tools import Call, calls_for
from mockserver.truth import Record, TruthStore

PATH: Final = "/v1/chat/completions"
DONE: Final = b"data: [DONE]\n\n"
_MAX_CHOICES: Final = 128


def error_body(message: str, kind: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """The vendor's error object."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _refuse(message: str, param: str | None = None) -> JSONResponse:
    return JSONResponse(error_body(message, "invalid_request_error", param=param), 400)


class _Asked:
    """A request, checked. Raises ValueError with the parameter's name and a sentence."""

    def __init__(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise ValueError("body", "the request body must be a JSON object")
        self.model = body.get("model")
        if not isinstance(self.model, str) or not self.model:
            raise ValueError("model", "you must provide a model parameter")
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
            raise ValueError("messages", "messages must be a list of at least one message")
        self.messages: list[dict[str, Any]] = messages
        self.stream = body.get("stream") is True
        options = body.get("stream_options")
        self.include_usage = isinstance(options, dict) and options.get("include_usage") is True
        self.choices = self._count(body, "n", 1)
        if not 1 <= self.choices <= _MAX_CHOICES:
            raise ValueError("n", f"n must be between 1 and {_MAX_CHOICES}")
        limits = [self._count(body, name, None) for name in ("max_completion_tokens", "max_tokens")]
        self.limit = min((limit for limit in limits if limit is not None), default=None)
        self.calls = calls_for(body)

    @staticmethod
    def _count(body: dict[str, Any], name: str, default: Any) -> Any:
        value = body.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(name, f"{name} must be a whole number of at least 1")
        return value

    @property
    def prompt_tokens(self) -> int:
        """A rough count: words."""
        return sum(len(str(message.get("content") or "").split()) for message in self.messages)


class _Chunks:
    """The bytes of one stream: everything that is the same in each chunk is made once."""

    def __init__(self, asked: _Asked, finish: str, record: Record) -> None:
        self._asked = asked
        self._calls = asked.calls
        self._finish = finish
        self._record = record
        self._next_call = [0] * asked.choices
        common = {
            "id": f"chatcmpl-{record.id}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": asked.model,
            "system_fingerprint": "fp_mock",
        }
        self._common = _json(common)[:-1]
        self._usage = b',"usage":null' if asked.include_usage else b""
        self._text = [
            (
                b'data: %s,"choices":[{"index":%d,"delta":{"content":' % (self._common, index),
                b'},"logprobs":null,"finish_reason":null}]%s}\n\n' % self._usage,
            )
            for index in range(asked.choices)
        ]

    def _chunk(self, index: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b'data: %s,"choices":[%s]%s}\n\n' % (
            self._common,
            _json(choice),
            self._usage,
        )

    def opening(self) -> Iterable[bytes]:
        content = None if self._calls else ""
        return [
            self._chunk(index, {"role": "assistant", "content": content, "refusal": None})
            for index in range(self._asked.choices)
        ]

    def token(self, token: Token) -> bytes:
        index, text = token
        if not self._calls:
            before, after = self._text[index]
            return before + _json(text) + after
        position, call, is_first = self._place(index)
        fragment = self._chunk(index, {"tool_calls": [{"index": position, "function": {"arguments": text}}]})
        if not is_first:
            return fragment
        opening = {
            "index": position,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        return self._chunk(index, {"tool_calls": [opening]}) + fragment

    def _place(self, index: int) -> tuple[int, Call, bool]:
        """Which call the next fragment of a choice belongs to, and whether it is that call's first."""
        number = self._next_call[index]
        self._next_call[index] += 1
        for position, call in enumerate(self._calls):
            if number < len(call.fragments):
                return position, call, number == 0
            number -= len(call.fragments)
        raise AssertionError("more fragments than were planned")

    def closing(self) -> Iterable[bytes]:
        for index in range(self._asked.choices):
            yield self._chunk(index, {}, self._finish)
        if self._asked.include_usage:
            counted = _json(usage(self._asked.prompt_tokens, self._record.sent_tokens))
            yield b'data: %s,"choices":[],"usage":%s}\n\n' % (self._common, counted)

    def terminator(self) -> bytes:
        return DONE

    def error(self) -> bytes:
        body = error_body("The server had an error while processing your request.", "server_error", "server_error")
        return b"data: %s\n\n" % _json(body)

    def malformed(self, token: Token) -> bytes:
        return self.token(token).replace(b"}\n\n", b"\n\n")


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """The vendor's usage object."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def add_routes(app: FastAPI, defaults: Scenario, truth: TruthStore) -> None:
    """Adds the API's routes."""

    @app.post(PATH)
    async def complete(request: Request) -> Response:
        try:
            asked = _Asked(msgspec.json.decode(await request.body()))
            scenario = of_request(request.headers, request.url.query, asked.model, defaults)
        except ScenarioError as error:
            return _refuse(str(error))
        except msgspec.DecodeError as error:
            return _refuse(f"the request body is not JSON: {error}")
        except ValueError as error:
            param, message = error.args
            return _refuse(message, param)
        fault = scenario.fault.name if scenario.fault else None
        if fault in _BEFORE:
            return _BEFORE[fault]()
        return _answer(asked, scenario, truth)


def _answer(asked: _Asked, scenario: Scenario, truth: TruthStore) -> Response:
    tokens: list[Iterator[str]]
    if asked.calls:
        count = sum(len(call.fragments) for call in asked.calls)
        tokens = [chain.from_iterable(call.fragments for call in asked.calls) for _ in range(asked.choices)]
        finish = "tool_calls"
    else:
        wanted = planned(scenario)
        count = wanted if asked.limit is None else min(wanted, asked.limit)
        tokens = [islice(plan(scenario, choice), count) for choice in range(asked.choices)]
        finish = "length" if count < wanted else "stop"
    record = truth.new("openai-chat", count * asked.choices)
    # One step of all choices at a time, as a batch on a GPU would make them.
    steps = zip(*tokens, strict=True)
    every = ((index, token) for step in steps for index, token in enumerate(step))
    made = paced(every, scenario, record, asked.choices)
    if asked.stream:
        stream = frames(made, _Chunks(asked, finish, record), scenario.fault)
        return EventStreamResponse(stream, record, scenario.heartbeat_s)
    return WholeResponse(lambda: _document(asked, finish, made, record), record)


async def _document(asked: _Asked, finish: str, made: AsyncIterator[Token], record: Record) -> tuple[Any, int]:
    texts = [""] * asked.choices
    count = 0
    async for index, token in made:
        texts[index] += token
        count += 1
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in asked.calls
    ]
    document = {
        "id": f"chatcmpl-{record.id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked.model,
        "system_fingerprint": "fp_mock",
        "choices": [
            {
                "index": index,
                "message": {**message, **({"tool_calls": calls} if calls else {"content": text})},
                "logprobs": None,
                "finish_reason": finish,
            }
            for index, text in enumerate(texts)
        ],
        "usage": usage(asked.prompt_tokens, count),
    }
    return document, count


_BEFORE: Final = {
    "error-before": lambda: JSONResponse(
        error_body("The server had an error while processing your request.", "server_error", "server_error"), 500
    ),
    "rate-limit": lambda: JSONResponse(
        error_body("Rate limit reached for requests.", "requests", "rate_limit_exceeded"), 429, {"Retry-After": "1"}
    ),
}
