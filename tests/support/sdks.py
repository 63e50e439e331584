"""The official SDKs, each driven in the same way: a stream in, parts out. They are imported when they are used.

A driver yields parts as the SDK hands them over, raises what the SDK raises, and closes the stream as the SDK wants it
closed. `PARTS` of all drivers mean the same, so that one test fits all.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

Part = tuple[str, Any, str]
"""(`text`, choice, text), (`reasoning`, …), (`name` or `arguments`, call, text), (`usage`, None, count), (`finish`, …)."""

SCHEMA: Any = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "description": name, "parameters": SCHEMA}} for name in ("f", "g")
]
MESSAGES: Any = [{"role": "user", "content": "hi there"}]
KEY = "key-of-nobody"
NODE = Path(__file__).parents[1] / "sdk" / "node"


def _openai(url: str, knobs: str) -> Any:
    import openai

    return openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, default_headers={"X-Mock": knobs})


def openai_chat(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.chat.completions.create`."""
    more: Any = {"tools": TOOLS} if tools else {}
    with (
        _openai(url, knobs) as client,
        client.chat.completions.create(
            model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}, **more
        ) as stream,
    ):
        for chunk in stream:
            for choice in chunk.choices:
                yield "text", choice.index, choice.delta.content or ""
                yield "reasoning", choice.index, getattr(choice.delta, "reasoning_content", None) or ""
                for call in choice.delta.tool_calls or []:
                    yield "name", call.index, call.function.name or ""
                    yield "arguments", call.index, call.function.arguments or ""
                yield "finish", choice.index, choice.finish_reason or ""
            if chunk.usage:
                yield "usage", None, str(chunk.usage.completion_tokens)


