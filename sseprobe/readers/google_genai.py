"""`google-genai`: `generate_content_stream`."""

import json
from collections.abc import Iterator
from typing import Any

from sseprobe.dialects.traits import Scope, Wire
from sseprobe.readers.base import OutputShape, Reader, Stream
from sseprobe.readers.transports import URL, transport

_CANARY = b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]}}]}\r\n\r\n'


def read(stream: Stream) -> Iterator[Any]:
    """The parts of each response."""
    import httpx
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=URL, httpx_client=httpx.Client(transport=transport(httpx, stream)))
    config = types.GenerateContentConfig(
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    client = genai.Client(api_key="none", http_options=options)
    for answer in client.models.generate_content_stream(model="m", contents="x", config=config):
        parts: list[tuple[str, str]] = []
        for candidate in answer.candidates or []:
            for part in (candidate.content.parts or []) if candidate.content else []:
                if part.function_call:
                    parts.append(("name", part.function_call.name or "?"))
                    parts.append(("arguments", json.dumps(part.function_call.args or {})))
                parts.append(("reasoning" if part.thought else "text", part.text or ""))
        yield parts


READER = Reader("google-genai", "google-genai", OutputShape.PARTS, _CANARY, read, dialects=Scope((Wire.GEMINI,)))
