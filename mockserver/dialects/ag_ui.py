"""AG-UI 1.0: `POST /ag-ui/run` with a RunAgentInput; there is no answer in one piece.

Source: docs.ag-ui.com, "Events"; types of ag-ui-protocol 1.0.0. Absent fields are left out, never null.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import Api, Failure, as_dict, count_words, string
from mockserver.dialects.openai_chat import IN_BAND
from mockserver.stream_faults import PartWriter, Writer, data
from mockserver.tools import RefusedError, offer
from mockserver.truth import Record


class RunWriter(PartWriter):
    """Events; each part is a message, a reasoning or a tool call."""

    def _run(self) -> dict[str, Any]:
        return {"threadId": self.answer.request.details["thread"], "runId": self.answer.request.details["run"]}

    def _usage(self) -> list[dict[str, Any]]:
        prompt_tokens, tokens = self.answer.request.prompt_tokens, self.record.sent_tokens
        return [
            {
                "model": "mock",
                "inputTokens": prompt_tokens,
                "outputTokens": tokens,
                "totalTokens": prompt_tokens + tokens,
            }
        ]

    def _message(self, kind: str, part: Piece, **fields: Any) -> bytes:
        prefix = "rsn" if part.kind is TokenKind.REASONING else "msg"
        return data({"type": kind, "messageId": f"{prefix}_{self.record.id}", **fields})

    def _call(self, kind: str, part: Piece, **fields: Any) -> bytes:
        return data({"type": kind, "toolCallId": self.answer.calls[part.call].id, **fields})

    def opening(self) -> Iterable[bytes]:
        return [data({"type": "RUN_STARTED", **self._run()})]

    def begin(self, piece: Piece) -> bytes:
        """Begins a message, a reasoning or a call."""
        if piece.kind is TokenKind.TOOL:
            return self._call("TOOL_CALL_START", piece, toolCallName=self.answer.calls[piece.call].name)
        if piece.kind is TokenKind.REASONING:
            started = self._message("REASONING_START", piece)
            return started + self._message("REASONING_MESSAGE_START", piece, role="reasoning")
        return self._message("TEXT_MESSAGE_START", piece, role="assistant")

    def delta(self, piece: Piece) -> bytes:
        if piece.kind is TokenKind.TOOL:
            return self._call("TOOL_CALL_ARGS", piece, delta=piece.text)
        kind = "REASONING_MESSAGE_CONTENT" if piece.kind is TokenKind.REASONING else "TEXT_MESSAGE_CONTENT"
        return self._message(kind, piece, delta=piece.text)

    def end(self, part: Piece) -> bytes:
        if part.kind is TokenKind.TOOL:
            return self._call("TOOL_CALL_END", part)
        if part.kind is TokenKind.REASONING:
            return self._message("REASONING_MESSAGE_END", part) + self._message("REASONING_END", part)
        return self._message("TEXT_MESSAGE_END", part)

    def closing(self) -> Iterable[bytes]:
        if end := self.close_part():
            yield end

    def terminator(self) -> bytes:
        """`RUN_FINISHED`, with usage; AG-UI has no reasons, so that one stands in the result."""
        result = {"finishReason": self.answer.finish}
        return data({"type": "RUN_FINISHED", **self._run(), "result": result, "usage": self._usage()})

    def error(self) -> bytes:
        """`RUN_ERROR`; nothing comes after it."""
        return data({"type": "RUN_ERROR", "message": IN_BAND.message, "code": "server_error"})


class AgUi(Api):
    name = "ag-ui"
    paths = ("/ag-ui/run",)

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """threadId, runId and messages are required; a model may be named in forwardedProps."""
        del request
        messages = body.get("messages")
        if not isinstance(messages, list):
            raise RefusedError("messages must be a list", "messages")
        model = as_dict(body.get("forwardedProps")).get("model")
        answered = bool(messages) and as_dict(messages[-1]).get("role") == "tool"
        tools = [] if answered else body.get("tools")
        return ParsedRequest(
            model=model if isinstance(model, str) else "mock",
            stream=True,
            prompt_tokens=count_words(messages),
            offer=offer(tools, lambda tool: (tool.get("name"), tool.get("parameters"))),
            details={"thread": string(body, "threadId"), "run": string(body, "runId")},
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return RunWriter(answer, record)

    def failure(self, failure: Failure) -> Any:
        """What an agent on FastAPI would say."""
        return {"error": failure.message}


API = AgUi()
