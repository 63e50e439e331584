"""Google Gemini: any path that ends in `/models/{model}:streamGenerateContent`, and `:generateContent` for one answer.

Source: ai.google.dev/api/generate-content; types of google-genai 3.4.0. Lines end in CR LF; there is no terminator but
`finishReason`, and no heartbeat: the SDK takes a comment for JSON. Without `alt=sse` the stream is one JSON array.
"""

from typing import Any, Final

from fastapi import Request
from msgspec.structs import replace

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import FAILED, LIMITED, Failure, Generated, WholeApi, as_dict, count_words, objects, whole_number
from mockserver.dialects.openai_chat import IN_BAND
from mockserver.responses import Framing, StreamForm
from mockserver.stream_faults import Writer, as_json, data
from mockserver.tools import Call, Offer, narrowed, offer
from mockserver.truth import Record

FINISH: Final = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
_STATUSES: Final = {FAILED: "INTERNAL", LIMITED: "RESOURCE_EXHAUSTED"}
_UNAVAILABLE: Final = {"error": {"code": 503, "message": IN_BAND.message, "status": "UNAVAILABLE"}}


def _part(piece: Piece, answer: AnswerPlan) -> dict[str, Any]:
    if piece.kind is TokenKind.TOOL:
        return _function_call(answer.calls[piece.call])
    return {"text": piece.text, "thought": True} if piece.kind is TokenKind.REASONING else {"text": piece.text}


def _function_call(call: Call) -> dict[str, Any]:
    return {"functionCall": {"id": call.id, "name": call.name, "args": call.parsed}}


def _usage(answer: AnswerPlan, tokens: int) -> dict[str, Any]:
    thoughts = min(answer.reasoning * answer.request.choices, tokens)
    counted = {"promptTokenCount": answer.request.prompt_tokens, "candidatesTokenCount": tokens - thoughts}
    counted.update({"thoughtsTokenCount": thoughts} if thoughts else {})
    return {**counted, "totalTokenCount": answer.request.prompt_tokens + tokens}


def _citations(answer: AnswerPlan) -> dict[str, Any]:
    sources = [
        {"startIndex": 0, "endIndex": 1, "uri": f"https://example.com/{number}", "title": f"Source {number}"}
        for number in range(1, answer.scenario.citations + 1)
    ]
    return {"citationMetadata": {"citationSources": sources}} if sources else {}


class ChunkWriter(Writer):
    """Whole responses, each with what is new."""

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        super().__init__(answer, record)
        self._made = 0

    def _frame(self, value: Any) -> bytes:
        return data(value)

    def _chunk(self, candidates: list[dict[str, Any]]) -> bytes:
        return self._frame(
            {
                "candidates": candidates,
                "usageMetadata": _usage(self.answer, self._made),
                "modelVersion": self.answer.request.model,
                "responseId": self.record.id,
            }
        )

    def piece(self, piece: Piece) -> bytes:
        self._made += 1
        content = {"role": "model", "parts": [_part(piece, self.answer)]}
        return self._chunk([{"content": content, "index": piece.choice}])

    def terminator(self) -> bytes:
        """A response in which each candidate has its `finishReason`."""
        content = {"role": "model", "parts": [{"text": ""}]}
        finish = {"finishReason": FINISH[self.answer.finish], **_citations(self.answer)}
        choices = range(self.answer.request.choices)
        return self._chunk([{"content": content, **finish, "index": index} for index in choices])

    def error(self) -> bytes:
        """The error object as a chunk; nothing comes after it."""
        return self._frame(_UNAVAILABLE)


class ArrayWriter(ChunkWriter):
    """The same as one JSON array, an element at a time."""

    _before = b"["

    def _frame(self, value: Any) -> bytes:
        before, self._before = self._before, b",\n"
        return before + as_json(value)

    def terminator(self) -> bytes:
        """The last response, and the array's end."""
        return super().terminator() + b"\n]\n"


class Gemini(WholeApi):
    name = "gemini"
    paths = tuple(
        f"{prefix}/models/{{model:path}}:{method}"
        for prefix in ("", "/{version:path}")
        for method in ("streamGenerateContent", "generateContent")
    )
    form = StreamForm(heartbeat=b"", headers={"content-disposition": "attachment"}, newline=b"\r\n")
    whole_calls = True

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Contents are required; the model stands in the path."""
        contents = objects(body, "contents")
        config = as_dict(body.get("generationConfig"))
        return ParsedRequest(
            model=request.path_params["model"],
            stream=request.url.path.endswith(":streamGenerateContent"),
            prompt_tokens=count_words([as_dict(body.get("systemInstruction")), contents]),
            choices=whole_number(config, "candidateCount", 8) or 1,
            limit=whole_number(config, "maxOutputTokens"),
            offer=_read_offer(body, contents[-1]),
            details={"sse": request.query_params.get("alt") == "sse"},
        )

    def form_of(self, answer: AnswerPlan, record: Record) -> StreamForm:
        """An event stream, or a JSON array."""
        del record
        sse = answer.request.details["sse"]
        return self.form if sse else replace(self.form, content_type="application/json", framing=Framing.LINES)

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return ChunkWriter(answer, record) if answer.request.details["sse"] else ArrayWriter(answer, record)

    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        candidates = []
        for index in range(answer.request.choices):
            parts = [{"text": generated.reasoning[index], "thought": True}] if answer.reasoning else []
            parts += [_function_call(call) for call in answer.calls] or [{"text": generated.texts[index]}]
            content = {"role": "model", "parts": parts}
            finish = {"finishReason": FINISH[answer.finish], **_citations(answer)}
            candidates.append({"content": content, **finish, "index": index})
        return {
            "candidates": candidates,
            "usageMetadata": _usage(answer, generated.tokens),
            "modelVersion": answer.request.model,
            "responseId": record.id,
        }

    def failure(self, failure: Failure) -> Any:
        """The error object (google.rpc.Status)."""
        status = _STATUSES.get(failure.status, "INVALID_ARGUMENT")
        return {"error": {"code": failure.status, "message": failure.message, "status": status}}


def _read_offer(body: dict[str, Any], last: dict[str, Any]) -> Offer:
    config = as_dict(as_dict(body.get("toolConfig")).get("functionCallingConfig"))
    parts = last.get("parts")
    answered = isinstance(parts, list) and any("functionResponse" in as_dict(part) for part in parts)
    if config.get("mode") == "NONE" or answered:
        return Offer()
    tools = body.get("tools")
    groups = [as_dict(tool).get("functionDeclarations") for tool in tools] if isinstance(tools, list) else []
    declared = [function for group in groups if isinstance(group, list) for function in group]
    offered = offer(
        declared, lambda each: (each.get("name"), each.get("parameters") or each.get("parametersJsonSchema"))
    )
    allowed = config.get("allowedFunctionNames")
    return narrowed(offered, allowed[0] if isinstance(allowed, list) and allowed else None, parallel=True)


API = Gemini()
