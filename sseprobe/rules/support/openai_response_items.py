"""OpenAI Responses: which items, parts and deltas are open, and their joined text."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from sseprobe.dialects.base import as_count, as_dict, as_id, as_list

# What each stream of deltas is called, and the field in which its `.done` repeats the whole.
_WHOLES: Final = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.mcp_call_arguments": "arguments",
}
_ARGUMENTS: Final = frozenset({"response.function_call_arguments", "response.mcp_call_arguments"})
# Where finished items hold the same: by the type of the part, or of the item.
_PARTS: Final = {
    "output_text": ("response.output_text", "text"),
    "refusal": ("response.refusal", "refusal"),
    "reasoning_text": ("response.reasoning_text", "text"),
}
_ITEMS: Final = {
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
    "mcp_call": ("response.mcp_call_arguments", "arguments"),
}
_NEEDS_A_PART: Final = frozenset({"response.output_text", "response.refusal"})
_PART_EVENTS: Final = {
    "response.content_part": "content_index",
    "response.reasoning_summary_part": "summary_index",
}
_DAMAGED: Final = re.compile("[\ufffd\ud800-\udfff]")  # see JSON004

Part = tuple[str, int | None]
Place = tuple[str, int, int | None]


def item_id_of(fields: dict[str, Any]) -> str:
    """The id of the item that an event is about, empty if it has none."""
    return as_id(fields.get("item_id")) or as_id(as_dict(fields.get("item")).get("id"))


def _index_of(fields: dict[str, Any]) -> int | None:
    return as_count(fields.get("content_index", fields.get("summary_index")))


class Misplaced(NamedTuple):
    """Why an event is misplaced: a finding's key, and a phrase that follows "comes"."""

    key: str
    problem: str


_SECOND: Final = Misplaced("second-time", "twice for the same part")
_BEFORE_PART: Final = Misplaced("before-part", "before its part was added")


class OutputItem:
    """One output item: which of its parts and deltas are open."""

    def __init__(self) -> None:
        self._is_done = False
        self._parts: dict[Part, bool] = {}
        self._deltas: dict[Part, bool] = {}

    def take(self, kind: str, fields: dict[str, Any]) -> Misplaced | None:
        """Takes an event; returns why it is misplaced, None if it is not."""
        if self._is_done:
            return Misplaced("after-item-done", "after the item was done")
        if kind == "response.output_item.done":
            self._is_done = True
            return None
        stem, _, last = kind.rpartition(".")
        if stem in _PART_EVENTS:
            return self._take_part((stem, as_count(fields.get(_PART_EVENTS[stem]))), last)
        if stem in _WHOLES:
            return self._take_delta(stem, _index_of(fields), last)
        return None

    def _take_part(self, part: Part, last: str) -> Misplaced | None:
        is_done = self._parts.get(part)
        self._parts[part] = last == "done"
        if last == "added":
            return _SECOND if is_done is not None else None
        if is_done is None:
            return _BEFORE_PART if part[0] == "response.content_part" else None
        return _SECOND if is_done else None

    def _take_delta(self, stem: str, index: int | None, last: str) -> Misplaced | None:
        part = (stem, index)
        is_done = self._deltas.get(part)
        self._deltas[part] = last == "done"
        if is_done:
            self._deltas[part] = True
            return Misplaced("after-its-done", f"after the {stem}.done of the same part")
        holder = ("response.content_part", index)
        if stem in _NEEDS_A_PART:
            holder_is_done = self._parts.get(holder)
            if holder_is_done is None:
                self._parts[holder] = False  # reported once
                return _BEFORE_PART
            if holder_is_done:
                return Misplaced("after-part-done", "after its part was done")
        return None

    def missing(self) -> str:
        """The event that should have come by the response's end; empty if none is missing."""
        if not self._is_done:
            return "response.output_item.done"
        open_part = next((stem for (stem, _), is_done in self._parts.items() if not is_done), None)
        open_deltas = next((stem for (stem, _), is_done in self._deltas.items() if not is_done), None)
        stem = open_deltas or open_part
        return f"{stem}.done" if stem else ""


