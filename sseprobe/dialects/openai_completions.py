"""`openai-completions`: OpenAI's legacy Completions, text only.

Source: openai-openapi, `CreateCompletionResponse`; types of the openai Python package 3.54.0, `types/completion.py`.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    DEFAULT_MODEL,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
    as_dict,
    as_list,
    bearer,
    post,
    texts,
    unknown,
)
from sseprobe.dialects.openai_chat import (
    DONE,
    choice_index,
    chunk_shapes,
    decode_error,
    decode_finish,
    decode_usage,
)
from sseprobe.dialects.traits import Trait, Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event

_MAX_TOKENS: Final = 1024  # unsaid, it is 16


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A streaming request that asks for usage."""
    body = {"model": model or DEFAULT_MODEL, "prompt": prompt, "max_tokens": _MAX_TOKENS, "stream": True}
    return post(url, {**body, "stream_options": {"include_usage": True}})


def recognises(event: Event, value: Any) -> bool:
    """Whether the event is a chunk."""
    del event
    return as_dict(value).get("object") == "text_completion"


def decode(event: Event, value: Any) -> tuple[Delta, ...]:
    """For each choice text and finish; then usage, error, end."""
    if event.data.startswith(DONE):
        return (Delta(DeltaKind.END),)
    if not isinstance(value, dict):
        return (unknown(event, value),)
    deltas: list[Delta] = []
    decode_error(value, deltas)
    for position, choice in enumerate(as_list(value.get("choices"))):
        if isinstance(choice, dict):
            index = choice_index(choice, position)
            deltas += (Delta(DeltaKind.OPEN, choice=index), *texts(DeltaKind.TEXT, choice.get("text"), index))
            decode_finish(choice, index, deltas)
    decode_usage(value, deltas)
    if not deltas and "choices" not in value:
        deltas.append(unknown(event, value))
    return tuple(deltas)


_CHUNK: Final = {
    "id": "string", "object": "string", "created": "number", "model": "string",
    "choices": "array", "choices[].index": "number", "choices[].text": "string",
}  # fmt: skip

DIALECT = Dialect(
    name="openai-completions",
    wire=Wire.OPENAI_COMPLETIONS,
    path="/v1/completions",
    paths=("/completions",),
    end_rule=EndRule.TERMINATOR,
    terminator=DONE,
    request=build_request,
    key_header=bearer,
    recognises=recognises,
    decoder=lambda: decode,
    shapes=chunk_shapes(_CHUNK),
    traits=frozenset({Trait.NAMELESS_EVENTS, Trait.TYPED_ERRORS}),
)
