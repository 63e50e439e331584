"""Anthropic Messages: `POST /v1/messages`, streaming and not.

Source: docs.anthropic.com, "Streaming messages" and "Errors"; types of the anthropic Python package 2.12.0.
"""

from collections.abc import Iterable
from typing import Any, Final

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
from mockserver.responses import StreamForm
from mockserver.stream_faults import PartWriter, Writer, event
from mockserver.tools import Call, Offer, RefusedError, narrowed, offer
from mockserver.truth import Record

FINISH: Final = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
PING: Final = event("ping", {"type": "ping"})
_TYPES: Final = {FAILED: "api_error", LIMITED: "rate_limit_error"}
_SIGNATURE: Final = "bW9jaw=="
_OVERLOADED: Final = {"type": "overloaded_error", "message": "Overloaded"}


def _citations(count: int, cited: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "char_location",
            "cited_text": cited,
            "document_index": 0,
            "document_title": f"Source {number}",
            "start_char_index": 0,
            "end_char_index": len(cited),
            "file_id": None,
        }
        for number in range(1, count + 1)
    ]


def _tool_use(call: Call, arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id.replace("call", "toolu"), "name": call.name, "input": arguments}


class MessageWriter(PartWriter):
    """Events; each part is a content block."""

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        super().__init__(answer, record)
        self._index = -1

    def opening(self) -> Iterable[bytes]:
        """`message_start`, and a ping."""
        message: dict[str, Any] = {
            "id": f"msg_{self.record.id}",
            "type": "message",
            "role": "assistant",
            "model": self.answer.request.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": self.answer.request.prompt_tokens, "output_tokens": 1},
        }
        return [event("message_start", {"type": "message_start", "message": message}), PING]

    def _block(self, kind: str, **fields: Any) -> bytes:
        return event(kind, {"type": kind, "index": self._index, **fields})

    def _delta(self, kind: str, **fields: Any) -> bytes:
        return self._block("content_block_delta", delta={"type": kind, **fields})

    def begin(self, piece: Piece) -> bytes:
        """A block of text, thinking or a tool's use."""
        self._index += 1
        if piece.kind is TokenKind.TOOL:
            block = _tool_use(self.answer.calls[piece.call], {})
        elif piece.kind is TokenKind.REASONING:
            block = {"type": "thinking", "thinking": "", "signature": ""}
        else:
            block = {"type": "text", "text": ""}
        return self._block("content_block_start", content_block=block)

    def delta(self, piece: Piece) -> bytes:
        """`text_delta`, `thinking_delta` or `input_json_delta`."""
        if piece.kind is TokenKind.TOOL:
            return self._delta("input_json_delta", partial_json=piece.text)
        if piece.kind is TokenKind.REASONING:
            return self._delta("thinking_delta", thinking=piece.text)
        return self._delta("text_delta", text=piece.text)

    def end(self, part: Piece) -> bytes:
        """The block's end; a signature closes thinking, citations a text."""
        before = b""
        if part.kind is TokenKind.REASONING:
            before = self._delta("signature_delta", signature=_SIGNATURE)
        elif part.kind is TokenKind.TEXT:
            citations = _citations(self.answer.scenario.citations, part.text)
            before = b"".join(self._delta("citations_delta", citation=citation) for citation in citations)
        return before + self._block("content_block_stop")

    def closing(self) -> Iterable[bytes]:
        """The last block's end, and `message_delta` with the stop reason and cumulative usage."""
        if end := self.close_part():
            yield end
        delta = {"stop_reason": FINISH[self.answer.finish], "stop_sequence": None}
        usage = {"output_tokens": self.record.sent_tokens}
        yield event("message_delta", {"type": "message_delta", "delta": delta, "usage": usage})

    def terminator(self) -> bytes:
        return event("message_stop", {"type": "message_stop"})

    def error(self) -> bytes:
        """`error`; nothing comes after it."""
        return event("error", {"type": "error", "error": _OVERLOADED, "request_id": f"req_{self.record.id}"})


class Anthropic(WholeApi):
    name = "anthropic"
    paths = ("/v1/messages",)

    def form_of(self, answer: AnswerPlan, record: Record) -> StreamForm:
        """Pings as heartbeats, and the request's id."""
        del answer
        return StreamForm(heartbeat=PING, headers={"request-id": f"req_{record.id}"})

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Model, messages and max_tokens are required."""
        del request
        messages = objects(body, "messages")
        limit = whole_number(body, "max_tokens")
        if limit is None:
            raise RefusedError("max_tokens: Field required", "max_tokens")
        return ParsedRequest(
            model=string(body, "model"),
            stream=body.get("stream") is True,
            prompt_tokens=count_words([body.get("system"), messages]),
            limit=limit,
            offer=_read_offer(body, messages[-1].get("content")),
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return MessageWriter(answer, record)

    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        content: list[dict[str, Any]] = []
        if answer.reasoning:
            content.append({"type": "thinking", "thinking": generated.reasoning[0], "signature": _SIGNATURE})
        if answer.calls:
            content += [_tool_use(call, call.parsed) for call in answer.calls]
        elif generated.texts[0]:
            block = {"type": "text", "text": generated.texts[0]}
            cited = _citations(answer.scenario.citations, generated.texts[0])
            content.append({**block, "citations": cited} if cited else block)
        return {
            "id": f"msg_{record.id}",
            "type": "message",
            "role": "assistant",
            "model": answer.request.model,
            "content": content,
            "stop_reason": FINISH[answer.finish],
            "stop_sequence": None,
            "usage": {"input_tokens": answer.request.prompt_tokens, "output_tokens": generated.tokens},
        }

    def failure(self, failure: Failure) -> Any:
        kind = _TYPES.get(failure.status, "invalid_request_error")
        error = {"type": kind, "message": failure.message}
        return {"type": "error", "error": error, "request_id": "req_mock"}


def _read_offer(body: dict[str, Any], last: Any) -> Offer:
    choice = as_dict(body.get("tool_choice"))
    answered = isinstance(last, list) and any(as_dict(block).get("type") == "tool_result" for block in last)
    if choice.get("type") == "none" or answered:
        return Offer()
    offered = offer(body.get("tools"), lambda tool: (tool.get("name"), tool.get("input_schema")))
    return narrowed(offered, choice.get("name"), parallel=choice.get("disable_parallel_tool_use") is not True)


API = Anthropic()
