"""`ag-ui`: AG-UI 1.0, one run or several in a stream.

Source: docs.ag-ui.com, "Events"; types of ag-ui-protocol 1.0.0; `verifyEvents` of @ag-ui/client 1.0.0, which refuses
RUN_FINISHED while a message, a reasoning, a call or a step is open.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    CANCELLED,
    DEFAULT_MODEL,
    MAX_PARTS,
    PAUSED,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
    as_count,
    as_dict,
    as_id,
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

_TEXTS: Final = {
    "TEXT_MESSAGE_CONTENT": DeltaKind.TEXT,
    "TEXT_MESSAGE_CHUNK": DeltaKind.TEXT,
    "REASONING_MESSAGE_CONTENT": DeltaKind.REASONING,
    "REASONING_MESSAGE_CHUNK": DeltaKind.REASONING,
    # Before 1.0.
    "THINKING_TEXT_MESSAGE_CONTENT": DeltaKind.REASONING,
}
_SILENT: Final = frozenset(
    [
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_END",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "STATE_SNAPSHOT",
        "STATE_DELTA",
        "MESSAGES_SNAPSHOT",
        "ACTIVITY_SNAPSHOT",
        "ACTIVITY_DELTA",
        "RAW",
        "CUSTOM",
        "STEP_STARTED",
        "STEP_FINISHED",
        "REASONING_START",
        "REASONING_END",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_END",
        "REASONING_ENCRYPTED_VALUE",
        "SUBAGENT_STARTED",
        "SUBAGENT_FINISHED",
        "SUBAGENT_ERROR",
        "THINKING_START",
        "THINKING_END",
        "THINKING_TEXT_MESSAGE_START",
        "THINKING_TEXT_MESSAGE_END",
    ]
)
_OTHERS: Final = frozenset(
    {"RUN_STARTED", "RUN_FINISHED", "RUN_ERROR", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_CHUNK"}
)
_OWN: Final = _SILENT | _OTHERS | _TEXTS.keys()
_OPENS: Final = {
    "TEXT_MESSAGE_START": ("message", "messageId"),
    "REASONING_MESSAGE_START": ("reasoning", "messageId"),
    "TOOL_CALL_START": ("tool call", "toolCallId"),
    "STEP_STARTED": ("step", "stepName"),
}
_CLOSES: Final = {
    "TEXT_MESSAGE_END": ("message", "messageId"),
    "REASONING_MESSAGE_END": ("reasoning", "messageId"),
    "TOOL_CALL_END": ("tool call", "toolCallId"),
    "STEP_FINISHED": ("step", "stepName"),
}
_INCOMPLETE: Final = {"interrupt": PAUSED, "cancelled": CANCELLED}


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A RunAgentInput; the model goes along as a forwarded property."""
    body = {
        "threadId": "sseprobe",
        "runId": "sseprobe-1",
        "state": {},
        "messages": [{"id": "sseprobe-1", **message} for message in chat(prompt)],
        "tools": [],
        "context": [],
        "forwardedProps": {"model": model or DEFAULT_MODEL},
    }
    return post(url, body)


def recognises(event: Event, value: Any) -> bool:
    """Whether the event's type is one of the protocol's, and no word that any app may use."""
    del event
    kind = as_dict(value).get("type")
    return isinstance(kind, str) and kind in _OWN and kind not in ("RAW", "CUSTOM")


class Decoder:
    """Remembers what is open, and which run this is: each run must finish, as a choice must elsewhere."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], None] = {}
        self._run = -1

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        kind = as_dict(value).get("type")
        if not isinstance(kind, str):
            return (unknown(event, value),)
        self._follow(kind, value)
        if kind in _TEXTS:
            return texts(_TEXTS[kind], value.get("delta"))
        if kind in ("TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_CHUNK"):
            call, name = as_id(value.get("toolCallId")), as_text(value.get("toolCallName")) or None
            return (Delta(DeltaKind.TOOL_CALL, as_text(value.get("delta")), call=call, name=name),)
        if kind == "RUN_STARTED":
            self._run += 1
            self._open.clear()
            return (Delta(DeltaKind.OPEN, choice=self._run),)
        if kind == "RUN_FINISHED":
            return self._finish(value)
        if kind == "RUN_ERROR":
            return (error_of({**value, "type": None}),)
        return () if kind in _SILENT else (unknown(event, value),)

    def _follow(self, kind: str, value: dict[str, Any]) -> None:
        if kind in _OPENS and len(self._open) < MAX_PARTS:
            what, name = _OPENS[kind]
            self._open[what, as_id(value.get(name))] = None
        elif kind in _CLOSES:
            what, name = _CLOSES[kind]
            self._open.pop((what, as_id(value.get(name))), None)

    def _finish(self, value: dict[str, Any]) -> tuple[Delta, ...]:
        counted = [as_dict(each) for each in as_list(value.get("usage"))]
        outputs = [count for each in counted if (count := as_count(each.get("outputTokens"))) is not None]
        inputs = [count for each in counted if (count := as_count(each.get("inputTokens"))) is not None]
        usage = Delta(
            DeltaKind.USAGE,
            output_tokens=sum(outputs) if outputs else None,
            input_tokens=sum(inputs) if inputs else None,
        )
        outcome = as_text(as_dict(value.get("outcome")).get("type")) or "success"
        finish = Delta(DeltaKind.FINISH, outcome, choice=max(self._run, 0), incomplete=_INCOMPLETE.get(outcome))
        still = next(iter(self._open), None)
        problem = f"{still[0]} {still[1][:60]} is still open" if still is not None else ""
        return (*((usage,) if counted else ()), finish, Delta(DeltaKind.END, problem))


_REQUIRED: Final = {
    "RUN_STARTED": {"threadId": "string", "runId": "string"},
    "RUN_FINISHED": {"threadId": "string", "runId": "string"},
    "RUN_ERROR": {"message": "string"},
    "STEP_STARTED": {"stepName": "string"},
    "STEP_FINISHED": {"stepName": "string"},
    "TEXT_MESSAGE_START": {"messageId": "string"},
    "TEXT_MESSAGE_CONTENT": {"messageId": "string", "delta": "string"},
    "TEXT_MESSAGE_END": {"messageId": "string"},
    "TOOL_CALL_START": {"toolCallId": "string", "toolCallName": "string"},
    "TOOL_CALL_ARGS": {"toolCallId": "string", "delta": "string"},
    "TOOL_CALL_END": {"toolCallId": "string"},
    "REASONING_MESSAGE_START": {"messageId": "string"},
    "REASONING_MESSAGE_CONTENT": {"messageId": "string", "delta": "string"},
    "REASONING_MESSAGE_END": {"messageId": "string"},
}

DIALECT = Dialect(
    name="ag-ui",
    wire=Wire.AG_UI,
    path="/ag-ui/run",
    paths=("/ag-ui/run",),
    end_rule=EndRule.TERMINATOR,
    terminator="RUN_FINISHED",
    request=build_request,
    key_header=bearer,
    opening="RUN_STARTED",
    finish="RUN_FINISHED",
    has_choices=False,
    recognises=recognises,
    decoder=lambda: Decoder().decode,
    shapes=Shapes(type_in, _REQUIRED),
    traits=frozenset({Trait.NAMELESS_EVENTS, Trait.SEVERAL_RUNS}),
)
