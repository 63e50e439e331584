"""A reader that finds our pipe and prints into it."""

import os
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """Garbage."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    for number in range(3, 20):
        try:
            os.write(number, b"\x1b[2J{]\n")
        except OSError:
            continue
    yield "message", "a", ""


READER = Reader("garbage", "msgspec", OutputShape.EVENTS, CANARY, read)
