"""A reader that delivers nothing, of any stream."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """Nothing."""
    yield from stream.chunks[:0]


READER = Reader("silent", "msgspec", OutputShape.EVENTS, CANARY, read)
