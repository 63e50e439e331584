"""Bodies as apps of their own stream them, event by event."""

import json
from collections.abc import Iterable
from typing import Any

WORDS = ("The", " keeper", " lit", " the", " lamp", ",", " as", " every", " night.")


def sse(value: Any, name: str | None = None) -> bytes:
    """One event; a string is its data as it is."""
    data = value if isinstance(value, str) else json.dumps(value)
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


def tokens(words: Iterable[str] = WORDS, field: str = "token") -> list[bytes]:
    """An event with JSON for each word."""
    return [sse({field: word}) for word in words]


def raw(words: Iterable[str] = WORDS) -> list[bytes]:
    """An event for each word, which is its data as it is."""
    return [sse(word) for word in words]


DONE = sse("[DONE]")
USAGE = sse({"usage": {"output": len(WORDS)}})
WHOLE = b"".join([*tokens(), USAGE, DONE])
RAW = b"".join([*raw(), DONE])
