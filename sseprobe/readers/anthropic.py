"""`anthropic`: `Stream`, behind a real client."""

from collections.abc import Iterator
from typing import Any

from sseprobe.dialects.traits import Scope, Wire
from sseprobe.readers.base import OutputShape, Reader, Stream
from sseprobe.readers.transports import URL, transport

_CANARY = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def read(stream: Stream) -> Iterator[Any]:
    """The payloads that `Stream` yields, before they become models: models take any payload."""
    import anthropic
    import httpx2

    web = httpx2.Client(transport=transport(httpx2, stream))
    client = anthropic.Anthropic(api_key="none", base_url=URL, http_client=web, max_retries=0)
    yield from client.post("/messages", cast_to=object, body={}, stream=True, stream_cls=anthropic.Stream[object])


READER = Reader("anthropic", "anthropic", OutputShape.PAYLOADS, _CANARY, read, dialects=Scope((Wire.ANTHROPIC,)))
