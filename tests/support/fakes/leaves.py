"""A reader that calls `sys.exit`."""

import sys
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """One event."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    yield "message", "a", ""
    sys.exit("bye")


READER = Reader("leaves", "msgspec", OutputShape.EVENTS, CANARY, read)
