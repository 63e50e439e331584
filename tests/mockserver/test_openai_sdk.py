"""The official openai SDK, as it is, against the mock; and our decoder against the SDK's."""

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.support.mock import Mock

FAST = "itl_ms=1,ttft_ms=1"
TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "string"}}}},
    }
]
MESSAGES: Any = [{"role": "user", "content": "hi"}]


@pytest.fixture
def client(mock: Mock) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{mock.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_streaming(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=f"mock/text=Hello big world,{FAST}",
        messages=MESSAGES,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello big world"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


def test_the_accumulating_helper(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=f"mock/{FAST}", messages=MESSAGES, tools=TOOLS) as stream:
        stream.until_done()
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls is not None
    assert message.tool_calls[0].function.name == "f"


def test_without_streaming(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=f"mock/text=a b,{FAST}", messages=MESSAGES, n=2)
    assert [choice.message.content for choice in answer.choices] == ["a b", "a b"]
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4
    assert client.models.list().data[0].id == "mock"


def test_async(mock: Mock) -> None:
    async def run() -> str:
        async with openai.AsyncOpenAI(base_url=f"{mock.url}/v1", api_key="none") as client:
            model = f"mock/text=a b c,{FAST}"
            stream = await client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(run()) == "a b c"


def test_an_in_band_error_is_the_sdks_own(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model=f"mock/fault=error@2,{FAST}", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError, match="error while processing"):
        list(stream)


@pytest.mark.parametrize(
    ("fault", "kind"), [("error-before", openai.InternalServerError), ("rate-limit", openai.RateLimitError)]
)
def test_errors_before_the_stream(client: openai.OpenAI, fault: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        client.chat.completions.create(model=f"mock/fault={fault}", messages=MESSAGES, stream=True)


def test_closing_in_mid_stream_stops_the_mock(client: openai.OpenAI, mock: Mock) -> None:
    stream = client.chat.completions.create(
        model="mock/tokens=100000,itl_ms=5,ttft_ms=1", messages=MESSAGES, stream=True
    )
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    name = stream.response.headers["x-mock-id"]
    stream.close()
    record = mock.truth_when(name, lambda record: record["state"] != "running")
    assert record["state"] == "stopped"
    assert record["tokens_after_disconnect"] <= 2
