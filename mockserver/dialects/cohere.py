"""Cohere Chat v2: `POST /v2/chat`, streaming and not.

Source: docs.cohere.com/reference/chat-stream; types of cohere 7.3.1. `[DONE]` follows `message-end`, as the OpenAPI
document has it.
"""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import Failure, Generated, WholeApi, count_words, objects, string, whole_number
from mockserver.dialects.openai_chat import DONE, IN_BAND, call_body, read_offer
from mockserver.stream_faults import PartWriter, Writer, event
from mockserver.truth import Record

FINISH: Final = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", "content_filter": "ERROR"}
_FILTERED: Final = "the generation was stopped by the content filter"


def _usage(answer: AnswerPlan, tokens: int) -> dict[str, Any]:
    counted = {"input_tokens": answer.request.prompt_tokens, "output_tokens": tokens}
    return {"billed_units": counted, "tokens": counted}


def _citations(answer: AnswerPlan) -> list[dict[str, Any]]:
    return [
        {
            "start": 0,
            "end": 1,
            "text": f"cited {number}",
            "type": "TEXT_CONTENT",
            "sources": [{"type": "document", "id": f"doc:{number}", "document": {"id": f"doc:{number}"}}],
        }
        for number in range(1, answer.scenario.citations + 1)
    ]


class EventWriter(PartWriter):
    """Events; each part is a content or a tool call, with an index of its own."""

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        super().__init__(answer, record)
        self._index = -1

    def _event(self, kind: str, **fields: Any) -> bytes:
        return event(kind, {"type": kind, **fields})

    def _message(self, kind: str, index: int, message: dict[str, Any]) -> bytes:
        return self._event(kind, index=index, delta={"message": message})

    def opening(self) -> Iterable[bytes]:
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return [self._event("message-start", id=self.record.id, delta={"message": message})]

    def begin(self, piece: Piece) -> bytes:
        """`content-start` or `tool-call-start`."""
        self._index += 1
        if piece.kind is TokenKind.TOOL:
            call = self.answer.calls[piece.call]
            started = {**call_body(call), "function": {"name": call.name, "arguments": ""}}
            return self._message("tool-call-start", self._index, {"tool_calls": started})
        kind = "thinking" if piece.kind is TokenKind.REASONING else "text"
        return self._message("content-start", self._index, {"content": {"type": kind, kind: ""}})

    def delta(self, piece: Piece) -> bytes:
        """`content-delta` or `tool-call-delta`."""
        if piece.kind is TokenKind.TOOL:
            call = {"function": {"arguments": piece.text}}
            return self._message("tool-call-delta", self._index, {"tool_calls": call})
        kind = "thinking" if piece.kind is TokenKind.REASONING else "text"
        return self._message("content-delta", self._index, {"content": {kind: piece.text}})

    def end(self, part: Piece) -> bytes:
        """`content-end` or `tool-call-end`; citations come before the text's."""
        if part.kind is TokenKind.TOOL:
            return self._event("tool-call-end", index=self._index)
        cited = b""
        if part.kind is TokenKind.TEXT:
            for number, citation in enumerate(_citations(self.answer)):
                cited += self._message("citation-start", number, {"citations": citation})
                cited += self._event("citation-end", index=number)
        return cited + self._event("content-end", index=self._index)

    def closing(self) -> Iterable[bytes]:
        if end := self.close_part():
            yield end

    def _message_end(self, **delta: Any) -> bytes:
        return self._event("message-end", id=self.record.id, delta=delta) + DONE

    def terminator(self) -> bytes:
        """`message-end` with reason and usage, then `[DONE]`."""
        finish = FINISH[self.answer.finish]
        failed = {"error": _FILTERED} if finish == "ERROR" else {}
        return self._message_end(finish_reason=finish, usage=_usage(self.answer, self.record.sent_tokens), **failed)

    def unfinished(self) -> bytes:
        """`message-end` without a reason."""
        return self._message_end()

    def error(self) -> bytes:
        """`message-end` with the reason ERROR, then `[DONE]`."""
        usage = _usage(self.answer, self.record.sent_tokens)
        return self._message_end(error=IN_BAND.message, finish_reason="ERROR", usage=usage)


class Cohere(WholeApi):
    """Chat v2."""

    name = "cohere"
    paths = ("/v2/chat",)

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Model and messages are required."""
        del request
        messages = objects(body, "messages")
        return ParsedRequest(
            model=string(body, "model"),
            stream=body.get("stream") is True,
            prompt_tokens=count_words(messages),
            limit=whole_number(body, "max_tokens"),
            offer=read_offer(body),
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return EventWriter(answer, record)

    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        content = [{"type": "thinking", "thinking": generated.reasoning[0]}] if answer.reasoning else []
        message: dict[str, Any] = {"role": "assistant"}
        if answer.calls:
            message["tool_calls"] = [call_body(call) for call in answer.calls]
        else:
            content.append({"type": "text", "text": generated.texts[0]})
        message["content"] = content
        if answer.scenario.citations:
            message["citations"] = _citations(answer)
        return {
            "id": record.id,
            "message": message,
            "finish_reason": FINISH[answer.finish],
            "usage": _usage(answer, generated.tokens),
        }

    def failure(self, failure: Failure) -> Any:
        return {"id": "mock", "message": failure.message}


API = Cohere()
