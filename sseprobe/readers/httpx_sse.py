"""`httpx-sse`: `EventSource.iter_sse`."""

from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import response


def read(stream: Stream) -> Iterator[Any]:
    import httpx
    from httpx_sse import EventSource

    for event in EventSource(response(httpx, stream)).iter_sse():
        yield event.event, event.data, event.id


READER = Reader("httpx-sse", "httpx-sse", OutputShape.EVENTS, CANARY, read)
