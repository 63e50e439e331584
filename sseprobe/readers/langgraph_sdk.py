"""`langgraph-sdk`: `SyncHttpClient.stream`, its JSON decoding taken out so that it can be shown any data."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from sseprobe.readers.base import CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import client


def _as_it_is(data: Any) -> str:
    return data if isinstance(data, str) else bytes(data).decode(errors="replace")


def read(stream: Stream) -> Iterator[Any]:
    import httpx
    import orjson
    from langgraph_sdk import sse
    from langgraph_sdk._sync.http import SyncHttpClient

    sse.orjson = SimpleNamespace(loads=_as_it_is, JSONDecodeError=orjson.JSONDecodeError)
    for part in SyncHttpClient(client(httpx, stream)).stream("/runs/stream", "POST", json={}):
        # None: no data, or nothing but white space. Of an id it says what was last set, None for an empty one.
        yield part.event or "message", part.data or "", part.id or ""


READER = Reader("langgraph-sdk", "langgraph-sdk", OutputShape.EVENTS, CANARY, read)
