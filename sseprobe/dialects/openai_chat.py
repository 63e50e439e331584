"""`openai-chat`: OpenAI Chat Completions, and the many servers that speak it.

Source: openai-openapi, `CreateChatCompletionStreamResponse`; types of the openai Python package 3.54.0,
`types/chat/chat_completion_chunk.py`. In-band errors: `openai/_streaming.py` raises APIError if `data.error` is truthy.
"""

from typing import Any

import msgspec

from sseprobe.dialects.base import (
    NO_PAYLOAD,
    Delta,
    Dialect,
    EndRule,
    Kind,
    RequestParts,
    as_count,
    as_dict,
    as_list,
    bearer,
    payload,
)
from sseprobe.sse import Event
from sseprobe.text import scalar, to_json

_DONE = "[DONE]"


def build_request(prompt: str, model: str) -> RequestParts:
    """(prompt, model) -> a streaming request that asks for usage."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return RequestParts(
        "POST",
        [("Content-Type", "application/json"), ("Accept", "text/event-stream")],
        msgspec.json.encode(body),
    )


def recognises(event: Event) -> bool:
    """Whether the event is a chunk; the answer of a first event settles the dialect."""
    return as_dict(payload(event)).get("object") == "chat.completion.chunk"


def decode(event: Event) -> tuple[Delta, ...]:
    """Event -> deltas: for each choice text, reasoning, refusal, tool fragments, finish; then usage, error, end."""
    # The SDK stops at data.startswith("[DONE]").
    if event.data.startswith(_DONE):
        return (Delta(Kind.END),)
    chunk = payload(event)
    if chunk is NO_PAYLOAD or not isinstance(chunk, dict):
        return (Delta(Kind.UNKNOWN, event.data),)
    deltas: list[Delta] = []
    # Old vLLM sends the error's fields bare.
    if error := chunk.get("error") or (chunk if chunk.get("object") == "error" else None):
        deltas.append(_error(error))
    for position, choice in enumerate(as_list(chunk.get("choices"))):
        if isinstance(choice, dict):
            index = as_count(choice.get("index"))
            _decode_choice(choice, position if index is None else index, deltas)
    usage = as_dict(chunk.get("usage"))
    if usage:
        deltas.append(
            Delta(
                Kind.USAGE,
                output_tokens=as_count(usage.get("completion_tokens")),
                input_tokens=as_count(usage.get("prompt_tokens")),
            )
        )
    if not deltas and "choices" not in chunk:
        deltas.append(Delta(Kind.UNKNOWN, event.data))
    return tuple(deltas)


def _decode_choice(choice: dict[str, Any], index: int, deltas: list[Delta]) -> None:
    deltas.append(Delta(Kind.OPEN, choice=index))
    delta = as_dict(choice.get("delta"))
    # `reasoning_content`: DeepSeek, vLLM; `reasoning`: OpenRouter, newer vLLM.
    for kind, field in (
        (Kind.REASONING, "reasoning_content"),
        (Kind.REASONING, "reasoning"),
        (Kind.TEXT, "content"),
        (Kind.REFUSAL, "refusal"),
    ):
        value = delta.get(field)
        if isinstance(value, str) and value:
            deltas.append(Delta(kind, scalar(value), choice=index))
    for position, call in enumerate(as_list(delta.get("tool_calls"))):
        function = as_dict(as_dict(call).get("function"))
        name, arguments = function.get("name"), function.get("arguments")
        number = as_count(as_dict(call).get("index"))
        deltas.append(
            Delta(
                Kind.TOOL_CALL,
                scalar(arguments) if isinstance(arguments, str) else "",
                choice=index,
                call=position if number is None else number,
                name=scalar(name) if isinstance(name, str) and name else None,
            )
        )
    reason = choice.get("finish_reason")
    if isinstance(reason, str) and reason:
        deltas.append(Delta(Kind.FINISH, scalar(reason), choice=index))
        # Mistral, vLLM and OpenRouter report a failed generation so.
        if reason == "error" and not any(delta.kind is Kind.ERROR for delta in deltas):
            deltas.append(Delta(Kind.ERROR, "the model stopped with finish_reason error", choice=index, type=reason))


def _error(error: object) -> Delta:
    fields = as_dict(error)
    message, code, kind = fields.get("message"), fields.get("code"), fields.get("type")
    if not isinstance(message, str):
        message = error if isinstance(error, str) else to_json(error)
    return Delta(
        Kind.ERROR,
        scalar(message),
        type=scalar(kind) if isinstance(kind, str) else None,
        code=None if code is None else scalar(str(code)),
    )


DIALECT = Dialect(
    name="openai-chat",
    paths=("/chat/completions",),
    end_rule=EndRule.TERMINATOR,
    terminator=_DONE,
    request=build_request,
    key_header=bearer,
    recognises=recognises,
    decode=decode,
)
