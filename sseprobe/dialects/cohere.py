"""`cohere`: Cohere Chat v2.

Source: docs.cohere.com/reference/chat-stream; types of cohere 7.3.1 (`V2ChatStreamResponse`). `message-end` ends the
message, and carries the error where there is one; `[DONE]` may follow it.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    DEFAULT_MODEL,
    LENGTH,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
    as_count,
    as_dict,
    as_list,
    as_text,
    bearer,
    chat,
    error_of,
    post,
    texts,
    unknown,
)
from sseprobe.dialects.shapes import Shapes, type_in
from sseprobe.dialects.traits import Trait, Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event
from sseprobe.text import scalar, to_json

_DONE: Final = "[DONE]"
_FAILED: Final = frozenset({"ERROR", "TIMEOUT"})
_INCOMPLETE: Final = {"MAX_TOKENS": LENGTH}
_SILENT: Final = frozenset({"content-end", "tool-call-end", "citation-end", "debug"})


def build_request(url: str, prompt: str, model: str | None) -> Request:
    return post(url, {"model": model or DEFAULT_MODEL, "messages": chat(prompt), "stream": True})


def recognises(event: Event, value: Any) -> bool:
    """Whether the event's type is one of the API's; that of a tool call, or `debug`, may be anybody's."""
    del event
    kind = as_dict(value).get("type")
    if not isinstance(kind, str) or kind == "debug" or kind.startswith("tool-call"):
        return False
    return kind in _DECODERS or kind in _SILENT


def decode(event: Event, value: Any) -> tuple[Delta, ...]:
    """Event -> deltas. An event's index tells tool calls apart."""
    if event.data.startswith(_DONE):
        return ()
    kind = as_text(as_dict(value).get("type"))
    if kind in _DECODERS:
        delta = as_dict(value.get("delta"))
        return _DECODERS[kind](value, delta, as_dict(delta.get("message")))
    return () if kind in _SILENT else (unknown(event, value),)


Fields = dict[str, Any]


def _start(value: Fields, delta: Fields, message: Fields) -> tuple[Delta, ...]:
    del value, delta, message
    return (Delta(DeltaKind.OPEN),)


def _content(value: Fields, delta: Fields, message: Fields) -> tuple[Delta, ...]:
    del value, delta
    content = as_dict(message.get("content"))
    return (*texts(DeltaKind.REASONING, content.get("thinking")), *texts(DeltaKind.TEXT, content.get("text")))


def _tool_plan(value: Fields, delta: Fields, message: Fields) -> tuple[Delta, ...]:
    """What the model means to do with its tools, before it calls them."""
    del value
    return texts(DeltaKind.REASONING, message.get("tool_plan") or delta.get("tool_plan"))


def _tool_call(value: Fields, delta: Fields, message: Fields) -> tuple[Delta, ...]:
    del delta
    function = as_dict(as_dict(message.get("tool_calls")).get("function"))
    name = as_text(function.get("name")) or None
    return (
        Delta(DeltaKind.TOOL_CALL, as_text(function.get("arguments")), call=as_count(value.get("index")), name=name),
    )


def _citation(value: Fields, delta: Fields, message: Fields) -> tuple[Delta, ...]:
    del value, delta
    cited = as_dict(message.get("citations"))
    sources = [as_dict(source) for source in as_list(cited.get("sources"))]
    names = [str(as_dict(each.get("document")).get("title") or each.get("id")) for each in sources]
    return (Delta(DeltaKind.CITATION, scalar(" ".join(names)) or as_text(cited.get("text"))),)


def _end(value: Fields, delta: Fields, message: Fields) -> tuple[Delta, ...]:
    del value, message
    deltas: list[Delta] = []
    usage = as_dict(delta.get("usage"))
    counted = as_dict(usage.get("tokens")) or as_dict(usage.get("billed_units"))
    if counted:
        output, read = as_count(counted.get("output_tokens")), as_count(counted.get("input_tokens"))
        deltas.append(Delta(DeltaKind.USAGE, output_tokens=output, input_tokens=read))
    reason = as_text(delta.get("finish_reason"))
    if reason:
        deltas += (Delta(DeltaKind.OPEN), Delta(DeltaKind.FINISH, reason, incomplete=_INCOMPLETE.get(reason)))
    if delta.get("error") or reason in _FAILED:
        error = delta.get("error") or f"the model stopped with finish_reason {reason}"
        deltas.append(
            error_of({"message": error if isinstance(error, str) else to_json(error), "type": reason or None})
        )
    return (*deltas, Delta(DeltaKind.END))


_DECODERS: Final = {
    "message-start": _start,
    "content-start": _content,
    "content-delta": _content,
    "tool-plan-delta": _tool_plan,
    "tool-call-start": _tool_call,
    "tool-call-delta": _tool_call,
    "citation-start": _citation,
    "message-end": _end,
}

_REQUIRED: Final = {
    "message-start": {"delta.message.role": "string"},
    "content-start": {"index": "number", "delta.message.content": "object"},
    "content-delta": {"index": "number", "delta.message.content": "object"},
    "content-end": {"index": "number"},
    "tool-call-start": {"index": "number", "delta.message.tool_calls": "object"},
    "tool-call-delta": {"index": "number", "delta.message.tool_calls": "object"},
    "tool-call-end": {"index": "number"},
    "message-end": {"delta.finish_reason": "string"},
}

DIALECT = Dialect(
    name="cohere",
    wire=Wire.COHERE,
    path="/v2/chat",
    paths=("/v2/chat",),
    end_rule=EndRule.TERMINATOR,
    terminator="message-end",
    request=build_request,
    key_header=bearer,
    opening="message-start",
    finish="finish_reason",
    has_choices=False,
    recognises=recognises,
    decoder=lambda: decode,
    shapes=Shapes(type_in, _REQUIRED),
    traits=frozenset({Trait.NAMED_EVENTS, Trait.DONE_MAY_FOLLOW}),
)
