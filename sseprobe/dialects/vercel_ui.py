"""`vercel-ui`: the Vercel AI SDK's UI message stream, version 1.

Source: ai-sdk.dev/docs/ai-sdk-ui/stream-protocol; the parts stand in `vercel_parts`. `[DONE]` is written whatever
happened, so it ends a message that began only after `finish`; `error` and `abort` are failures. Usage travels in the
message's metadata, under the names the documentation uses.
"""

from collections.abc import Sequence
from typing import Any, Final

from sseprobe.dialects.base import (
    CANCELLED,
    DEFAULT_MODEL,
    FILTERED,
    LENGTH,
    MAX_PARTS,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
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
from sseprobe.dialects.shapes import Shapes, type_in
from sseprobe.dialects.traits import Trait, Wire
from sseprobe.dialects.vercel_parts import PARTS, part_of
from sseprobe.http_exchange import Request
from sseprobe.sse import Event
from sseprobe.text import to_json

_INCOMPLETE: Final = {"length": LENGTH, "content-filter": FILTERED, "interrupted": CANCELLED}
_COMMON_WORDS: Final = frozenset(
    {"start", "finish", "file", "message-metadata", "error", "abort", "custom", "steering-message"}
)
_DELTAS: Final = frozenset({"delta", "inputTextDelta"})
_NOTHING: Final = "no part of a message before it"


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
    return kind not in _COMMON_WORDS or "messageId" in part


def begins(payloads: Sequence[Any]) -> bool:
    """Whether the first parts tell the protocol together: an error or an abort, or a `start` and a part behind it."""
    kinds = [as_dict(value).get("type") for value in payloads]
    for kind, value in zip(kinds, payloads, strict=True):
        part = part_of(kind) if isinstance(kind, str) else None
        if part is None or not part.fits(value):
            return False
    return kinds[0] in ("error", "abort") or (kinds[0] == "start" and len(kinds) > 1)


class Decoder:
    """Remembers whose input has come in fragments, and what is open: `[DONE]` is written whatever happened."""

    def __init__(self) -> None:
        self._fragmented: set[str] = set()
        self._open: dict[str, None] = {}
        self._seen = self._started = self._finished = self._failed = False

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        if event.data.startswith(DONE):
            return self._done()
        kind = as_text(as_dict(value).get("type"))
        part = part_of(kind)
        if part is None:
            return (unknown(event, value),)
        self._seen = True
        if part.text is not None:
            return texts(part.text, value.get("delta"))
        if kind.startswith("tool-input-"):
            return self._tool_input(kind, value)
        if part.silent:
            self._follow(kind, value)
            return ()
        return self._frame(kind, value)

    def _follow(self, kind: str, value: dict[str, Any]) -> None:
        """Texts and reasoning are open until their end."""
        family, _, step = kind.rpartition("-")
        if family in ("text", "reasoning"):
            name = f"{family} {as_id(value.get('id'))}"
            if step == "end":
                self._open.pop(name, None)
            elif step == "start" and len(self._open) < MAX_PARTS:
                self._open[name] = None

    def _frame(self, kind: str, value: dict[str, Any]) -> tuple[Delta, ...]:
        """What begins, ends or describes the message."""
        match kind:
            case "start":
                self._started = True
                return (Delta(DeltaKind.OPEN), *_usage(value))
            case "finish":
                self._finished = True
                return (Delta(DeltaKind.OPEN), *_usage(value), *_finish(as_text(value.get("finishReason"))))
            case "start-step":
                return (Delta(DeltaKind.STEP),)
            case "reset-step":
                self._open.clear()
                self._fragmented.clear()
                return (Delta(DeltaKind.RESET),)
            case "error":
                self._failed = True
                return (error_of(value.get("errorText") or value),)
            case "abort":
                self._failed = True
                message = as_text(value.get("reason")) or "the server aborted the stream"
                return (error_of({"message": message, "type": kind, "code": CANCELLED}),)
            case "message-metadata":
                return _usage(value)
        return (citation(value),)

    def _done(self) -> tuple[Delta, ...]:
        """`[DONE]`. A message that began must have finished; parts alone, as `createUIMessageStream` sends them, need
        not: its client shows them.
        """
        if self._finished or self._failed:
            return (Delta(DeltaKind.END),)
        if self._started:
            return (Delta(DeltaKind.END, "no finish before it"),)
        if self._open:
            return (Delta(DeltaKind.END, f"{next(iter(self._open))} has not ended"),)
        if not self._seen:
            return (Delta(DeltaKind.END, _NOTHING),)
        return (Delta(DeltaKind.OPEN), Delta(DeltaKind.FINISH), Delta(DeltaKind.END))

    def _tool_input(self, kind: str, value: dict[str, Any]) -> tuple[Delta, ...]:
        call, name = as_id(value.get("toolCallId")), as_text(value.get("toolName")) or None
        if kind in ("tool-input-delta", "tool-input-start") and len(self._fragmented) < MAX_PARTS:
            self._fragmented.add(call)
        if kind == "tool-input-delta":
            return (Delta(DeltaKind.TOOL_CALL, as_text(value.get("inputTextDelta")), call=call),)
        if kind == "tool-input-start":
            return (Delta(DeltaKind.TOOL_CALL, call=call, name=name or "?"),)
        if call in self._fragmented:
            return ()
        return (Delta(DeltaKind.TOOL_CALL, to_json(value.get("input")), call=call, name=name or "?"),)


def _finish(reason: str) -> tuple[Delta, ...]:
    finish = Delta(DeltaKind.FINISH, reason, incomplete=_INCOMPLETE.get(reason))
    if reason != "error":
        return (finish,)
    return (finish, error_of({"message": "the model finished with an error", "type": reason}))


def _usage(value: dict[str, Any]) -> tuple[Delta, ...]:
    metadata = as_dict(value.get("messageMetadata"))
    usage = as_dict(metadata.get("totalUsage")) or as_dict(metadata.get("usage"))
    output, read = as_count(usage.get("outputTokens")), as_count(usage.get("inputTokens"))
    return () if output is None and read is None else (Delta(DeltaKind.USAGE, output_tokens=output, input_tokens=read),)


DIALECT = Dialect(
    name="vercel-ui",
    wire=Wire.VERCEL_UI,
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
    begins=begins,
    shapes=Shapes(type_in, {kind: part.required for kind, part in PARTS.items() if part.required}),
    traits=frozenset({Trait.NAMELESS_EVENTS}),
    header=("x-vercel-ai-ui-message-stream", "v1"),
)
