"""`anthropic`: Anthropic Messages.

Source: docs.anthropic.com, "Streaming messages", "Handling stop reasons", "Errors"; types of the anthropic Python
package 2.12.0. Unknown event types must be tolerated; pings may come anywhere; usage in `message_delta` is cumulative.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    DEFAULT_MODEL,
    LENGTH,
    PAUSED,
    REFUSED,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
    as_count,
    as_dict,
    as_text,
    chat,
    citation,
    error_of,
    post,
    texts,
    unknown,
)
from sseprobe.dialects.shapes import Shapes, type_in
from sseprobe.dialects.traits import Trait, Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event
from sseprobe.text import to_json

VERSION: Final = "2023-06-01"
_MAX_TOKENS: Final = 4096  # required; every model of the API allows this many
_INCOMPLETE: Final = {
    "max_tokens": LENGTH,
    "model_context_window_exceeded": LENGTH,
    "pause_turn": PAUSED,
    "refusal": REFUSED,
}
_DONE: Final = "[DONE]"
_OWN: Final = frozenset(
    {
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    }
)
_TOOL_BLOCKS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_DELTAS: Final = {"text_delta": (DeltaKind.TEXT, "text"), "thinking_delta": (DeltaKind.REASONING, "thinking")}


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A streaming request, with the version header that the API requires."""
    body = {"model": model or DEFAULT_MODEL, "max_tokens": _MAX_TOKENS, "messages": chat(prompt), "stream": True}
    return post(url, body, ("anthropic-version", VERSION))


def recognises(event: Event, value: Any) -> bool:
    """Whether the event's type is one of the API's; a `ping` may be anybody's."""
    del event
    kind = as_dict(value).get("type")
    return isinstance(kind, str) and kind in _OWN


def decode(event: Event, value: Any) -> tuple[Delta, ...]:
    """Event -> deltas. A block's index tells tool calls apart. vLLM sends `[DONE]` behind the end, and SDKs skip it."""
    if event.data.startswith(_DONE):
        return ()
    kind = as_dict(value).get("type")
    if kind == "content_block_delta":
        return _delta(event, value, as_dict(value.get("delta")))
    if kind == "content_block_start":
        return _block(as_dict(value.get("content_block")), as_count(value.get("index")))
    if kind == "message_start":
        return (Delta(DeltaKind.OPEN), *_usage(as_dict(value.get("message")).get("usage"), begun=True))
    if kind == "message_delta":
        return (*_usage(value.get("usage"), begun=False), *_finish(as_dict(value.get("delta"))))
    if kind == "message_stop":
        return (Delta(DeltaKind.END),)
    if kind == "error":
        return (error_of(value.get("error")),)
    if kind == "ping":
        return (Delta(DeltaKind.HEARTBEAT),)
    return () if kind == "content_block_stop" else (unknown(event, value),)


def _delta(event: Event, value: Any, delta: dict[str, Any]) -> tuple[Delta, ...]:
    kind = as_text(delta.get("type"))
    if kind in _DELTAS:
        what, name = _DELTAS[kind]
        return texts(what, delta.get(name))
    if kind == "input_json_delta":
        place = as_count(value.get("index"))
        return tuple(
            Delta(DeltaKind.TOOL_CALL, each.text, call=place)
            for each in texts(DeltaKind.TEXT, delta.get("partial_json"))
        )
    if kind == "citations_delta":
        return (citation(delta.get("citation")),)
    return () if kind == "signature_delta" else (unknown(event, value),)


def _block(block: dict[str, Any], index: int | None) -> tuple[Delta, ...]:
    kind = as_text(block.get("type"))
    if kind in _TOOL_BLOCKS:
        # The input comes in deltas; a server may also put all of it here.
        whole = to_json(block["input"]) if block.get("input") else ""
        return (Delta(DeltaKind.TOOL_CALL, whole, call=index, name=as_text(block.get("name")) or "?"),)
    return (*texts(DeltaKind.TEXT, block.get("text")), *texts(DeltaKind.REASONING, block.get("thinking")))


def _usage(usage: Any, *, begun: bool) -> tuple[Delta, ...]:
    """The output tokens in `message_start` are not a count yet."""
    counted, total = as_dict(usage).get("input_tokens"), as_dict(usage).get("output_tokens")
    if counted is None and total is None:
        return ()
    output = None if begun else as_count(total)
    return (Delta(DeltaKind.USAGE, output_tokens=output, input_tokens=as_count(counted)),)


def _finish(delta: dict[str, Any]) -> tuple[Delta, ...]:
    reason = as_text(delta.get("stop_reason"))
    return (Delta(DeltaKind.FINISH, reason, incomplete=_INCOMPLETE.get(reason)),) if reason else ()


_REQUIRED: Final = {
    "message_start": {
        "message": "object", "message.id": "string", "message.role": "string", "message.content": "array",
        "message.model": "string", "message.usage": "object",
    },
    "content_block_start": {"index": "number", "content_block": "object", "content_block.type": "string"},
    "content_block_delta": {"index": "number", "delta": "object", "delta.type": "string"},
    "content_block_stop": {"index": "number"},
    "message_delta": {"delta": "object", "usage": "object"},
    "error": {"error": "object", "error.type": "string", "error.message": "string"},
}  # fmt: skip

DIALECT = Dialect(
    name="anthropic",
    wire=Wire.ANTHROPIC,
    path="/v1/messages",
    paths=("/v1/messages",),
    end_rule=EndRule.TERMINATOR,
    terminator="message_stop",
    request=build_request,
    key_header=lambda key: ("x-api-key", key),
    opening="message_start",
    finish="stop_reason",
    has_choices=False,
    recognises=recognises,
    decoder=lambda: decode,
    shapes=Shapes(type_in, _REQUIRED),
    traits=frozenset({Trait.NAMED_EVENTS, Trait.NAMES_MATTER, Trait.TYPED_ERRORS, Trait.DONE_MAY_FOLLOW}),
)
