"""A reader that ends its process."""

import os
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """Nothing."""
    if b"tick" in stream.chunks[0]:
        yield "tick", '{"x": 1}', "1"
        return
    os._exit(3)


READER = Reader("exits", "msgspec", OutputShape.EVENTS, CANARY, read)
