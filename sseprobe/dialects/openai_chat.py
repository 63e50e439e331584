"""`openai-chat`: OpenAI Chat Completions, and the many servers that speak it.

Source: openai-openapi, `CreateChatCompletionStreamResponse`; types of the openai Python package 3.54.0,
`types/chat/chat_completion_chunk.py`. In-band errors: `openai/_streaming.py` raises APIError if `data.error` is truthy.
"""

from typing import Any, Final

from sseprobe.dialects.base import (
    DEFAULT_MODEL,
    FREE_TEXT,
    Delta,
    DeltaKind,
    Dialect,
    EndRule,
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
from sseprobe.dialects.openai_chat_additions import FINISHES, error_in, native_failure, reasonings, usages
from sseprobe.dialects.shapes import Fields, Shapes
from sseprobe.dialects.traits import Trait, Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event
from sseprobe.text import scalar, to_json

DONE: Final = "[DONE]"


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
        return (Delta(DeltaKind.END),)
    if not isinstance(value, dict):
        return (unknown(event, value),)
    deltas: list[Delta] = []
    decode_error(value, deltas)
    for position, choice in enumerate(as_list(value.get("choices"))):
        if isinstance(choice, dict):
            _decode_choice(choice, choice_index(choice, position), deltas)
    decode_usage(value, deltas)
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


def decode_usage(chunk: dict[str, Any], deltas: list[Delta]) -> None:
    """The usage in a chunk, if there is any."""
    for usage in usages(chunk)[:1]:
        deltas.append(
            Delta(
                DeltaKind.USAGE,
                output_tokens=as_count(usage.get("completion_tokens")),
                input_tokens=as_count(usage.get("prompt_tokens")),
            )
        )


def decode_finish(choice: dict[str, Any], index: int, deltas: list[Delta]) -> None:
    """The finish of a choice, if it has come, and the failure that it may tell."""
    error, reason = error_in(choice), choice.get("finish_reason")
    if error is None and not reason:
        return
    native = native_failure(choice)
    if isinstance(reason, str) and reason:
        known = FINISHES.get(reason)
        deltas.append(
            Delta(DeltaKind.FINISH, scalar(reason), choice=index, incomplete=known.incomplete if known else None)
        )
    if any(delta.kind is DeltaKind.ERROR for delta in deltas):
        return
    if error is not None:
        deltas.append(error_of(error))
    elif isinstance(reason, str) and reason in FINISHES and FINISHES[reason].failed:
        message = f"the model stopped with finish_reason {reason}"
        deltas.append(Delta(DeltaKind.ERROR, message, choice=index, type=reason))
    elif native is not None and reason:
        message = (
            f"the provider stopped with native_finish_reason {native}, reported as finish_reason {scalar(str(reason))}"
        )
        deltas.append(Delta(DeltaKind.ERROR, message, choice=index, type=native))


def _decode_choice(choice: dict[str, Any], index: int, deltas: list[Delta]) -> None:
    deltas.append(Delta(DeltaKind.OPEN, choice=index))
    delta = as_dict(choice.get("delta"))
    deltas += [Delta(DeltaKind.REASONING, text, choice=index) for text in reasonings(delta)]
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
                _decode_call(as_dict(call), index, position if number is None else number, deltas)
        elif name == "function_call":
            _decode_call({"function": value}, index, 0, deltas)
        elif name == "annotations":
            for each in as_list(value):
                deltas.append(citation(as_dict(each).get("url_citation") or each))
    decode_finish(choice, index, deltas)


_TEXTS: Final = {"content": DeltaKind.TEXT, "refusal": DeltaKind.REFUSAL}


def _decode_parts(parts: Any, index: int, deltas: list[Delta]) -> None:
    """Mistral's content chunks: text, thinking (chunks again), references."""
    for part in as_list(parts):
        kind = as_dict(part).get("type")
        if kind == "text":
            deltas += texts(DeltaKind.TEXT, part.get("text"), index)
        elif kind == "thinking":
            for each in as_list(part.get("thinking")):
                deltas += texts(DeltaKind.REASONING, as_dict(each).get("text"), index)
        elif kind == "reference":
            deltas.append(Delta(DeltaKind.CITATION, to_json(part.get("reference_ids")), choice=index))


def _decode_call(fragment: dict[str, Any], index: int, call: int, deltas: list[Delta]) -> None:
    custom = fragment.get("custom")  # a tool whose input is free text
    free = isinstance(custom, dict)
    function = as_dict(custom if free else fragment.get("function"))
    arguments = function.get("input" if free else "arguments")
    if isinstance(arguments, dict):  # whole, as some servers have it
        arguments = to_json(arguments)
    name, kind = as_text(function.get("name")) or None, FREE_TEXT if free else None
    deltas.append(Delta(DeltaKind.TOOL_CALL, as_text(arguments), choice=index, call=call, name=name, type=kind))


CHUNK: Final = {"id": "string", "choices": "array", "choices[].index": "number", "choices[].delta": "object"}
"""What each chunk has, whoever sends it."""


def chunk_shapes(required: dict[str, str]) -> Shapes:
    """The shapes of a dialect whose chunks have these fields."""
    return Shapes(_type_of, {"chunk": required})


def _type_of(fields: Fields) -> str:
    if _is_azures_filter(fields.get("choices")):
        return ""
    return "chunk" if "choices" in fields or "object" in fields else ""


def _is_azures_filter(choices: Any) -> bool:
    """Whether a chunk holds nothing but what Azure's asynchronous filter found: its choices have no delta
    (learn.microsoft.com/azure/ai-services/openai/concepts/content-streaming).
    """
    return (
        type(choices) is list
        and bool(choices)
        and all(type(each) is dict and "delta" not in each and "content_filter_results" in each for each in choices)
    )


DIALECT = Dialect(
    name="openai-chat",
    wire=Wire.OPENAI_CHUNKS,
    path="/v1/chat/completions",
    paths=("/chat/completions",),
    end_rule=EndRule.TERMINATOR,
    terminator=DONE,
    request=build_request,
    key_header=bearer,
    recognises=recognises,
    decoder=lambda: decode,
    shapes=chunk_shapes({**CHUNK, "object": "string", "created": "number", "model": "string"}),
    traits=frozenset({Trait.NAMELESS_EVENTS, Trait.TYPED_ERRORS}),
)
