"""What can be given of an app's own events: where text, errors and usage stand, and what ends the stream.

Sources: the options --text-at, --error-at, --done-when, --framing, and `[dialects.NAME]` in a config file.
"""

import json
from typing import Any

from msgspec import Struct

from sseprobe import json_pointer
from sseprobe.dialects.own.words import is_final
from sseprobe.json_pointer import ABSENT
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing
from sseprobe.text import one_line, to_json

Steps = tuple[str, ...]


class Mark(Struct, frozen=True):
    """What an event has to be or to hold, to end the stream: all that is given here.

    `literal`: its data, or its name. `values`: (place, JSON value) of its payload. `filled`: a place where some text
    stands, such as a finish reason. `shape`: its name, and the keys of its payload.
    """

    literal: str | None = None
    values: tuple[tuple[Steps, Any], ...] = ()
    filled: Steps | None = None
    shape: tuple[str, tuple[str, ...]] | None = None

    def is_in(self, event: Event, value: Any) -> bool:
        """Whether an event with this payload is such a mark."""
        if self.literal is not None and event.data.strip() != self.literal and event.type != self.literal:
            return False
        if self.shape is not None and self.shape != shape_of(event, value):
            return False
        if self.filled is not None:
            found = json_pointer.value_at(value, self.filled)
            if not isinstance(found, str) or not is_final(found):
                return False
        return all(same(json_pointer.value_at(value, steps), expected) for steps, expected in self.values)

    @property
    def words(self) -> str:
        """The mark, for a sentence."""
        if self.literal is not None:
            return one_line(self.literal, 60)
        if self.shape is not None:
            return f"event with {one_line(', '.join(self.shape[1]), 60)}"
        if self.filled is not None:
            return one_line(json_pointer.text_of(self.filled), 60)
        return ", ".join(
            f"{one_line(json_pointer.text_of(steps), 60)} = {one_line(to_json(value), 60)}"
            for steps, value in self.values
        )


class Convention(Struct, frozen=True):
    """What is known of an app's events; None: it is learned. `text`, `error`, `tokens`: places in the payload.

    `done`: the end marks, of which one has to come; empty: their form shows them. `framing` None: the answer's
    Content-Type tells it.
    """

    text: Steps | None = None
    error: Steps | None = None
    tokens: Steps | None = None
    done: tuple[Mark, ...] = ()
    framing: Framing | None = None


def shape_of(event: Event, value: Any) -> tuple[str, tuple[str, ...]] | None:
    """The name of an event and the keys of its payload, in order; None if that is no object with keys."""
    return (event.type, tuple(sorted(map(str, value)))) if isinstance(value, dict) and value else None


def same(value: Any, expected: Any) -> bool:
    """Whether two JSON values are the same, however deep: true is not 1."""
    if value is ABSENT or value != expected:
        return False
    if isinstance(expected, dict):
        return all(same(value[key], each) for key, each in expected.items())
    if isinstance(expected, list):
        return all(map(same, value, expected))
    return isinstance(value, bool) is isinstance(expected, bool)


def done_when(text: str) -> Mark:
    """The mark of `--done-when POINTER=JSON|LITERAL`. Raises ValueError."""
    if not text:
        raise ValueError("it is empty")
    pointer, equals, value = text.partition("=")
    if not text.startswith("/") or not equals:
        return Mark(literal=text)
    try:
        return Mark(values=((json_pointer.parse(pointer), json.loads(value)),))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{one_line(value, 60)} is not JSON; texts are quoted: {pointer}='\"…\"'") from error