def openai_completions(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.completions.create`."""
    del tools
    with (
        _openai(url, knobs) as client,
        client.completions.create(
            model="m", prompt="hi there", stream=True, stream_options={"include_usage": True}
        ) as stream,
    ):
        for chunk in stream:
            for choice in chunk.choices:
                yield "text", choice.index, choice.text
                yield "finish", choice.index, choice.finish_reason or ""
            if chunk.usage:
                yield "usage", None, str(chunk.usage.completion_tokens)


def openai_responses(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.responses.create`."""
    more: Any = (
        {"tools": [{"type": "function", **tool["function"], "strict": False} for tool in TOOLS]} if tools else {}
    )
    with (
        _openai(url, knobs) as client,
        client.responses.create(model="m", input="hi there", stream=True, **more) as stream,
    ):
        for event in stream:
            if event.type == "response.output_text.delta":
                yield "text", 0, event.delta
            elif event.type == "response.reasoning_summary_text.delta":
                yield "reasoning", 0, event.delta
            elif event.type == "response.output_item.added" and event.item.type == "function_call":
                yield "name", event.output_index, event.item.name
            elif event.type == "response.function_call_arguments.delta":
                yield "arguments", event.output_index, event.delta
            elif event.type in ("response.completed", "response.incomplete"):
                yield "usage", None, str(event.response.usage.output_tokens) if event.response.usage else ""
                details = event.response.incomplete_details
                yield "finish", 0, (details.reason if details else event.response.status) or ""


def anthropic(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.messages.create`."""
    from anthropic import Anthropic

    offered = [{"name": tool["function"]["name"], "input_schema": SCHEMA} for tool in TOOLS]
    more: Any = {"tools": offered} if tools else {}
    with (
        Anthropic(base_url=url, api_key=KEY, max_retries=0, default_headers={"X-Mock": knobs}) as client,
        client.messages.create(model="m", max_tokens=1000, messages=MESSAGES, stream=True, **more) as stream,
    ):
        for event in stream:
            if event.type == "content_block_start" and event.content_block.type == "tool_use":
                yield "name", event.index, event.content_block.name
            elif event.type == "content_block_delta":
                if event.delta.type == "text_delta":
                    yield "text", 0, event.delta.text
                elif event.delta.type == "thinking_delta":
                    yield "reasoning", 0, event.delta.thinking
                elif event.delta.type == "input_json_delta":
                    yield "arguments", event.index, event.delta.partial_json
            elif event.type == "message_delta":
                yield "usage", None, str(event.usage.output_tokens)
                yield "finish", 0, event.delta.stop_reason or ""


def google_genai(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.models.generate_content_stream`."""
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=url, headers={"X-Mock": knobs})
    declared = [types.FunctionDeclaration(name=t["function"]["name"], parameters_json_schema=SCHEMA) for t in TOOLS]
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=declared)] if tools else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    calls = 0
    with (
        genai.Client(api_key=KEY, http_options=options) as client,
        closing(client.models.generate_content_stream(model="m", contents="hi there", config=config)) as stream,
    ):
        for chunk in stream:
            for candidate in chunk.candidates or []:
                index = candidate.index or 0
                for part in (candidate.content.parts or []) if candidate.content else []:
                    if part.function_call:
                        yield "name", calls, part.function_call.name or ""
                        yield "arguments", calls, json.dumps(part.function_call.args)
                        calls += 1
                    yield "reasoning" if part.thought else "text", index, part.text or ""
                yield "finish", index, candidate.finish_reason.value if candidate.finish_reason else ""
            if chunk.usage_metadata and chunk.usage_metadata.candidates_token_count is not None:
                counted = chunk.usage_metadata.candidates_token_count + (chunk.usage_metadata.thoughts_token_count or 0)
                yield "usage", None, str(counted)


def cohere(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.chat_stream`."""
    from cohere import ClientV2

    more: Any = {"tools": TOOLS} if tools else {}
    client = ClientV2(api_key=KEY, base_url=url, client_name="tests")
    options: Any = {"additional_headers": {"X-Mock": knobs}, "max_retries": 0}
    with closing(client.chat_stream(model="m", messages=MESSAGES, request_options=options, **more)) as stream:
        for event in stream:
            delta: Any = getattr(event, "delta", None)
            if event.type in ("content-start", "content-delta"):
                content = delta.message.content
                yield "text", 0, content.text or ""
                yield "reasoning", 0, content.thinking or ""
            elif event.type == "tool-call-start":
                yield "name", event.index, delta.message.tool_calls.function.name
            elif event.type == "tool-call-delta":
                yield "arguments", event.index, delta.message.tool_calls.function.arguments
            elif event.type == "message-end":
                if delta.usage:
                    yield "usage", None, f"{delta.usage.tokens.output_tokens:g}"
                yield "finish", 0, delta.finish_reason or ""


def mistral(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.chat.stream`."""
    from mistralai.client import Mistral

    more: Any = {"tools": TOOLS} if tools else {}
    with (
        Mistral(api_key=KEY, server_url=url) as client,
        client.chat.stream(model="m", messages=MESSAGES, http_headers={"X-Mock": knobs}, **more) as stream,
    ):
        for event in stream:
            for choice in event.data.choices:
                content = choice.delta.content
                if isinstance(content, str):
                    yield "text", choice.index, content
                for part in content if isinstance(content, list) else []:
                    for thought in part.thinking if part.type == "thinking" else []:
                        yield "reasoning", choice.index, thought.text
                for call in choice.delta.tool_calls or []:
                    yield "name", call.index, call.function.name
                    yield "arguments", call.index, str(call.function.arguments)
                yield "finish", choice.index, str(choice.finish_reason or "")
            if event.data.usage:
                yield "usage", None, str(event.data.usage.completion_tokens)


def ollama(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`client.chat`."""
    import ollama as sdk

    client = sdk.Client(host=url, headers={"X-Mock": knobs})
    calls = 0
    with closing(client.chat(model="m", messages=MESSAGES, tools=TOOLS if tools else None, stream=True)) as stream:
        for line in stream:
            yield "text", 0, line.message.content or ""
            yield "reasoning", 0, line.message.thinking or ""
            for call in line.message.tool_calls or []:
                yield "name", calls, call.function.name
                yield "arguments", calls, json.dumps(dict(call.function.arguments))
                calls += 1
            if line.done:
                yield "usage", None, str(line.eval_count)
                yield "finish", 0, line.done_reason or ""


class NodeError(Exception):
    """What a client under node threw; `name` is the class."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def _node(script: str, url: str, knobs: str) -> Iterator[Part]:
    process = subprocess.Popen(
        ["node", str(NODE / script), url, knobs],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=NODE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said = json.loads(line)
            if "error" in said:
                raise NodeError(said["error"], said["message"])
            yield said["part"], said["of"], said["text"]
    finally:
        process.stdin.close()  # asks it to abort
        process.stdout.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def vercel_ai(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`DefaultChatTransport` and `readUIMessageStream`."""
    del tools
    return _node("vercel-ai.mjs", url, knobs)


def ag_ui(url: str, knobs: str, tools: bool) -> Iterator[Part]:
    """`HttpAgent.run`, with its checks."""
    del tools
    return _node("ag-ui.mjs", url, knobs)


class Sdk(NamedTuple):
    """An SDK and what it speaks. `package`: on PyPI, or on npm where `node` is true."""

    package: str
    call: str
    dialect: str
    stream: Callable[[str, str, bool], Iterator[Part]]
    offers_tools: bool = True
    reasons: bool = True
    node: bool = False
    shows_usage: bool = True

    def version(self) -> str | None:
        """The installed version, None if it is not installed."""
        return npm_version(self.package) if self.node else pypi_version(self.package)


@cache
def pypi_version(package: str) -> str | None:
    """The installed version."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def npm_version(package: str) -> str | None:
    """The version in tests/sdk/node, where `npm install` has put it."""
    manifest = NODE / "node_modules" / package / "package.json"
    if which("node") is None or not manifest.exists():
        return None
    return str(json.loads(manifest.read_text())["version"])


SDKS = {
    "openai chat": Sdk("openai", "chat.completions.create", "openai-chat", openai_chat),
    "openai completions": Sdk("openai", "completions.create", "openai-completions", openai_completions, False, False),
    "openai responses": Sdk("openai", "responses.create", "openai-responses", openai_responses),
    "anthropic": Sdk("anthropic", "messages.create", "anthropic", anthropic),
    "google-genai": Sdk("google-genai", "generate_content_stream", "gemini", google_genai),
    "cohere": Sdk("cohere", "chat_stream", "cohere", cohere),
    "mistralai": Sdk("mistralai", "chat.stream", "mistral", mistral),
    "ollama": Sdk("ollama", "chat", "ollama", ollama),
    "ai": Sdk("ai", "DefaultChatTransport", "vercel-ui", vercel_ai, offers_tools=False, node=True),
    "@ag-ui/client": Sdk("@ag-ui/client", "HttpAgent.run", "ag-ui", ag_ui, offers_tools=False, node=True),
}


def collected(parts: Iterator[Part]) -> dict[tuple[str, Any], str]:
    """What the parts come to, joined by kind and place; of usage and finish the last word."""
    found: dict[tuple[str, Any], str] = {}
    for kind, place, text in parts:
        if text:
            joined = found.get((kind, place), "") if kind not in ("usage", "finish") else ""
            found[kind, place] = joined + text
    return found
