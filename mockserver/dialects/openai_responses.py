"""OpenAI Responses: `POST /v1/responses`, streaming and not.

Source: openai-openapi, `CreateResponse`, `ResponseStreamEvent`; types of the openai Python package 3.54.0,
`types/responses/`. Every event carries `sequence_number`; the stream ends with the response's own end, not `[DONE]`.
"""

import time
from collections.abc import Iterable
from typing import Any, Final

from fastapi import Request

from mockserver.answer_plan import AnswerPlan, ParsedRequest, Piece, TokenKind
from mockserver.api import Failure, Generated, WholeApi, as_dict, count_words, string, whole_number
from mockserver.dialects.openai_chat import IN_BAND, error_body
from mockserver.stream_faults import PartWriter, Writer, as_json, event
from mockserver.tools import Call, Offer, RefusedError, narrowed, offer
from mockserver.truth import Record

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


def _item(answer: AnswerPlan, record: Record, piece: Piece, text: str, status: str) -> dict[str, Any]:
    """An output item: reasoning, a function call, or a message. `text`: what it holds so far."""
    if piece.kind is TokenKind.REASONING:
        summary = [{"type": "summary_text", "text": text}] if text else []
        return {"id": f"rs_{record.id}", "type": "reasoning", "summary": summary, "status": status}
    if piece.kind is TokenKind.TOOL:
        return _function_call(answer.calls[piece.call], record, text, status)
    content = [_text_part(answer, text)] if status != "in_progress" else []
    return {"id": f"msg_{record.id}", "type": "message", "status": status, "role": "assistant", "content": content}


def _function_call(call: Call, record: Record, arguments: str, status: str) -> dict[str, Any]:
    return {
        "id": f"fc_{record.id}_{call.id}",
        "type": "function_call",
        "status": status,
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments,
    }


