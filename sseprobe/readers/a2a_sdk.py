"""`a2a-sdk`: `parse_sse_stream`, on which both of its HTTP transports stand. It does not show ids."""

import asyncio
from collections.abc import Iterator
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import response


def read(stream: Stream) -> Iterator[Any]:
    import httpx
    from a2a.client.transports.http_helpers import parse_sse_stream

    events = parse_sse_stream(response(httpx, stream))
    with asyncio.Runner() as runner:
        while True:
            try:
                name, data = runner.run(anext(events))
            except StopAsyncIteration:
                return
            yield name, data, None


READER = Reader("a2a-sdk", "a2a-sdk", OutputShape.EVENTS, CANARY, read)
