"""`openrouter`: OpenAI Chat as OpenRouter speaks it.

Source: openrouter.ai/docs, "Streaming": comments (`: OPENROUTER PROCESSING`) while it waits; an error in mid-stream is
a chunk with a top-level `error` and finish_reason `error`; the stream ends after it. Usage must be asked for.
"""

from msgspec.structs import replace

from sseprobe.dialects import openai_chat
from sseprobe.dialects.base import DEFAULT_MODEL, chat, post
from sseprobe.dialects.traits import Trait
from sseprobe.http_exchange import Request


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A streaming request that asks for usage."""
    return post(
        url,
        {
            "model": model or DEFAULT_MODEL,
            "messages": chat(prompt),
            "stream": True,
            "usage": {"include": True},
            "stream_options": {"include_usage": True},
        },
    )


DIALECT = replace(
    openai_chat.DIALECT,
    name="openrouter",
    path="/openrouter/v1/chat/completions",
    paths=("/chat/completions",),
    hosts=("openrouter.ai",),
    request=build_request,
    traits=openai_chat.DIALECT.traits | {Trait.USAGE_WITH_CHOICES, Trait.FAILURE_AS_FINISH, Trait.ERROR_WITH_FINISH},
)
