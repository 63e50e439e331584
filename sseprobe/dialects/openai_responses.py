"""`openai-responses`: OpenAI Responses.

Source: openai-openapi, `ResponseStreamEvent`; the types stand in `openai_responses_types`. The stream ends with the
response's own end (`response.completed`, `.incomplete`, `.failed`); there is no `[DONE]`, but gateways add it.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    CANCELLED,
    DEFAULT_MODEL,
    FILTERED,
    FREE_TEXT,
    LENGTH,
    MAX_PARTS,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
    as_count,
    as_dict,
    as_list,
    as_text,
    bearer,
    citation,
    error_of,
    post,
    texts,
    unknown,
)
from sseprobe.dialects.openai_responses_types import KNOWN, SHAPES
from sseprobe.dialects.traits import Trait, Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event

_INCOMPLETE: Final = {"max_output_tokens": LENGTH, "content_filter": FILTERED, "cancelled": CANCELLED}
_PREFIX: Final = "response."
_FREE_INPUT: Final = "response.custom_tool_call_input"
_CALL_ITEMS: Final = frozenset({"function_call", "custom_tool_call", "mcp_call"})
# What each stream of fragments adds, and the field in which its `.done` repeats the whole.
_FRAGMENTS: Final = {
    "response.output_text": (DeltaKind.TEXT, "text"),
    "response.refusal": (DeltaKind.REFUSAL, "refusal"),
    "response.reasoning_text": (DeltaKind.REASONING, "text"),
    "response.reasoning_summary_text": (DeltaKind.REASONING, "text"),
    "response.function_call_arguments": (DeltaKind.TOOL_CALL, "arguments"),
    "response.custom_tool_call_input": (DeltaKind.TOOL_CALL, "input"),
    "response.mcp_call_arguments": (DeltaKind.TOOL_CALL, "arguments"),
}


def build_request(url: str, prompt: str, model: str | None) -> Request:
    return post(url, {"model": model or DEFAULT_MODEL, "input": prompt, "stream": True})


def recognises(event: Event, value: Any) -> bool:
    """Whether the event's type is one of the API's."""
    del event
    kind = as_dict(value).get("type")
    return isinstance(kind, str) and kind in KNOWN and kind.startswith(_PREFIX)


class Decoder:
    """Remembers which items are open, and which have sent fragments."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._fragmented: set[tuple[str, int | None, int | None]] = set()

    def decode(self, event: Event, value: Any) -> tuple[Delta, ...]:
        kind = as_dict(value).get("type")
        if not isinstance(kind, str):
            return (unknown(event, value),)
        stem, _, last = kind.rpartition(".")
        if stem in _FRAGMENTS and last in ("delta", "done"):
            return self._fragment(stem, value, done=last == "done")
        if kind in ("response.created", "response.queued", "response.in_progress"):
            return (Delta(DeltaKind.OPEN),)
        if kind in ("response.output_item.added", "response.output_item.done"):
            return self._item(value, added=last == "added")
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            return self._end(as_dict(value.get("response")))
        if kind == "error":
            return (error_of(value.get("error") or {**value, "type": None}),)
        if kind == "response.output_text.annotation.added":
            return (citation(value.get("annotation")),)
        return () if kind in KNOWN else (unknown(event, value),)

    def _fragment(self, stem: str, value: dict[str, Any], *, done: bool) -> tuple[Delta, ...]:
        kind, whole = _FRAGMENTS[stem]
        place = as_count(value.get("output_index"))
        part = (stem, place, as_count(value.get("content_index", value.get("summary_index"))))
        if done and part in self._fragmented:
            return ()
        if not done and len(self._fragmented) < MAX_PARTS:
            self._fragmented.add(part)
        found = texts(kind, value.get(whole if done else "delta"))
        if kind is not DeltaKind.TOOL_CALL:
            return found
        free = FREE_TEXT if stem == _FREE_INPUT else None
        return tuple(Delta(kind, delta.text, call=place, type=free) for delta in found)

    def _item(self, value: dict[str, Any], *, added: bool) -> tuple[Delta, ...]:
        place, item = as_count(value.get("output_index")), as_dict(value.get("item"))
        if place is None:
            return ()
        if not added:
            self._open.discard(place)
            return ()
        if len(self._open) < MAX_PARTS:
            self._open.add(place)
        if as_text(item.get("type")) in _CALL_ITEMS:
            free = FREE_TEXT if item.get("type") == "custom_tool_call" else None
            return (Delta(DeltaKind.TOOL_CALL, call=place, name=as_text(item.get("name")) or "?", type=free),)
        return ()

    def _end(self, response: dict[str, Any]) -> tuple[Delta, ...]:
        usage, status = as_dict(response.get("usage")), as_text(response.get("status"))
        deltas = [Delta(DeltaKind.OPEN)]
        if usage:
            deltas.append(
                Delta(
                    DeltaKind.USAGE,
                    output_tokens=as_count(usage.get("output_tokens")),
                    input_tokens=as_count(usage.get("input_tokens")),
                )
            )
        if status == "failed" or response.get("error"):
            deltas.append(error_of(response.get("error") or "the response failed"))
        elif status in ("incomplete", "cancelled"):
            reason = as_text(as_dict(response.get("incomplete_details")).get("reason")) or status
            deltas.append(Delta(DeltaKind.FINISH, reason, incomplete=_INCOMPLETE.get(reason, reason)))
        elif status in ("", "completed"):
            deltas.append(Delta(DeltaKind.FINISH, "completed"))
        return (*deltas, Delta(DeltaKind.END, self._unfinished(response)))

    def _unfinished(self, response: dict[str, Any]) -> str:
        """Items that were begun, and are neither done nor in the final output."""
        whole = [item for item in as_list(response.get("output")) if as_dict(item).get("status") != "in_progress"]
        missing = sorted(place for place in self._open if place >= len(whole))
        return f"output item {missing[0]} was never done" if missing else ""


DIALECT = Dialect(
    name="openai-responses",
    wire=Wire.OPENAI_RESPONSES,
    path="/v1/responses",
    paths=("/responses",),
    end_rule=EndRule.TERMINATOR,
    terminator="response.completed",
    request=build_request,
    key_header=bearer,
    opening="response.created",
    finish="end of the response",
    has_choices=False,
    recognises=recognises,
    decoder=lambda: Decoder().decode,
    shapes=SHAPES,
    traits=frozenset({Trait.NAMED_EVENTS, Trait.TYPED_ERRORS, Trait.DONE_MAY_FOLLOW}),
)
