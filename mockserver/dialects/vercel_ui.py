"""The Vercel AI SDK's UI message stream, version 1: `POST /vercel-ui/chat`; there is no answer in one piece.

Source: ai-sdk.dev/docs/ai-sdk-ui/stream-protocol; `uiMessageChunkSchema` in ai 6 and 7. Usage has no place of its own:
it travels in the message's metadata, as the SDK's documentation does it. `[DONE]` is written whatever happened.
"""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import Api, Failure, count_words, objects
from mockserver.dialects.openai_chat import DONE, IN_BAND
from mockserver.responses import StreamForm
from mockserver.stream_faults import PartWriter, Writer, data
from mockserver.truth import Record

FINISH: Final = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool-calls",
    "content_filter": "content-filter",
}


class PartsWriter(PartWriter):
    """Parts: text, reasoning, tool input."""

    def _id(self, part: Piece) -> str:
        return f"{part.kind}-{self.record.id}"

    def opening(self) -> Iterable[bytes]:
        return [data({"type": "start", "messageId": f"msg_{self.record.id}"}), data({"type": "start-step"})]

    def begin(self, piece: Piece) -> bytes:
        """`text-start`, `reasoning-start` or `tool-input-start`."""
        if piece.kind is TokenKind.TOOL:
            call = self.answer.calls[piece.call]
            return data({"type": "tool-input-start", "toolCallId": call.id, "toolName": call.name})
        return data({"type": f"{piece.kind}-start", "id": self._id(piece)})

    def delta(self, piece: Piece) -> bytes:
        """`text-delta`, `reasoning-delta` or `tool-input-delta`."""
        if piece.kind is TokenKind.TOOL:
            call = self.answer.calls[piece.call]
            return data({"type": "tool-input-delta", "toolCallId": call.id, "inputTextDelta": piece.text})
        return data({"type": f"{piece.kind}-delta", "id": self._id(piece), "delta": piece.text})

    def end(self, part: Piece) -> bytes:
        """`text-end`, `reasoning-end` or `tool-input-available`."""
        if part.kind is TokenKind.TOOL:
            call = self.answer.calls[part.call]
            whole = {"toolCallId": call.id, "toolName": call.name, "input": call.parsed}
            return data({"type": "tool-input-available", **whole})
        return data({"type": f"{part.kind}-end", "id": self._id(part)})

    def closing(self) -> Iterable[bytes]:
        """The last part's end, sources, `finish-step`, `finish`."""
        if end := self.close_part():
            yield end
        for number in range(1, self.answer.scenario.citations + 1):
            source = {"sourceId": f"s{number}", "url": f"https://example.com/{number}", "title": f"Source {number}"}
            yield data({"type": "source-url", **source})
        yield data({"type": "finish-step"})
        tokens, prompt_tokens = self.record.sent_tokens, self.answer.request.prompt_tokens
        usage = {"inputTokens": prompt_tokens, "outputTokens": tokens, "totalTokens": prompt_tokens + tokens}
        finish = FINISH[self.answer.finish]
        yield data({"type": "finish", "finishReason": finish, "messageMetadata": {"totalUsage": usage}})

    def terminator(self) -> bytes:
        return DONE

    def error(self) -> bytes:
        """`error`, then `[DONE]`."""
        return data({"type": "error", "errorText": IN_BAND.message}) + DONE


class VercelUi(Api):
    """A chat route, as `useChat` calls it."""

    name = "vercel-ui"
    paths = ("/vercel-ui/chat",)
    form = StreamForm(headers={"x-vercel-ai-ui-message-stream": "v1"})

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Messages are required; a model may be named."""
        del request
        messages = objects(body, "messages")
        model = body.get("model")
        return ParsedRequest(
            model=model if isinstance(model, str) else "mock", stream=True, prompt_tokens=count_words(messages)
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return PartsWriter(answer, record)

    def failure(self, failure: Failure) -> Any:
        """What a route of Next.js would say."""
        return {"error": failure.message}


API = VercelUi()
