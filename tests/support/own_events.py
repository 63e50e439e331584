"""Events of an app's own as a decoder gets them: with their payloads, without a body around them."""

import json
from typing import Any

from sseprobe.dialects.base import payload
from sseprobe.sse import Event

Told = tuple[Event, Any]


def event(value: Any, name: str = "message") -> Told:
    """One event and its payload; a string is its data as it is, anything else is written as JSON."""
    data = value if isinstance(value, str) else json.dumps(value)
    made = Event(name, data, "", 0, len(data))
    return made, payload(made)


def events(*values: Any) -> list[Told]:
    """An event for each value; a pair is a name and a value."""
    return [event(each[1], each[0]) if isinstance(each, tuple) else event(each) for each in values]
