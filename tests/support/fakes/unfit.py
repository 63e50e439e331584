"""A reader that does not fit its client."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """Nothing."""
    raise TypeError("got an unexpected keyword argument")
    yield stream  # type: ignore[unreachable]  # makes it a generator


READER = Reader("unfit", "msgspec", OutputShape.EVENTS, CANARY, read)
