"""`ollama`: Ollama's `/api/chat` and `/api/generate`: one JSON document a line.

Source: ollama/ollama, docs/api.md and server/routes.go. A stream ends with `done: true`; an error in mid-stream is a
line with nothing but `error`, and the status stays 200.
"""

from typing import Any, Final
from urllib.parse import urlsplit

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
from sseprobe.dialects.shapes import Fields, Shapes
from sseprobe.dialects.traits import Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event
from sseprobe.sse.framing import CONTENT_TYPES, Framing
from sseprobe.text import to_json

_INCOMPLETE: Final = {"length": LENGTH}


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A streaming request: messages for `/api/chat`, the bare prompt for `/api/generate`."""
    generate = urlsplit(url).path.rstrip("/").endswith("/generate")
    asked: dict[str, Any] = {"prompt": prompt} if generate else {"messages": chat(prompt)}
    body = {"model": model or DEFAULT_MODEL, **asked, "stream": True}
    return post(url, body, accept=CONTENT_TYPES[Framing.LINES])


def recognises(event: Event, value: Any) -> bool:
    """Whether the line is part of an answer; `done` alone is in many an app's own events."""
    del event
    line = as_dict(value)
    return isinstance(line.get("done"), bool) and "model" in line and "created_at" in line


class Decoder:
    """Counts tool calls, which come whole and without a number."""

    def __init__(self) -> None:
        self._calls = 0
        self._begun = False

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        if not isinstance(value, dict):
            return (unknown(event, value),)
        if error := value.get("error"):
            return (error_of(error),)
        if not isinstance(value.get("done"), bool):
            return (unknown(event, value),)
        message = as_dict(value.get("message")) or value
        deltas: list[Delta] = []
        if not self._begun:
            self._begun = True
            deltas.append(Delta(DeltaKind.OPEN))
        if thinking := message.get("thinking"):
            deltas += texts(DeltaKind.REASONING, thinking)
        if content := message.get("content") or message.get("response"):
            deltas += texts(DeltaKind.TEXT, content)
        for call in as_list(message.get("tool_calls")):
            function = as_dict(as_dict(call).get("function"))
            name, arguments = as_text(function.get("name")) or "?", to_json(function.get("arguments") or {})
            deltas.append(Delta(DeltaKind.TOOL_CALL, arguments, call=self._calls, name=name))
            self._calls += 1
        if value["done"]:
            deltas += _done(value)
        return tuple(deltas)


def _done(value: dict[str, Any]) -> tuple[Delta, ...]:
    reason = as_text(value.get("done_reason"))
    output, read = as_count(value.get("eval_count")), as_count(value.get("prompt_eval_count"))
    usage = (
        () if output is None and read is None else (Delta(DeltaKind.USAGE, output_tokens=output, input_tokens=read),)
    )
    # Versions before 0.1.39 gave no reason.
    return (*usage, Delta(DeltaKind.FINISH, reason, incomplete=_INCOMPLETE.get(reason)), Delta(DeltaKind.END))


_COMMON: Final = {"model": "string", "done": "boolean"}
_REQUIRED: Final = {
    "chat": {**_COMMON, "message": "object", "message.role": "string"},
    "generate": {**_COMMON, "response": "string"},
}


def _type_of(fields: Fields) -> str:
    if "error" in fields:
        return ""
    return "generate" if "response" in fields else "chat"


DIALECT = Dialect(
    name="ollama",
    wire=Wire.OLLAMA,
    path="/api/chat",
    paths=("/api/chat", "/api/generate"),
    end_rule=EndRule.TERMINATOR,
    terminator='"done": true',
    request=build_request,
    key_header=bearer,
    recognises=recognises,
    decoder=lambda: Decoder().decode,
    framing=Framing.LINES,
    shared_paths=True,
    shapes=Shapes(_type_of, _REQUIRED),
)
