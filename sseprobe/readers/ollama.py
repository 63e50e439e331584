"""`ollama`: `Client.chat`, or `Client.generate` where lines hold a `response`."""

import json
from collections.abc import Iterator
from typing import Any

from sseprobe.dialects.traits import Scope, Wire
from sseprobe.readers.base import OutputShape, Reader, Stream
from sseprobe.readers.transports import URL, transport

_CANARY = (
    b'{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"x"},"done":false}\n'
)


def read(stream: Stream) -> Iterator[Any]:
    """The parts of each line."""
    import httpx
    import ollama

    client = ollama.Client(host=URL, transport=transport(httpx, stream))
    first = b"".join(stream.chunks[:8])[:4096].partition(b"\n")[0]
    lines: Any
    if b'"response"' in first and b'"message"' not in first:
        lines = client.generate(model="m", prompt="x", stream=True)
    else:
        lines = client.chat(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
    for line in lines:
        message: Any = getattr(line, "message", None)
        if message is None:
            yield [("reasoning", line.thinking or ""), ("text", line.response or "")]
            continue
        parts = [("reasoning", message.thinking or ""), ("text", message.content or "")]
        for call in message.tool_calls or []:
            parts += [("name", call.function.name or "?"), ("arguments", json.dumps(dict(call.function.arguments)))]
        yield parts


READER = Reader("ollama", "ollama", OutputShape.PARTS, _CANARY, read, dialects=Scope((Wire.OLLAMA,)))
