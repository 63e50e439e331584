"""Answers in one piece, and the SDKs' own accumulation of a stream into one."""

import importlib
import json
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.requirements import missing
from tests.support.sdks import KEY, MESSAGES, SCHEMA, TOOLS, _openai

FAST = "itl_ms=0,ttft_ms=0"
Answer = tuple[str, int, str, list[tuple[str, Any]]]
"""Text, output tokens, finish reason, calls."""


def _openai_chat(url: str, knobs: str) -> Answer:
    with _openai(url, knobs) as client:
        answer = client.chat.completions.create(model="m", messages=MESSAGES)
    message = answer.choices[0].message
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
    return message.content or "", answer.usage.completion_tokens, answer.choices[0].finish_reason, calls


def _openai_completions(url: str, knobs: str) -> Answer:
    with _openai(url, knobs) as client:
        answer = client.completions.create(model="m", prompt="hi")
    return answer.choices[0].text, answer.usage.completion_tokens, answer.choices[0].finish_reason, []


def _of_response(answer: Any) -> Answer:
    calls = [(item.name, json.loads(item.arguments)) for item in answer.output if item.type == "function_call"]
    return answer.output_text, answer.usage.output_tokens, answer.status, calls


def _openai_responses(url: str, knobs: str) -> Answer:
    with _openai(url, knobs) as client:
        return _of_response(client.responses.create(model="m", input="hi"))


def _openai_responses_helper(url: str, knobs: str) -> Answer:
    with _openai(url, knobs) as client, client.responses.stream(model="m", input="hi") as stream:
        return _of_response(stream.get_final_response())


def _of_message(answer: Any) -> Answer:
    text = "".join(block.text for block in answer.content if block.type == "text")
    calls = [(block.name, block.input) for block in answer.content if block.type == "tool_use"]
    return text, answer.usage.output_tokens, answer.stop_reason, calls


def _anthropic(url: str, knobs: str) -> Answer:
    sdk = importlib.import_module("anthropic")
    with sdk.Anthropic(base_url=url, api_key=KEY, default_headers={"X-Mock": knobs}) as client:
        return _of_message(client.messages.create(model="m", max_tokens=100, messages=MESSAGES))


def _anthropic_helper(url: str, knobs: str) -> Answer:
    sdk = importlib.import_module("anthropic")
    with (
        sdk.Anthropic(base_url=url, api_key=KEY, default_headers={"X-Mock": knobs}) as client,
        client.messages.stream(model="m", max_tokens=100, messages=MESSAGES) as stream,
    ):
        return _of_message(stream.get_final_message())


def _google(url: str, knobs: str) -> Answer:
    genai = importlib.import_module("google.genai")
    options = genai.types.HttpOptions(base_url=url, headers={"X-Mock": knobs})
    with genai.Client(api_key=KEY, http_options=options) as client:
        answer = client.models.generate_content(model="m", contents="hi")
    candidate = answer.candidates[0]
    parts = candidate.content.parts
    text = "".join(part.text or "" for part in parts if not part.thought)
    calls = [(part.function_call.name, part.function_call.args) for part in parts if part.function_call]
    usage = answer.usage_metadata
    counted = usage.candidates_token_count + (usage.thoughts_token_count or 0)
    return text, counted, candidate.finish_reason.value, calls


def _cohere(url: str, knobs: str) -> Answer:
    client = importlib.import_module("cohere").ClientV2(api_key=KEY, base_url=url)
    answer = client.chat(model="m", messages=MESSAGES, request_options={"additional_headers": {"X-Mock": knobs}})
    text = "".join(part.text for part in answer.message.content or [] if part.type == "text")
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in answer.message.tool_calls or []]
    return text, int(answer.usage.tokens.output_tokens), answer.finish_reason, calls


def _mistral(url: str, knobs: str) -> Answer:
    sdk = importlib.import_module("mistralai.client")
    with sdk.Mistral(api_key=KEY, server_url=f"{url}/mistral") as client:
        answer = client.chat.complete(model="m", messages=MESSAGES, http_headers={"X-Mock": knobs})
    message = answer.choices[0].message
    content = message.content
    text = content if isinstance(content, str) else "".join(part.text for part in content if part.type == "text")
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
    return text, answer.usage.completion_tokens, str(answer.choices[0].finish_reason), calls


