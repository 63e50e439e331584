"""`cohere`: `ClientV2.chat_stream`."""

from collections.abc import Iterator
from typing import Any

from sseprobe.dialects.traits import Scope, Wire
from sseprobe.readers.base import OutputShape, Reader, Stream
from sseprobe.readers.transports import URL, transport

_CANARY = (
    b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"x"}}}}\n\n'
)


def read(stream: Stream) -> Iterator[Any]:
    """The parts of each event."""
    import httpx
    from cohere import ClientV2

    web = httpx.Client(transport=transport(httpx, stream))
    client = ClientV2(api_key="none", base_url=URL.rstrip("/"), client_name="reader", httpx_client=web)
    words: Any = {"messages": [{"role": "user", "content": "x"}]}
    for event in client.chat_stream(model="m", request_options={"max_retries": 0}, **words):
        message: Any = getattr(getattr(event, "delta", None), "message", None)
        kind = getattr(event, "type", "")
        parts: list[tuple[str, str]] = []
        if kind in ("content-start", "content-delta"):
            parts += [("text", _text(message, "content", "text")), ("reasoning", _text(message, "content", "thinking"))]
        elif kind == "tool-plan-delta":
            parts.append(("reasoning", _text(message, "tool_plan")))
        elif kind in ("tool-call-start", "tool-call-delta"):
            parts.append(("name", _text(message, "tool_calls", "function", "name")))
            parts.append(("arguments", _text(message, "tool_calls", "function", "arguments")))
        yield parts


def _text(value: Any, *path: str) -> str:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
    return value if isinstance(value, str) else ""


READER = Reader("cohere", "cohere", OutputShape.PARTS, _CANARY, read, dialects=Scope((Wire.COHERE,)))
