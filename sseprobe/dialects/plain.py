"""`plain`: any event stream. Each event is a message of its own; the end of the body is the end of the stream."""

from typing import Any

from sseprobe.dialects.base import Delta, Dialect, EndRule, Kind, bearer
from sseprobe.sse import Event


def decode(event: Event, value: Any) -> tuple[Delta, ...]:
    """Event -> its data as text; an event without data says nothing."""
    del value
    return (Delta(Kind.TEXT, event.data),) if event.data else ()


DIALECT = Dialect(
    name="plain",
    path="/sse",
    paths=(),
    end_rule=EndRule.BODY,
    terminator=None,
    request=None,
    key_header=bearer,
    recognises=lambda _event, _value: False,
    decoder=lambda: decode,
    parses_json=False,
    separate_events=True,
)
