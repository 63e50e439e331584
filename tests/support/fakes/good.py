"""A reader that agrees."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """What is there."""
    for line in b"".join(stream.chunks).splitlines():
        if line.startswith(b"data: "):
            yield "message", line[6:].decode(), ""


READER = Reader("good", "msgspec", OutputShape.EVENTS, CANARY, read)
