"""Which field of an app's events holds the answer: the one string that is there in most of them, and changes.

A field with a name that apps use for text (`token`, `delta`, `content`, …) is believed at once; any other by its
behaviour, once a few events have come.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from sseprobe import json_pointer
from sseprobe.dialects.own import words
from sseprobe.dialects.own.convention import Steps

MAX_DEPTH: Final = 6  # A2A: result, artifactUpdate, artifact, parts, 0, text
MAX_FIELDS: Final = 64
_MANY_VALUES: Final = 16
_ENOUGH_EVENTS: Final = 3
_MOST: Final = 0.5
_VARIED: Final = 0.4
_GROWS_FROM_CHARS: Final = 8
_ID: Final = re.compile(
    r"[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]+)*|\d{4}-\d\d-\d\d[T ]\d\d:.*|\d+(?:\.\d+)?|[a-z]+(?:[_.][a-z]+)+"
)
"""Ids, times and names of states: they change from event to event, and are no text."""


class _Field:
    """What was seen at one place. `events`: with a string there; `filled`: with one that is not empty."""

    def __init__(self) -> None:
        self.events = 0
        self.filled = 0
        self.chars = 0
        self.spaced = 0
        self.values: set[str] = set()
        self.repeats = 0
        """How often a text began with the whole text before it, and was longer."""
        self.breaks = 0
        self.longest_repeated = 0
        self._before = ""

    def begin(self) -> None:
        self._before = ""

    def add(self, text: str) -> None:
        self.events += 1
        if not text:
            return
        self.filled += 1
        self.chars += len(text)
        self.spaced += " " in text or "\n" in text
        if self._before and text.startswith(self._before):
            if len(text) > len(self._before):
                self.repeats += 1
                self.longest_repeated = max(self.longest_repeated, len(self._before.strip()))
        elif self._before:
            self.breaks += 1
        self._before = text
        if len(self.values) < _MANY_VALUES:
            self.values.add(text[:80])

    @property
    def varies(self) -> bool:
        """Whether it holds another text nearly each time."""
        enough = len(self.values) >= min(_MANY_VALUES, max(2, _VARIED * self.filled))
        return enough and not all(map(_ID.fullmatch, self.values))

    @property
    def grows(self) -> bool:
        """Whether each event repeats the text so far; a new answer begins anew."""
        return self.longest_repeated >= _GROWS_FROM_CHARS and self.breaks * _ENOUGH_EVENTS <= self.repeats


class Fields:
    """The strings in the payloads of events that may hold text."""

    def __init__(self) -> None:
        self.events = 0
        self._fields: dict[Steps, _Field] = {}

    def add(self, payload: Any) -> None:
        self.events += 1
        for steps, text in json_pointer.strings_in(payload, depth=MAX_DEPTH, most=MAX_FIELDS):
            if not words.may_hold_text(steps) or is_reasoning(steps) or is_no_answer(payload, steps):
                continue
            field = self._fields.get(steps)
            if field is None:
                if len(self._fields) == MAX_FIELDS:
                    continue
                field = self._fields[steps] = _Field()
            field.add(text)

    def begin(self) -> None:
        for field in self._fields.values():
            field.begin()

    def seen_at(self, steps: Steps) -> int:
        """How many events have a string there."""
        field = self._fields.get(steps)
        return field.events if field else 0

    def grows_at(self, steps: Steps) -> bool:
        """Whether each event repeats the text so far, and adds to it."""
        field = self._fields.get(steps)
        return field is not None and field.grows

    def text(self, *, over: bool = False) -> Steps | None:
        """The place of the text, None if there is none, or if it is not known yet. `over`: no more events come."""
        ranked = [
            (rank, steps) for steps, field in self._fields.items() if (rank := self._rank(steps, field, over=over))
        ]
        return max(ranked, default=((), None))[1]

    def _rank(self, steps: Steps, field: _Field, *, over: bool) -> tuple[int, ...] | None:
        """The higher the more likely; None: not a place of text, as far as is known."""
        often = field.events >= _MOST * self.events
        order = name_order(steps)
        if order is not None:
            named = len(words.TEXT_FIELDS) - order
            return (3, named, -len(steps)) if often else (1, named, -len(steps)) if field.filled else None
        maybe = bool(steps) and steps[-1].lower() in words.MAYBE_TEXT_FIELDS
        enough = field.filled >= (_ENOUGH_EVENTS if not over else 2) and field.varies
        if enough or (over and field.filled and (maybe or not steps)) or (not steps and field.filled):
            return (2 if often else 0, field.spaced > 0, field.chars)
        return None


def name_order(steps: Steps) -> int | None:
    """The place of a field's name among the names that apps use for text, None if it is none of them."""
    name = next((step for step in reversed(steps) if not step.isdecimal()), "").lower()
    return words.TEXT_FIELDS.index(name) if name in words.TEXT_FIELDS else None


def is_no_answer(payload: Any, steps: Steps) -> bool:
    """Whether what stands at this place is a part of a message of the user's, or says what the event is."""
    if len(steps) == 1 and words.is_kind_field(steps[0], payload):
        return True
    for step in steps:
        if type(payload) is dict and words.is_the_users(payload):
            return True
        payload = json_pointer.value_at(payload, (step,))
    return False


def is_reasoning(steps: Steps) -> bool:
    """Whether a field at this place holds the model's reasoning."""
    return bool(steps) and steps[-1].lower() in words.REASONING_FIELDS


def other_text(payload: Any, known: Steps | None) -> tuple[Steps, str] | None:
    """Text at another place than the known one, under a name that apps use for text; None if there is none."""
    found = [
        (order, steps, text)
        for steps, text in json_pointer.strings_in(payload, depth=MAX_DEPTH, most=MAX_FIELDS)
        if text and steps != known and words.may_hold_text(steps) and (order := name_order(steps)) is not None
    ]
    found = [each for each in found if not is_no_answer(payload, each[1])]
    return min(found)[1:] if found else None


def reasoning_in(payload: Any) -> Iterable[str]:
    """The pieces of reasoning in a payload; each text once, though some apps send it in two fields."""
    if not isinstance(payload, dict):
        return ()
    return dict.fromkeys(
        text
        for steps, text in json_pointer.strings_in(payload, depth=MAX_DEPTH, most=MAX_FIELDS)
        if text and is_reasoning(steps)
    )