def _ollama(url: str, knobs: str) -> Answer:
    client = importlib.import_module("ollama").Client(host=url, headers={"X-Mock": knobs})
    answer = client.chat(model="m", messages=MESSAGES)
    calls = [(call.function.name, dict(call.function.arguments)) for call in answer.message.tool_calls or []]
    return answer.message.content or "", answer.eval_count, answer.done_reason, calls


def _ollama_generate(url: str, knobs: str) -> Answer:
    answer = importlib.import_module("ollama").Client(host=url, headers={"X-Mock": knobs}).generate("m", "hi")
    return answer.response, answer.eval_count, answer.done_reason, []


CLIENTS: dict[str, tuple[str, Callable[[str, str], Answer], tuple[str, str, str]]] = {
    "openai chat": ("openai", _openai_chat, ("stop", "length", "tool_calls")),
    "openai completions": ("openai", _openai_completions, ("stop", "length", "")),
    "openai responses": ("openai", _openai_responses, ("completed", "incomplete", "completed")),
    "openai responses.stream": ("openai", _openai_responses_helper, ("completed", "", "completed")),
    "anthropic": ("anthropic", _anthropic, ("end_turn", "max_tokens", "tool_use")),
    "anthropic messages.stream": ("anthropic", _anthropic_helper, ("end_turn", "max_tokens", "tool_use")),
    "google-genai": ("google.genai", _google, ("STOP", "MAX_TOKENS", "STOP")),
    "cohere": ("cohere", _cohere, ("COMPLETE", "MAX_TOKENS", "TOOL_CALL")),
    "mistralai": ("mistralai.client", _mistral, ("stop", "length", "tool_calls")),
    "ollama chat": ("ollama", _ollama, ("stop", "length", "stop")),
    "ollama generate": ("ollama", _ollama_generate, ("stop", "length", "")),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_whole_answers(name: str, mock: Mock) -> None:
    module, ask, (stop, length, called) = CLIENTS[name]
    if find_spec(module.partition(".")[0]) is None:
        missing(f"{module} is not installed: pip install -e '.[sdk-tests]'")
    assert ask(mock.url, f"text=a b c,reasoning=2,{FAST}") == ("a b c", 3 if "completions" in name else 5, stop, [])
    if length:
        assert ask(mock.url, f"text=a b,finish=length,{FAST}")[2] == length
    if called:
        text, _, reason, calls = ask(mock.url, f"tools=2,{FAST}")
        assert (text, reason, [tool for tool, _ in calls]) == ("", called, ["get_weather", "get_time"])
        assert all("city" in arguments for _, arguments in calls)


def test_offered_tools_and_choices(mock: Mock) -> None:
    """The request's own say in which tools are called, where the vendors differ."""
    path, body = "/v1/messages", {"model": "m", "max_tokens": 100, "messages": MESSAGES}
    offered = [{"name": tool["function"]["name"], "input_schema": SCHEMA} for tool in TOOLS]

    def names(**more: Any) -> list[str]:
        answer = json.loads(mock.ask(path, {**body, **more}, X_Mock=FAST)[2])
        return [block["name"] for block in answer["content"] if block["type"] == "tool_use"]

    assert names(tools=offered) == ["f", "g"]
    assert names(tools=offered, tool_choice={"type": "tool", "name": "g"}) == ["g"]
    assert names(tools=offered, tool_choice={"type": "auto", "disable_parallel_tool_use": True}) == ["f"]
    assert names(tools=offered, tool_choice={"type": "none"}) == []
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x", "content": "1"}]}
    assert names(tools=offered, messages=[*MESSAGES, result]) == []
    path, body = "/v1/models/m:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}
    declared = [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}, {"name": "g"}]}]
    for config, wanted in (({}, 2), ({"mode": "ANY", "allowedFunctionNames": ["g"]}, 1), ({"mode": "NONE"}, 0)):
        more = {"tools": declared, "toolConfig": {"functionCallingConfig": config}}
        answer = json.loads(mock.ask(path, {**body, **more}, X_Mock=FAST)[2])
        parts = answer["candidates"][0]["content"]["parts"]
        assert len([part for part in parts if "functionCall" in part]) == wanted
