"""`openai-chat`: OpenAI Chat Completions, and the many servers that speak it.

Source: openai-openapi, `CreateChatCompletionStreamResponse`; types of the openai Python package 3.54.0,
`types/chat/chat_completion_chunk.py`. In-band errors: `openai/_streaming.py` raises APIError if `data.error` is truthy.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    CANCELLED,
    DEFAULT_MODEL,
    FILTERED,
    LENGTH,
    Delta,
    Dialect,
    EndRule,
    Kind,
    as_count,
    as_dict,
    as_list,
    as_text,
    bearer,
    chat,
    citation,
    error_of,
    post,
    texts,
    unknown,
)
from sseprobe.sse import Event
from sseprobe.text import scalar, to_json
from sseprobe.transcript import Request

DONE: Final = "[DONE]"
# `model_length`: Mistral. `abort`: vLLM, a request ended from its own side.
INCOMPLETE: Final = {"length": LENGTH, "model_length": LENGTH, "content_filter": FILTERED, "abort": CANCELLED}


def build_request(url: str, prompt: str, model: str | None) -> Request:
    """A streaming request that asks for usage."""
    body = {"model": model or DEFAULT_MODEL, "messages": chat(prompt), "stream": True}
    return post(url, {**body, "stream_options": {"include_usage": True}})


def recognises(event: Event, value: Any) -> bool:
    """Whether the event is a chunk."""
    del event
    return as_dict(value).get("object") == "chat.completion.chunk"


def decode(event: Event, value: Any) -> tuple[Delta, ...]:
    """For each choice text, reasoning, refusal, tool fragments, citations, finish; then usage, error, end."""
    # The SDK stops at data.startswith("[DONE]").
    if event.data.startswith(DONE):
        return (Delta(Kind.END),)
    if not isinstance(value, dict):
        return (unknown(event, value),)
    deltas: list[Delta] = []
    decode_error(value, deltas)
    for position, choice in enumerate(as_list(value.get("choices"))):
        if isinstance(choice, dict):
            _decode_choice(choice, choice_index(choice, position), deltas)
    decode_usage(value.get("usage"), deltas)
    if not deltas and "choices" not in value:
        deltas.append(unknown(event, value))
    return tuple(deltas)


def choice_index(choice: dict[str, Any], position: int) -> int:
    """The index of a choice, its position if it has none."""
    index = as_count(choice.get("index"))
    return position if index is None else index


def decode_error(chunk: dict[str, Any], deltas: list[Delta]) -> None:
    """The error in a chunk. Old vLLM sends its fields bare."""
    if error := chunk.get("error") or (chunk if chunk.get("object") == "error" else None):
        deltas.append(error_of(error))


def decode_usage(usage: Any, deltas: list[Delta]) -> None:
    """The usage in a chunk, if there is any."""
    if isinstance(usage, dict) and usage:
        deltas.append(
            Delta(
                Kind.USAGE,
                output_tokens=as_count(usage.get("completion_tokens")),
                input_tokens=as_count(usage.get("prompt_tokens")),
            )
        )


def decode_finish(reason: Any, index: int, deltas: list[Delta]) -> None:
    """The finish of a choice, if it has come."""
    if not isinstance(reason, str) or not reason:
        return
    deltas.append(Delta(Kind.FINISH, scalar(reason), choice=index, incomplete=INCOMPLETE.get(reason)))
    # Mistral, vLLM and OpenRouter report a failed generation so.
    if reason == "error" and not any(delta.kind is Kind.ERROR for delta in deltas):
        deltas.append(Delta(Kind.ERROR, "the model stopped with finish_reason error", choice=index, type=reason))


def _decode_choice(choice: dict[str, Any], index: int, deltas: list[Delta]) -> None:
    deltas.append(Delta(Kind.OPEN, choice=index))
    delta = as_dict(choice.get("delta"))
    for name, value in delta.items():
        if not value:
            continue
        kind = _TEXTS.get(name)
        if kind is not None and isinstance(value, str):
            deltas.append(Delta(kind, scalar(value), choice=index))
        elif name == "content":
            _decode_parts(value, index, deltas)
        elif name == "tool_calls":
            for position, call in enumerate(as_list(value)):
                number = as_count(as_dict(call).get("index"))
                _decode_call(as_dict(call).get("function"), index, position if number is None else number, deltas)
        elif name == "function_call":
            _decode_call(value, index, 0, deltas)
        elif name == "annotations":
            for each in as_list(value):
                deltas.append(citation(as_dict(each).get("url_citation") or each))
    decode_finish(choice.get("finish_reason"), index, deltas)


# `reasoning_content`: DeepSeek, vLLM, llama.cpp; `reasoning`: OpenRouter, newer vLLM.
_TEXTS: Final = {
    "content": Kind.TEXT,
    "reasoning_content": Kind.REASONING,
    "reasoning": Kind.REASONING,
    "refusal": Kind.REFUSAL,
}


def _decode_parts(parts: Any, index: int, deltas: list[Delta]) -> None:
    """Mistral's content chunks: text, thinking (chunks again), references."""
    for part in as_list(parts):
        kind = as_dict(part).get("type")
        if kind == "text":
            deltas += texts(Kind.TEXT, part.get("text"), index)
        elif kind == "thinking":
            for each in as_list(part.get("thinking")):
                deltas += texts(Kind.REASONING, as_dict(each).get("text"), index)
        elif kind == "reference":
            deltas.append(Delta(Kind.CITATION, to_json(part.get("reference_ids")), choice=index))


def _decode_call(function: Any, index: int, call: int, deltas: list[Delta]) -> None:
    function = as_dict(function)
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # whole, as some servers have it
        arguments = to_json(arguments)
    name = as_text(function.get("name")) or None
    deltas.append(Delta(Kind.TOOL_CALL, as_text(arguments), choice=index, call=call, name=name))


DIALECT = Dialect(
    name="openai-chat",
    path="/v1/chat/completions",
    paths=("/chat/completions",),
    end_rule=EndRule.TERMINATOR,
    terminator=DONE,
    request=build_request,
    key_header=bearer,
    recognises=recognises,
    decoder=lambda: decode,
)
