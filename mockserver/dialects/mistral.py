"""Mistral chat completions: `POST /mistral/v1/chat/completions`; for Mistral's SDK also at OpenAI's path, its own.

Source: docs.mistral.ai/api; types of mistralai 3.7.0. Unlike OpenAI's chunks: usage in the last one, tool calls whole,
reasoning as content chunks, and a failed generation finishes with the reason `error`.
"""

from collections.abc import Iterable
from typing import Any

from mockserver.answer_plan import AnswerPlan, Piece, TokenKind
from mockserver.api import FAILED, LIMITED, Failure, Generated
from mockserver.dialects.openai_chat import DONE, ChunkWriter, OpenAIChat, call_body, usage
from mockserver.stream_faults import as_json

_TYPES = {FAILED: "internal_server_error", LIMITED: "rate_limited"}


def _thinking(text: str) -> list[dict[str, Any]]:
    return [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]


class MistralWriter(ChunkWriter):
    """Chunks without what is unset."""

    extras = {}  # noqa: RUF012  constant

    def chunk(self, index: int, delta: dict[str, Any], finish: str | None = None, *, counted: bool = False) -> bytes:
        """A chunk with one choice; the last one has the usage."""
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        total = b',"usage":%s' % as_json(usage(self.answer, self.record.sent_tokens)) if counted else b""
        return b'data: %s,"choices":[%s]%s}\n\n' % (self.common, as_json(choice), total)

    def role(self) -> dict[str, Any]:
        """Role and empty content."""
        return {"role": "assistant", "content": ""}

    def piece(self, piece: Piece) -> bytes:
        if piece.kind is TokenKind.REASONING:
            return self.chunk(piece.choice, {"content": _thinking(piece.text)})
        if piece.kind is TokenKind.TOOL:
            call = {**call_body(self.answer.calls[piece.call]), "index": piece.call}
            return self.chunk(piece.choice, {"content": "", "tool_calls": [call]})
        return self.chunk(piece.choice, {"content": piece.text})

    def closing(self) -> Iterable[bytes]:
        """The finish of each choice, and usage with the last."""
        last = self.answer.request.choices - 1
        for index in range(last + 1):
            yield self.chunk(index, {"content": ""}, self.answer.finish, counted=index == last)

    def error(self) -> bytes:
        """The reason `error`, then `[DONE]`."""
        return self.chunk(0, {"content": ""}, "error", counted=True) + DONE


class Mistral(OpenAIChat):
    name = "mistral"
    paths = ("/mistral/v1/chat/completions",)
    also_at = ("/v1/chat/completions",)
    user_agents = ("mistral-client",)
    whole_calls = True
    writer_class = MistralWriter

    def message(self, answer: AnswerPlan, generated: Generated, index: int) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": generated.texts[index]}
        if answer.reasoning:
            message["content"] = [
                *_thinking(generated.reasoning[index]),
                {"type": "text", "text": generated.texts[index]},
            ]
        message["tool_calls"] = [call_body(call) for call in answer.calls] or None
        return message

    def failure(self, failure: Failure) -> Any:
        """A flat error object."""
        kind = _TYPES.get(failure.status, "invalid_request_error")
        return {"object": "error", "message": failure.message, "type": kind, "param": failure.param, "code": None}


API = Mistral()
