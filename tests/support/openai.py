"""Chunks of OpenAI Chat Completions, for tests that write their own streams."""

import json
from typing import Any

DONE = b"data: [DONE]\n\n"


def chunk(
    content: str | None = None, *, finish: str | None = None, index: int = 0, usage: int | None = None, **delta: Any
) -> bytes:
    """One event: a delta, a finish reason, or (`usage`) the usage chunk."""
    if content is not None:
        delta["content"] = content
    body: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    if usage is None:
        body["choices"] = [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]
    else:
        body["choices"] = []
        body["usage"] = {"prompt_tokens": 3, "completion_tokens": usage, "total_tokens": usage + 3}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def error(message: str, **fields: Any) -> bytes:
    """The in-band error."""
    return b"data: " + json.dumps({"error": {"message": message, **fields}}).encode() + b"\n\n"


def good(*texts: str) -> list[bytes]:
    """A whole stream that says these texts."""
    role = chunk("", role="assistant")
    return [role, *map(chunk, texts), chunk(finish="stop"), chunk(usage=len(texts)), DONE]
