"""OpenAI Chat Completions: `POST /v1/chat/completions`, streaming and not. Its flavours derive from this.

Source: openai-openapi, `CreateChatCompletionRequest`, `CreateChatCompletionStreamResponse`. The API itself shows no
reasoning; with the knob `reasoning` it comes in `reasoning_content`, as DeepSeek and others have it.
"""

import time
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import (
    FAILED,
    LIMITED,
    Failure,
    Generated,
    WholeApi,
    as_dict,
    count_words,
    objects,
    string,
    whole_number,
)
from mockserver.stream_faults import Writer, as_json, data
from mockserver.tools import Call, Offer, narrowed, offer
from mockserver.truth import Record

DONE: Final = b"data: [DONE]\n\n"
_MAX_CHOICES: Final = 128
_KINDS: Final = {FAILED: ("server_error", "server_error"), LIMITED: ("requests", "rate_limit_exceeded")}
IN_BAND: Final = Failure(FAILED, "The server had an error while processing your request.")


def error_body(failure: Failure) -> dict[str, Any]:
    """The vendor's error object."""
    kind, code = _KINDS.get(failure.status, ("invalid_request_error", None))
    return {"error": {"message": failure.message, "type": kind, "param": failure.param, "code": code}}


def function_of(tool: dict[str, Any]) -> tuple[Any, Any]:
    """Name and schema of a tool."""
    function = as_dict(tool.get("function"))
    return function.get("name"), function.get("parameters")


def read_offer(body: dict[str, Any]) -> Offer:
    """The tools in a request: none with tool_choice none, or once the last message is a tool's result."""
    choice = body.get("tool_choice")
    if choice in ("none", "NONE") or body["messages"][-1].get("role") == "tool":
        return Offer()
    only = function_of(choice)[0] if isinstance(choice, dict) else None
    return narrowed(offer(body.get("tools"), function_of), only, parallel=body.get("parallel_tool_calls") is not False)


def call_body(call: Call) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def annotations(count: int) -> list[dict[str, Any]]:
    """Citations, as the models that search give them."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": 0,
                "end_index": 1,
                "title": f"Source {number}",
                "url": f"https://example.com/{number}",
            },
        }
        for number in range(1, count + 1)
    ]


def usage(answer: AnswerPlan, output_tokens: int) -> dict[str, Any]:
    """The vendor's usage object."""
    counted: dict[str, Any] = {
        "prompt_tokens": answer.request.prompt_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": answer.request.prompt_tokens + output_tokens,
    }
    if answer.reasoning:
        reasoning = min(answer.reasoning * answer.request.choices, output_tokens)
        counted["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return counted


class ChunkWriter(Writer):
    """Chunks: everything that is the same in each of them is made once."""

    reasoning_field: ClassVar[str] = "reasoning_content"
    extras: ClassVar[dict[str, Any]] = {"system_fingerprint": "fp_mock"}
    id_prefix: ClassVar[str] = "chatcmpl"

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        super().__init__(answer, record)
        parsed = answer.request
        self.common_fields = {
            "id": f"{self.id_prefix}-{record.id}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": parsed.model,
            **self.extras,
        }
        self.common = as_json(self.common_fields)[:-1]
        self.no_usage = b',"usage":null' if parsed.include_usage else b""
        self._text = [
            (
                b'data: %s,"choices":[{"index":%d,"delta":{"content":' % (self.common, index),
                b'},"logprobs":null,"finish_reason":null}]%s}\n\n' % self.no_usage,
            )
            for index in range(parsed.choices)
        ]
        self._calls_begun: set[tuple[int, int]] = set()

    def chunk(self, index: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        """A chunk with one choice."""
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b'data: %s,"choices":[%s]%s}\n\n' % (self.common, as_json(choice), self.no_usage)

    def role(self) -> dict[str, Any]:
        """The first delta of a choice."""
        return {"role": "assistant", "content": None if self.answer.calls else "", "refusal": None}

    def opening(self) -> Iterable[bytes]:
        """A chunk with the role, for each choice."""
        return [self.chunk(index, self.role()) for index in range(self.answer.request.choices)]

    def piece(self, piece: Piece) -> bytes:
        """One chunk; a call's first fragment has a chunk with its name before it."""
        if piece.kind is TokenKind.TEXT:
            before, after = self._text[piece.choice]
            return before + as_json(piece.text) + after
        if piece.kind is TokenKind.REASONING:
            return self.chunk(piece.choice, {self.reasoning_field: piece.text})
        fragment = self.chunk(
            piece.choice, {"tool_calls": [{"index": piece.call, "function": {"arguments": piece.text}}]}
        )
        if (piece.choice, piece.call) in self._calls_begun:
            return fragment
        self._calls_begun.add((piece.choice, piece.call))
        call = self.answer.calls[piece.call]
        named = {**call_body(call), "index": piece.call, "function": {"name": call.name, "arguments": ""}}
        return self.chunk(piece.choice, {"tool_calls": [named]}) + fragment

    def closing(self) -> Iterable[bytes]:
        """Citations, the finish of each choice, and usage if it was asked for."""
        for index in range(self.answer.request.choices):
            if self.answer.scenario.citations:
                yield self.chunk(index, {"annotations": annotations(self.answer.scenario.citations)})
            yield self.chunk(index, {}, self.answer.finish)
        if self.answer.request.include_usage:
            counted = as_json(usage(self.answer, self.record.sent_tokens))
            yield b'data: %s,"choices":[],"usage":%s}\n\n' % (self.common, counted)

    def terminator(self) -> bytes:
        return DONE

    def error(self) -> bytes:
        """One error event; nothing comes after it."""
        return data(error_body(IN_BAND))


class OpenAIChat(WholeApi):
    name = "openai-chat"
    paths: ClassVar[tuple[str, ...]] = ("/v1/chat/completions",)
    writer_class: ClassVar[type[ChunkWriter]] = ChunkWriter

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Model and messages are required."""
        del request
        model = string(body, "model")
        messages = objects(body, "messages")
        limits = [whole_number(body, name) for name in ("max_completion_tokens", "max_tokens")]
        return ParsedRequest(
            model=model,
            stream=body.get("stream") is True,
            prompt_tokens=count_words(messages),
            choices=whole_number(body, "n", _MAX_CHOICES) or 1,
            limit=min((limit for limit in limits if limit is not None), default=None),
            offer=read_offer(body),
            include_usage=as_dict(body.get("stream_options")).get("include_usage") is True,
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return self.writer_class(answer, record)

    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        return {
            "id": f"chatcmpl-{record.id}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": answer.request.model,
            **self.writer_class.extras,
            "choices": [
                {
                    "index": index,
                    "message": self.message(answer, generated, index),
                    "logprobs": None,
                    "finish_reason": answer.finish,
                }
                for index in range(answer.request.choices)
            ],
            "usage": usage(answer, generated.tokens),
        }

    def message(self, answer: AnswerPlan, generated: Generated, index: int) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": None if answer.calls else generated.texts[index]}
        message["refusal"] = None
        if answer.calls:
            message["tool_calls"] = [call_body(call) for call in answer.calls]
        if answer.reasoning:
            message[self.writer_class.reasoning_field] = generated.reasoning[index]
        if answer.scenario.citations:
            message["annotations"] = annotations(answer.scenario.citations)
        return message

    def failure(self, failure: Failure) -> Any:
        return error_body(failure)


API = OpenAIChat()
