"""What a reader should deliver: the specification's reading of the events, and of their payloads the dialect's."""

import json
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from sseprobe.dialects.base import NO_PAYLOAD, Delta, DeltaKind, Dialect, EndRule, payload
from sseprobe.readers.base import OutputShape, Reader
from sseprobe.sse import Event
from sseprobe.text import scalar

_DONE: Final = "[DONE]"
_OPTIONAL: Final = frozenset({DeltaKind.HEARTBEAT, DeltaKind.UNKNOWN})
_PARTS: Final = {DeltaKind.TEXT: "text", DeltaKind.REASONING: "reasoning", DeltaKind.TOOL_CALL: "arguments"}


class ExpectedItem(Struct, frozen=True):
    """One thing to be delivered, in the shape of the reader's shape. `event`: which it comes from, from 0.

    `needed`: no client may leave it out. What follows the terminator or an error, a heartbeat, an event that the
    dialect does not know: an SDK may hand it over or not.
    """

    value: Any
    event: int
    needed: bool = True


class Expectation(Struct, frozen=True):
    """All of it. `may_raise`: the stream itself gives an SDK reason to raise, once it has delivered all the rest."""

    items: Sequence[ExpectedItem]
    may_raise: bool = False


def expectation(reader: Reader, events: Sequence[Event], dialect: Dialect, *, ended_in_error: bool) -> Expectation:
    """What this reader should deliver of these events."""
    if reader.shape is OutputShape.EVENTS:
        values = [[event.type, event.data, event.last_event_id] for event in events]
        return Expectation([ExpectedItem(value, number) for number, value in enumerate(values)])
    return _Payloads(reader, dialect).read(events, ended_in_error)


class _Payloads:
    """The events of a dialect, taken one by one."""

    def __init__(self, reader: Reader, dialect: Dialect) -> None:
        self._reader = reader
        self._rule = dialect.end_rule
        self._decode = dialect.decoder()
        self._over = False  # after the terminator, or an error
        self._failed = False
        self._complete = dialect.end_rule is EndRule.BODY

    def read(self, events: Sequence[Event], ended_in_error: bool) -> Expectation:
        items: list[ExpectedItem] = []
        for number, event in enumerate(events):
            value = payload(event)
            if value is NO_PAYLOAD and event.data.startswith(_DONE):
                self._complete = self._over = True
                continue
            item = self._take(event, value, number)
            if item is not None:
                items.append(item)
        return Expectation(items, self._failed or ended_in_error or not self._complete)

    def _take(self, event: Event, value: Any, number: int) -> ExpectedItem | None:
        deltas = self._decode(event, value)
        kinds = {delta.kind for delta in deltas}
        if DeltaKind.ERROR in kinds:
            self._failed = self._over = True
        means_something = bool(event.data.strip()) if value is NO_PAYLOAD else not kinds or not kinds <= _OPTIONAL
        needed = means_something and not self._over
        if DeltaKind.END in kinds or (self._rule is EndRule.FINISH and DeltaKind.FINISH in kinds):
            self._complete = True
            self._over = self._over or DeltaKind.END in kinds
        if self._reader.shape is OutputShape.PAYLOADS:
            return ExpectedItem(value, number, needed)
        parts = parts_of(_parts_of(deltas)) if value is not NO_PAYLOAD else {"": event.data}
        return ExpectedItem(parts, number, needed) if parts or self._reader.shows_silent else None


def _parts_of(deltas: Sequence[Delta]) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    for delta in deltas:
        if delta.kind in _PARTS:
            if delta.name:
                parts.append(("name", delta.name))
            parts.append((_PARTS[delta.kind], delta.text))
    return parts


def parts_of(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What one event adds, by kind; tool arguments that are JSON by themselves in one form, however they came."""
    joined: dict[str, str] = {}
    for kind, text in pairs:
        if text:
            joined[kind] = joined.get(kind, "") + (_one_form(text) if kind == "arguments" else scalar(text))
    return joined


def _one_form(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return scalar(text)
