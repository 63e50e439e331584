"""`mistral`: Mistral's chat completions: OpenAI's chunks, with text or content chunks in `content`.

Source: docs.mistral.ai/api; types of mistralai 3.7.0 (`CompletionChunk`). Usage comes unasked in the last chunk; tool
calls come whole; finish_reason `error` is a failed generation. Its path is OpenAI's, so the host tells it.
"""

from typing import Final

from msgspec.structs import replace

from sseprobe.dialects import openai_chat
from sseprobe.dialects.base import DEFAULT_MODEL, chat, post
from sseprobe.dialects.traits import Trait
from sseprobe.http_exchange import Request


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A streaming request. `stream_options` would be refused."""
    return post(url, {"model": model or DEFAULT_MODEL, "messages": chat(prompt), "stream": True})


_TRAITS: Final = {
    Trait.USAGE_WITH_FINISH,
    Trait.FAILURE_AS_FINISH,
    Trait.TIMES_MAY_CHANGE,
    Trait.WHOLE_CALLS,
    Trait.CONTENT_PARTS,
}

DIALECT = replace(
    openai_chat.DIALECT,
    name="mistral",
    path="/mistral/v1/chat/completions",
    paths=("/chat/completions",),
    hosts=("mistral.ai",),
    request=build_request,
    shapes=openai_chat.chunk_shapes({**openai_chat.CHUNK, "model": "string"}),
    traits=openai_chat.DIALECT.traits | _TRAITS,
)
