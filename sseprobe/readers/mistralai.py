"""`mistralai`: `chat.stream`."""

from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.readers.base import CHAT_CANARY, OutputShape, Reader, Stream
from sseprobe.readers.transports import URL, transport


def read(stream: Stream) -> Iterator[Any]:
    """The parts of each chunk."""
    import httpx2
    from mistralai.client import Mistral

    client = Mistral(api_key="none", server_url=URL, client=httpx2.Client(transport=transport(httpx2, stream)))
    for event in client.chat.stream(model="m", messages=[{"role": "user", "content": "x"}]):
        parts: list[tuple[str, str]] = []
        for choice in event.data.choices:
            content: Any = choice.delta.content
            if isinstance(content, str):
                parts.append(("text", content))
            for part in content if isinstance(content, list) else []:
                if part.type == "text":
                    parts.append(("text", part.text))
                elif part.type == "thinking":
                    parts += [("reasoning", thought.text) for thought in part.thinking if thought.type == "text"]
            for call in choice.delta.tool_calls or []:
                parts += [("name", call.function.name or ""), ("arguments", _text(call.function.arguments))]
        yield parts


def _text(arguments: Any) -> str:
    import json

    return arguments if isinstance(arguments, str) else json.dumps(arguments)


_OURS: Final = Scope((Wire.OPENAI_CHUNKS,), having=(Trait.CONTENT_PARTS,))
READER = Reader("mistralai", "mistralai", OutputShape.PARTS, CHAT_CANARY, read, dialects=_OURS)
