"""`httpx2`: its own `EventSource`."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import response


def read(stream: Stream) -> Iterator[Any]:
    """What iterating the event source yields."""
    import httpx2

    for event in httpx2.EventSource(response(httpx2, stream)):
        yield event.event, event.data, event.id


READER = Reader("httpx2", "httpx2", OutputShape.EVENTS, CANARY, read)
