"""A reader that delivers without end."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """The same event again and again."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    while True:
        yield "message", "x" * 1000, ""


READER = Reader("floods", "msgspec", OutputShape.EVENTS, CANARY, read)
