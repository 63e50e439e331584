"""`sseclient-py`: `SSEClient.events`."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream


def read(stream: Stream) -> Iterator[Any]:
    """What the client yields. An event's id is its own: None if its block has none."""
    from sseclient import SSEClient

    for event in SSEClient(iter(stream.chunks)).events():
        yield event.event, event.data, event.id


READER = Reader("sseclient-py", "sseclient-py", OutputShape.EVENTS, CANARY, read)