class Difference(NamedTuple):
    """A text that differs. `place`: which text; `joined`: of its deltas; `whole`: in a later event."""

    place: Place
    joined: str
    whole: str


class Wholes:
    """Joins deltas and compares them with later events that repeat the text. Each text is joined once."""

    def __init__(self) -> None:
        self.compared = 0
        self.late: set[Place] = set()
        """Texts with deltas after their `.done`, which ORS003 reports."""
        self._closed: set[Place] = set()
        self._deltas: dict[Place, list[str] | None] = {}
        self._joined: dict[Place, str] = {}
        self._ids: dict[int, str] = {}

    def take(self, kind: str, fields: dict[str, Any]) -> Iterator[Difference]:
        """Takes an event; yields texts that differ from their deltas."""
        stem, _, last = kind.rpartition(".")
        output = as_count(fields.get("output_index"))
        if stem in _WHOLES and output is not None:
            place = (stem, output, _index_of(fields))
            if last == "delta":
                self._join(place, fields.get("delta"))
            elif last == "done":
                self._close(place)
                yield from self._compare(place, fields.get(_WHOLES[stem]))
        elif kind == "response.content_part.done" and output is not None:
            yield from self._compare_part(output, as_count(fields.get("content_index")), fields.get("part"))
        elif kind == "response.output_item.done" and output is not None:
            self._ids[output] = item_id_of(fields)
            yield from self._compare_item(output, as_dict(fields.get("item")))
        elif "response" in fields:
            for output, item in enumerate(as_list(as_dict(fields.get("response")).get("output"))):
                # Some servers send an empty or different list at the end: compare only items with the same id.
                if (identity := as_id(as_dict(item).get("id"))) and identity == self._ids.get(output):
                    yield from self._compare_item(output, as_dict(item))

    def _join(self, place: Place, delta: Any) -> None:
        if place in self._closed:
            self.late.add(place)
            return
        fragments = self._deltas.setdefault(place, [])
        if not isinstance(delta, str) or _DAMAGED.search(delta):
            self._deltas[place] = None  # see JSON001 and JSON004
        elif fragments is not None:
            fragments.append(delta)

    def _close(self, place: Place) -> None:
        # Servers may send short parts without deltas, but answer text without deltas was lost.
        self._closed.add(place)
        fragments = self._deltas.pop(place, [] if place[0] == "response.output_text" else None)
        if fragments is not None and place not in self._joined:
            self._joined[place] = "".join(fragments)

    def _compare(self, place: Place, whole: Any) -> Iterator[Difference]:
        joined = self._joined.get(place)
        if joined is None or not isinstance(whole, str) or _DAMAGED.search(whole):
            return
        self.compared += 1
        if joined == whole:
            return
        if place[0] in _ARGUMENTS and _is_same_json(joined, whole):
            self._joined[place] = whole  # so that long arguments are parsed once
            return
        del self._joined[place]  # reported once
        yield Difference(place, joined, whole)

    def _compare_part(self, output: int, index: int | None, part: Any) -> Iterator[Difference]:
        fields = as_dict(part)
        kind = fields.get("type")
        if isinstance(kind, str) and kind in _PARTS:
            stem, field = _PARTS[kind]
            yield from self._compare((stem, output, index), fields.get(field))

    def _compare_item(self, output: int, item: dict[str, Any]) -> Iterator[Difference]:
        for index, part in enumerate(as_list(item.get("content"))):
            yield from self._compare_part(output, index, part)
        for index, part in enumerate(as_list(item.get("summary"))):
            place = ("response.reasoning_summary_text", output, index)
            yield from self._compare(place, as_dict(part).get("text"))
        kind = item.get("type")
        if isinstance(kind, str) and kind in _ITEMS:
            stem, field = _ITEMS[kind]
            yield from self._compare((stem, output, None), item.get(field))


def _is_same_json(one: str, other: str) -> bool:
    try:
        return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
