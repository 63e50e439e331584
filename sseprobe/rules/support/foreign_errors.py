"""Events that are clearly errors, but not in their dialect's format."""

import re
from typing import Any, Final

from sseprobe.dialects.base import NO_PAYLOAD, DeltaKind, as_dict
from sseprobe.streams.decoder import Message

HTML: Final = re.compile(r"\s*<(!doctype|html|head|body|h1)\b", re.IGNORECASE)
_PLAIN: Final = re.compile(
    r"\s*(\w+ ){0,3}(error|exception|traceback|timeout|timed out|unavailable|bad gateway|overloaded|rate limit)\b",
    re.IGNORECASE,
)
TRACE: Final = re.compile(r'Traceback \(most recent call last\)|File "[^"]+", line \d+|\n\s+at [\w.$<>]+ ?\(')
_DETAILS: Final = frozenset({"detail", "error", "errors", "message", "exception", "traceback"})
_BESIDE: Final = frozenset({"status", "code", "type"})
_FAILED: Final = 400
_FAILURE: Final = re.compile("error|fail|exception|invalid|denied|refused", re.IGNORECASE)


def is_foreign_error(message: Message) -> bool:
    """Whether an event is clearly an error, but not in its dialect's format."""
    if not message.deltas or any(delta.kind is not DeltaKind.UNKNOWN for delta in message.deltas):
        return False
    value: Any = message.payload
    if value is NO_PAYLOAD:
        data = message.event.data
        return (
            message.event.type == "error"
            or any(each.match(data) for each in (HTML, _PLAIN))
            or bool(TRACE.search(data))
        )
    fields = as_dict(value)
    if not fields.keys() & _DETAILS:
        return False
    return message.event.type == "error" or (fields.keys() <= _DETAILS | _BESIDE and _describes_failure(fields))


def _describes_failure(fields: dict[str, Any]) -> bool:
    """Whether details describe a failure; a plain status may also have a message."""
    status = [fields.get(name) for name in ("status", "code")]
    words = [fields.get(name) for name in ("message", "type", "status", "code")]
    return (
        bool(fields.keys() & (_DETAILS - {"message"}))
        or any(type(each) is int and each >= _FAILED for each in status)
        or any(isinstance(each, str) and (_PLAIN.match(each) or _FAILURE.search(each)) for each in words)
    )
