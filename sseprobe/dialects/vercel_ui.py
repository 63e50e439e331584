"""`vercel-ui`: the Vercel AI SDK's UI message stream, version 1.

Source: ai-sdk.dev/docs/ai-sdk-ui/stream-protocol; `uiMessageChunkSchema` of ai 6.0.326 and 7.0.173. `reset-step` takes
back all parts of the step. `[DONE]` is written
whatever happened, so it ends a stream only after `finish`; `error` and `abort` are failures. Usage travels in the
message's metadata, under the names the documentation uses.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    CANCELLED,
    DEFAULT_MODEL,
    FILTERED,
    LENGTH,
    MAX_PARTS,
    Delta,
    Dialect,
    EndRule,
    Kind,
    as_count,
    as_dict,
    as_id,
    as_text,
    bearer,
    citation,
    error_of,
    post,
    texts,
    unknown,
)
from sseprobe.dialects.openai_chat import DONE
from sseprobe.sse import Event
from sseprobe.text import to_json
from sseprobe.transcript import Request

_INCOMPLETE: Final = {"length": LENGTH, "content-filter": FILTERED}
_TEXTS: Final = {"text-delta": Kind.TEXT, "reasoning-delta": Kind.REASONING}
PARTS: Final = frozenset({
    "start", "finish", "abort", "error", "message-metadata", "start-step", "finish-step", "text-start",
    "text-delta", "text-end", "reasoning-start", "reasoning-delta", "reasoning-end", "tool-input-start",
    "tool-input-delta", "tool-input-available", "tool-input-error", "tool-output-available", "tool-output-error",
    "tool-output-denied", "tool-approval-request", "source-url", "source-document", "file",
    # Version 7 added these.
    "custom", "reasoning-file", "reset-step", "steering-message", "tool-approval-response",
})  # fmt: skip
"""The types of all parts; besides there are those that begin with `data-`."""

_COMMON_WORDS: Final = frozenset({"start", "finish", "file", "message-metadata", "custom", "error", "abort"})
# What tells such a word as this protocol's: a field of its own, or that there is no other field.
_TOLD_BY: Final = {"error": "errorText", "message-metadata": "messageMetadata"}
_STEPS: Final = {"start-step": Kind.STEP, "reset-step": Kind.RESET}
_WITH_METADATA: Final = {
    "start": (Delta(Kind.OPEN),),
    "finish": (Delta(Kind.OPEN),),
    "message-metadata": (),
}
_DELTAS: Final = frozenset({"delta", "inputTextDelta"})
HEADER: Final = ("x-vercel-ai-ui-message-stream", "v1")
"""The header that its streams have."""


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """The request `useChat` makes; the model goes along, as apps that let it be chosen have it."""
    message = {"id": "sseprobe-1", "role": "user", "parts": [{"type": "text", "text": prompt}]}
    body = {"id": "sseprobe", "messages": [message], "trigger": "submit-message", "model": model or DEFAULT_MODEL}
    return post(url, body)


def recognises(event: Event, value: Any) -> bool:
    """Whether the part's type is one of the protocol's, and no word that any app may use."""
    del event
    part = as_dict(value)
    kind = part.get("type")
    if not isinstance(kind, str) or kind not in PARTS or (kind.endswith("-delta") and not _DELTAS.intersection(part)):
        return False
    if kind == "abort":
        return part.keys() <= {"type", "reason"}
    return kind not in _COMMON_WORDS or _TOLD_BY.get(kind, "messageId") in part


class Decoder:
    """Remembers whose input has come in fragments."""

    def __init__(self) -> None:
        self._fragmented: set[str] = set()

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        """Part -> deltas."""
        if event.data.startswith(DONE):
            return (Delta(Kind.END),)
        kind = as_text(as_dict(value).get("type"))
        if kind in _TEXTS:
            return texts(_TEXTS[kind], value.get("delta"))
        if kind.startswith("tool-input-"):
            return self._tool_input(kind, value)
        if kind in _WITH_METADATA:
            finish = _finish(as_text(value.get("finishReason"))) if kind == "finish" else ()
            return (*_WITH_METADATA[kind], *_usage(value), *finish)
        if kind == "error":
            return (error_of(value.get("errorText") or value),)
        if kind == "abort":
            said = as_text(value.get("reason")) or "the server aborted the stream"
            return (error_of({"message": said, "type": kind, "code": CANCELLED}),)
        if kind in ("source-url", "source-document"):
            return (citation(value),)
        if kind in _STEPS:
            return (Delta(_STEPS[kind]),)
        return () if kind in PARTS or kind.startswith("data-") else (unknown(event, value),)

    def _tool_input(self, kind: str, value: dict[str, Any]) -> tuple[Delta, ...]:
        call, name = as_id(value.get("toolCallId")), as_text(value.get("toolName")) or None
        if kind in ("tool-input-delta", "tool-input-start") and len(self._fragmented) < MAX_PARTS:
            self._fragmented.add(call)
        if kind == "tool-input-delta":
            return (Delta(Kind.TOOL_CALL, as_text(value.get("inputTextDelta")), call=call),)
        if kind == "tool-input-start":
            return (Delta(Kind.TOOL_CALL, call=call, name=name or "?"),)
        if call in self._fragmented:
            return ()
        return (Delta(Kind.TOOL_CALL, to_json(value.get("input")), call=call, name=name or "?"),)


def _finish(reason: str) -> tuple[Delta, ...]:
    finish = Delta(Kind.FINISH, reason, incomplete=_INCOMPLETE.get(reason))
    if reason != "error":
        return (finish,)
    return (finish, error_of({"message": "the model finished with an error", "type": reason}))


def _usage(value: dict[str, Any]) -> tuple[Delta, ...]:
    metadata = as_dict(value.get("messageMetadata"))
    usage = as_dict(metadata.get("totalUsage")) or as_dict(metadata.get("usage"))
    output, read = as_count(usage.get("outputTokens")), as_count(usage.get("inputTokens"))
    return () if output is None and read is None else (Delta(Kind.USAGE, output_tokens=output, input_tokens=read),)


DIALECT = Dialect(
    name="vercel-ui",
    path="/vercel-ui/chat",
    paths=("/vercel-ui/chat",),
    end_rule=EndRule.TERMINATOR,
    terminator=DONE,
    request=build_request,
    key_header=bearer,
    opening="start",
    finish="finish",
    has_choices=False,
    recognises=recognises,
    decoder=lambda: Decoder().decode,
)
