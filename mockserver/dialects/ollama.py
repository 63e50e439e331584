"""Ollama: `POST /api/chat` and `POST /api/generate`, one JSON document a line; streaming unless `stream` is false.

Source: ollama/ollama, docs/api.md and server/routes.go. There are no heartbeats, and no reason for a content filter.
"""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import Failure, Generated, WholeApi, as_dict, count_words, objects, string, whole_number
from mockserver.dialects.openai_chat import IN_BAND, read_offer
from mockserver.responses import Framing, StreamForm
from mockserver.stream_faults import Writer, as_json
from mockserver.tools import Call, Offer
from mockserver.truth import Record

FINISH: Final = {"stop": "stop", "length": "length", "tool_calls": "stop", "content_filter": "stop"}


def _tool_call(call: Call, position: int) -> dict[str, Any]:
    return {"id": call.id, "function": {"index": position, "name": call.name, "arguments": call.parsed}}


def _common(answer: AnswerPlan) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"model": answer.request.model, "created_at": now}


def _done(answer: AnswerPlan, record: Record, tokens: int) -> dict[str, Any]:
    elapsed_ns = int(record.elapsed_ms() * 1e6)
    return {
        "done": True,
        "done_reason": FINISH[answer.finish],
        "total_duration": elapsed_ns,
        "load_duration": 0,
        "prompt_eval_count": answer.request.prompt_tokens,
        "prompt_eval_duration": 0,
        "eval_count": tokens,
        "eval_duration": elapsed_ns,
    }


def _holding(answer: AnswerPlan, text: str, **fields: Any) -> dict[str, Any]:
    """The text where the path wants it, in a message or bare."""
    if answer.request.details["chat"]:
        return {"message": {"role": "assistant", "content": text, **fields}}
    return {"response": text, **fields}


class LineWriter(Writer):
    def _line(self, **fields: Any) -> bytes:
        return as_json({**_common(self.answer), **fields}) + b"\n"

    def piece(self, piece: Piece) -> bytes:
        if piece.kind is TokenKind.REASONING:
            held = _holding(self.answer, "", thinking=piece.text)
        elif piece.kind is TokenKind.TOOL:
            call = _tool_call(self.answer.calls[piece.call], piece.call)
            held = _holding(self.answer, "", tool_calls=[call])
        else:
            held = _holding(self.answer, piece.text)
        return self._line(**held, done=False)

    def terminator(self) -> bytes:
        """The line with `done: true`."""
        return self._line(**_holding(self.answer, ""), **_done(self.answer, self.record, self.record.sent_tokens))

    def error(self) -> bytes:
        """The error's line; nothing comes after it."""
        return as_json({"error": IN_BAND.message}) + b"\n"


class Ollama(WholeApi):
    name = "ollama"
    paths = ("/api/chat", "/api/generate")
    form = StreamForm("application/x-ndjson", b"", framing=Framing.LINES)
    whole_calls = True

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Model, and messages or a prompt."""
        chat = request.url.path.endswith("/chat")
        prompt = objects(body, "messages") if chat else body.get("prompt") or ""
        return ParsedRequest(
            model=string(body, "model"),
            stream=body.get("stream") is not False,
            prompt_tokens=count_words(prompt),
            limit=whole_number(as_dict(body.get("options")), "num_predict"),
            offer=read_offer(body) if chat else Offer(),
            details={"chat": chat},
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return LineWriter(answer, record)

    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        """What the lines come to."""
        more: dict[str, Any] = {"thinking": generated.reasoning[0]} if answer.reasoning else {}
        if answer.calls:
            more["tool_calls"] = [_tool_call(call, position) for position, call in enumerate(answer.calls)]
        held = _holding(answer, generated.texts[0], **more)
        return {**_common(answer), **held, **_done(answer, record, generated.tokens)}

    def failure(self, failure: Failure) -> Any:
        return {"error": failure.message}


API = Ollama()
