"""What agents' protocols say of the end of a stream, and of a task that failed: A2A's tasks, Gradio's jobs.

Sources: a2a-protocol.org, "Life of a Task", in its versions 0.3 and 1.0, over JSON-RPC and over REST; Gradio's guide
"Querying Gradio Apps with Curl".
"""

from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.base import Delta, DeltaKind, as_dict
from sseprobe.dialects.own import words
from sseprobe.sse import Event
from sseprobe.text import scalar

_FAILED: Final = frozenset({"failed", "rejected", "canceled", "cancelled"})
_ENDS: Final = _FAILED | {"completed", "input-required", "auth-required"}
"""States in which a task rests, and its stream is over."""

_A2A: Final = "a final state of its A2A task"
_GRADIO: Final = "`event: complete`, with which Gradio ends a job"
_QUEUE: Final = "`process_completed`, with which Gradio ends a job"
_RUNNING: Final = frozenset({"process_starts", "process_generating"})
_QUEUE_ENDS: Final = frozenset({"process_completed", "close_stream"})
_UPDATES: Final = ("statusUpdate", "task")
_KINDS: Final = ("status-update", "task")
_MAX_DEPTH: Final = 4
_MAX_PARTS: Final = 16


def awaited_after(event: Event, value: Any) -> str | None:
    """What has to follow this event before the body may end; empty if nothing has to; None: it says nothing of that."""
    if type(value) is list:
        return _GRADIO if event.type == "generating" else None
    if type(value) is dict and "event_id" in value and type(message := value.get("msg")) is str:
        return "" if message in _QUEUE_ENDS else _QUEUE if message in _RUNNING else None
    for around in _levels(value):
        if around.get("kind") == "artifact-update" or "contextId" in as_dict(around.get("artifactUpdate")):
            return _A2A
        if (status := _status(around)) is not None:
            return "" if _word(status["state"]) in _ENDS else _A2A
    return None


def failed_task(value: Any) -> Delta | None:
    """The failure of the task that an event tells, None if it tells none."""
    for around in _levels(value):
        if (status := _status(around)) is not None and _word(status["state"]) in _FAILED:
            message = text_in(status.get("message")) or f"the task is {_word(status['state'])}"
            return Delta(DeltaKind.ERROR, scalar(message), type=scalar(status["state"]))
    return None


def _levels(value: Any) -> Iterator[dict[str, Any]]:
    """The payload, and the result in JSON-RPC's envelope."""
    if type(value) is dict:
        yield value
        if type(result := value.get("result")) is dict:
            yield result


def _status(around: dict[str, Any]) -> dict[str, Any] | None:
    """The status of a task in a payload of A2A: all of these have a context."""
    updates = [around] if around.get("kind") in _KINDS else [as_dict(around.get(name)) for name in _UPDATES]
    for update in updates:
        status = update.get("status")
        if "contextId" in update and isinstance(status, dict) and isinstance(status.get("state"), str):
            return status
    return None


def _word(state: str) -> str:
    """A state as version 0.3 spells it."""
    return words.state_of(state).lower().replace("_", "-")


def text_in(value: Any, depth: int = 0) -> str:
    """The text of a message in parts, as A2A, MCP and others have it; empty if there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and depth < _MAX_DEPTH:
        return " ".join(filter(None, (text_in(each, depth + 1) for each in value[:_MAX_PARTS])))
    fields = as_dict(value)
    found = next((fields[name] for name in ("text", "parts", "content") if fields.get(name)), None)
    return text_in(found, depth + 1) if found is not None and depth < _MAX_DEPTH else ""