def _text_part(answer: AnswerPlan, text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": _annotations(answer) if text else [], "logprobs": []}


def _annotations(answer: AnswerPlan) -> list[dict[str, Any]]:
    return [
        {
            "type": "url_citation",
            "start_index": 0,
            "end_index": 1,
            "title": f"Source {number}",
            "url": f"https://example.com/{number}",
        }
        for number in range(1, answer.scenario.citations + 1)
    ]


def _response(answer: AnswerPlan, record: Record, output: list[Any], status: str, tokens: int | None) -> dict[str, Any]:
    usage = None
    if tokens is not None:
        usage = {
            "input_tokens": answer.request.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": tokens,
            "output_tokens_details": {"reasoning_tokens": answer.reasoning},
            "total_tokens": answer.request.prompt_tokens + tokens,
        }
    reason = _INCOMPLETE.get(answer.finish)
    return {
        "id": f"resp_{record.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": None,
        "max_output_tokens": answer.request.limit,
        "model": answer.request.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": answer.request.details.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "metadata": {},
    }


class ResponseWriter(PartWriter):
    """Events; each part is an output item."""

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        super().__init__(answer, record)
        self._number = -1
        self._index = -1
        self._text = ""
        self._delta: tuple[bytes, str] = (b"", "")
        self._output: list[dict[str, Any]] = []

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._number += 1
        return event(kind, {"type": kind, **fields, "sequence_number": self._number})

    def _of_item(self, kind: str, item_id: str, **fields: Any) -> bytes:
        return self._event(kind, item_id=item_id, output_index=self._index, **fields)

    def _lifecycle(self, kind: str, status: str, tokens: int | None = None) -> bytes:
        response = _response(self.answer, self.record, self._output, status, tokens)
        return self._event(kind, response=response)

    def opening(self) -> Iterable[bytes]:
        """`response.created`, `response.in_progress`."""
        yield self._lifecycle("response.created", "in_progress")
        yield self._lifecycle("response.in_progress", "in_progress")

    def begin(self, piece: Piece) -> bytes:
        """The item, and its part."""
        self._index += 1
        self._text = ""
        item = _item(self.answer, self.record, piece, "", "in_progress")
        added = self._event("response.output_item.added", output_index=self._index, item=item)
        place: dict[str, Any] = {"item_id": item["id"], "output_index": self._index}
        if piece.kind is TokenKind.TOOL:
            kind = "response.function_call_arguments.delta"
        elif piece.kind is TokenKind.REASONING:
            kind, place["summary_index"] = "response.reasoning_summary_text.delta", 0
            part = {"type": "summary_text", "text": ""}
            added += self._event("response.reasoning_summary_part.added", **place, part=part)
        else:
            kind, place["content_index"], place["logprobs"] = "response.output_text.delta", 0, []
            text_part = _text_part(self.answer, "")
            added += self._of_item("response.content_part.added", item["id"], content_index=0, part=text_part)
        head = as_json({"type": kind, **place})[:-1]
        self._delta = (b'event: %s\ndata: %s,"delta":' % (kind.encode(), head), kind)
        return added

    def delta(self, piece: Piece) -> bytes:
        """The item's delta."""
        self._text += piece.text
        self._number += 1
        return b'%s%s,"sequence_number":%d}\n\n' % (self._delta[0], as_json(piece.text), self._number)

    def end(self, part: Piece) -> bytes:
        """What the part and the item came to."""
        item = _item(self.answer, self.record, part, self._text, "completed")
        name, text = item["id"], self._text
        if part.kind is TokenKind.TOOL:
            done = self._of_item("response.function_call_arguments.done", name, name=item["name"], arguments=text)
        elif part.kind is TokenKind.REASONING:
            summary = item["summary"][0]
            done = self._of_item("response.reasoning_summary_text.done", name, summary_index=0, text=text)
            done += self._of_item("response.reasoning_summary_part.done", name, summary_index=0, part=summary)
        else:
            place: dict[str, Any] = {"content_index": 0}
            done = b"".join(
                self._of_item(
                    "response.output_text.annotation.added",
                    name,
                    **place,
                    annotation_index=number,
                    annotation=annotation,
                )
                for number, annotation in enumerate(_annotations(self.answer))
            )
            done += self._of_item("response.output_text.done", name, **place, text=text, logprobs=[])
            done += self._of_item("response.content_part.done", name, **place, part=_text_part(self.answer, text))
        self._output.append(item)
        return done + self._event("response.output_item.done", output_index=self._index, item=item)

    def closing(self) -> Iterable[bytes]:
        if end := self.close_part():
            yield end

    def terminator(self) -> bytes:
        """`response.completed` or `response.incomplete`."""
        status = "incomplete" if self.answer.finish in _INCOMPLETE else "completed"
        return self._lifecycle(f"response.{status}", status, self.record.sent_tokens)

    def unfinished(self) -> bytes:
        """`response.completed` of a response that says itself that it is in progress."""
        return self._lifecycle("response.completed", "in_progress")

    def error(self) -> bytes:
        """`error`, then `response.failed`."""
        failed = _response(self.answer, self.record, self._output, "failed", self.record.sent_tokens)
        failed["error"] = {"code": "server_error", "message": IN_BAND.message}
        error = self._event("error", code="server_error", message=IN_BAND.message, param=None)
        return error + self._event("response.failed", response=failed)


class OpenAIResponses(WholeApi):
    name = "openai-responses"
    paths = ("/v1/responses",)

    def read(self, body: dict[str, Any], request: Request) -> ParsedRequest:
        """Model and input are required."""
        del request
        given = body.get("input")
        if not isinstance(given, str | list) or not given:
            raise RefusedError("you must provide input, a string or a list of items", "input")
        return ParsedRequest(
            model=string(body, "model"),
            stream=body.get("stream") is True,
            prompt_tokens=count_words([body.get("instructions"), given]),
            limit=whole_number(body, "max_output_tokens"),
            offer=_read_offer(body, given),
            details={"tools": body.get("tools") or []},
        )

    def writer(self, answer: AnswerPlan, record: Record) -> Writer:
        return ResponseWriter(answer, record)

    def document(self, answer: AnswerPlan, record: Record, generated: Generated) -> Any:
        output = []
        if answer.reasoning:
            piece = Piece("", kind=TokenKind.REASONING)
            output.append(_item(answer, record, piece, generated.reasoning[0], "completed"))
        if answer.calls:
            output += [_function_call(call, record, call.arguments, "completed") for call in answer.calls]
        else:
            output.append(_item(answer, record, Piece(""), generated.texts[0], "completed"))
        status = "incomplete" if answer.finish in _INCOMPLETE else "completed"
        return _response(answer, record, output, status, generated.tokens)

    def failure(self, failure: Failure) -> Any:
        return error_body(failure)


def _read_offer(body: dict[str, Any], given: Any) -> Offer:
    choice = body.get("tool_choice")
    answered = isinstance(given, list) and as_dict(given[-1]).get("type") == "function_call_output"
    if choice == "none" or answered:
        return Offer()
    offered = offer(body.get("tools"), lambda tool: (tool.get("name"), tool.get("parameters")))
    return narrowed(offered, as_dict(choice).get("name"), parallel=body.get("parallel_tool_calls") is not False)


API = OpenAIResponses()
