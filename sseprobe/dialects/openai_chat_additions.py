"""What servers that speak OpenAI's chat add to it: finish reasons, and other places for usage and reasoning.

One table for all of them, since a gateway passes on what another one sent; the decoder and the rules read it alike.
"""

from typing import Any, Final

from msgspec import Struct

from sseprobe.dialects.base import CANCELLED, FILTERED, LENGTH, as_dict, as_list, as_text


class Finish(Struct, frozen=True):
    """What a finish reason means. `incomplete`: what is missing, in one word for all vendors; `failed`: the generation
    broke off, so that what came is no answer. `source`: who says it.
    """

    source: str
    incomplete: str | None = None
    failed: bool = False


_OPENAI: Final = "openai-openapi, CreateChatCompletionStreamResponse"
_ZAI: Final = "docs.z.ai/api-reference/llm/chat-completion"

OWN_FINISHES: Final = {
    "stop": Finish(_OPENAI),
    "length": Finish(_OPENAI, LENGTH),
    "tool_calls": Finish(_OPENAI),
    "content_filter": Finish(_OPENAI, FILTERED),
    "function_call": Finish(_OPENAI),
}
"""OpenAI's own."""

FINISHES: Final = {
    **OWN_FINISHES,
    "error": Finish("docs.mistral.ai/api; openrouter.ai/docs, errors in mid-stream; vLLM", failed=True),
    "model_length": Finish("docs.mistral.ai/api", LENGTH),
    "abort": Finish("vllm-project/vllm, a request ended from its own side", CANCELLED),
    "insufficient_system_resource": Finish("api-docs.deepseek.com/api/create-chat-completion", failed=True),
    "network_error": Finish(_ZAI, failed=True),
    "sensitive": Finish(_ZAI, FILTERED),
    "model_context_window_exceeded": Finish(_ZAI, LENGTH),
    "eos_token": Finish("huggingface/text-generation-inference, FinishReason"),
    "stop_sequence": Finish("huggingface/text-generation-inference, FinishReason"),
    "eos": Finish("docs.together.ai/reference/chat-completions"),
    "end_turn": Finish("docs.x.ai/docs/api-reference, chat completions"),
}
"""All that are known to come."""

_NATIVE_FAILURES: Final = (
    "malformed_function_call",
    "malformed_response",
    "missing_thought_signature",
    "too_many_tool_calls",
    "unexpected_tool_call",
)
"""Gemini's own words for a generation that broke off (ai.google.dev/api/generate-content, FinishReason)."""

# Fields of a delta that hold reasoning. Some servers send the same in two of them.
REASONING_FIELDS: Final = (
    "reasoning_content",  # DeepSeek, Z.ai, Moonshot, Qwen, xAI, llama.cpp, SGLang, older vLLM
    "reasoning",  # OpenRouter, Groq, Ollama, newer vLLM
    "reasoning_text",  # GitHub Copilot
)
_DETAILS: Final = "reasoning_details"  # OpenRouter, MiniMax: beside `reasoning`, or alone
_DETAIL_TEXTS: Final = ("text", "summary")
_REASONING: Final = frozenset({*REASONING_FIELDS, _DETAILS})


def native_failure(choice: dict[str, Any]) -> str | None:
    """OpenRouter's `native_finish_reason`, where it tells of a failure; the finish reason beside it may say `stop`."""
    native = as_text(choice.get("native_finish_reason")).lower()
    known = FINISHES.get(native)
    failed = native in _NATIVE_FAILURES or (known is not None and known.failed)
    return native if failed else None


def reasonings(delta: dict[str, Any]) -> list[str]:
    """The reasoning in a delta, each text once, in whichever field."""
    if _REASONING.isdisjoint(delta):
        return []
    found = [text for name in REASONING_FIELDS if (text := as_text(delta.get(name)))]
    details = [as_dict(each) for each in as_list(delta.get(_DETAILS))]
    detail = "".join(as_text(each.get(name)) for each in details for name in _DETAIL_TEXTS)
    return list(dict.fromkeys(found)) if found or not detail else [detail]


def usages(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    """What counts tokens in a chunk: `usage`; Groq's `x_groq.usage`; a choice's `usage`, as Moonshot sends it."""
    places = [chunk, chunk.get("x_groq"), *as_list(chunk.get("choices"))]
    found = [place["usage"] for place in places if isinstance(place, dict) and place.get("usage")]
    return [usage for usage in found if isinstance(usage, dict)]


def error_in(choice: dict[str, Any]) -> Any:
    """The error that some gateways put into the choice; None if there is none."""
    return choice.get("error") or None
