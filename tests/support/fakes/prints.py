"""A reader that prints, as some do."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """What is there."""
    print("hello")
    print("hello", file=sys.stderr)
    os.write(1, b"hello")
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    yield "message", "a", ""
    yield "message", "b", ""


READER = Reader("prints", "msgspec", OutputShape.EVENTS, CANARY, read)
