"""What holds for every dialect: total over whatever comes, told by URL and events, asked in the vendor's own shape."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe import dialects
from sseprobe.dialects import ag_ui, anthropic, cohere, openai_responses_types, vercel_parts
from sseprobe.dialects.base import Delta, DeltaKind
from sseprobe.errors import UsageError
from tests.support.decoding import Decoding, event

NAMES = dialects.NAMES
TYPES = sorted(
    openai_responses_types.KNOWN | ag_ui._OWN | anthropic._OWN | cohere._DECODERS.keys() | vercel_parts.PARTS.keys()
    | {"error", "text", "thinking", "text_delta", "input_json_delta", "citations_delta", "tool_use", "function_call"}
)  # fmt: skip
FIELDS = [
    "type",
    "choices",
    "delta",
    "content",
    "tool_calls",
    "function",
    "arguments",
    "name",
    "index",
    "usage",
    "error",
    "finish_reason",
    "completion_tokens",
    "message",
    "code",
    "object",
    "id",
    "candidates",
    "parts",
    "text",
    "thought",
    "functionCall",
    "args",
    "finishReason",
    "usageMetadata",
    "promptFeedback",
    "blockReason",
    "citationMetadata",
    "citationSources",
    "response",
    "item",
    "output_index",
    "status",
    "output",
    "incomplete_details",
    "reason",
    "content_block",
    "content_index",
    "stop_reason",
    "citation",
    "thinking",
    "done",
    "done_reason",
    "eval_count",
    "errorText",
    "toolCallId",
    "toolName",
    "input",
    "messageMetadata",
    "totalUsage",
    "outputTokens",
    "messageId",
    "outcome",
    "threadId",
    "annotations",
    "reference_ids",
    "tokens",
    "sources",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(TYPES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5)
        | st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional=dict.fromkeys(FIELDS[1:], inner))
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", NAMES)
@given(values=st.lists(JSON, max_size=4))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_any_json_decodes_to_deltas(name: str, values: list[Any]) -> None:
    decoding = Decoding(name)
    for value in values:
        dialects.by_name(name).recognises(event(""), value)
        for delta in decoding.json(value):
            for text in (delta.text, delta.name, delta.type, delta.code, delta.call):
                assert isinstance(text, str | int | None)
                str(text).encode()  # no lone surrogate


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "data", ["[" * 100_000, '{"choices":' * 10_000, '"\\ud800"', "1" * 10_000, "NaN", '{"error":NaN}', "", "x", "{"]
)
def test_awkward_payloads(name: str, data: str) -> None:
    assert all(isinstance(delta, Delta) for delta in Decoding(name).text(data))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "plain"])
def test_broken_json_and_unknown_types_are_kept(name: str) -> None:
    decoding = Decoding(name)
    assert decoding.text('{"a":') == [Delta(DeltaKind.UNKNOWN, '{"a":', type="not JSON")]
    assert decoding.json({"type": "brand.new"}) == [Delta(DeltaKind.UNKNOWN, '{"type": "brand.new"}', type="brand.new")]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/v1/chat/completions", "openai-chat"),
        ("http://h/v1/chat/completions/?x=1", "openai-chat"),
        ("http://h/api/openai/chat/completions", "openai-chat"),
        ("http://h/api/v1/chat/completions", "openai-chat"),
        ("https://openrouter.ai/api/v1/chat/completions", "openrouter"),
        ("https://api.mistral.ai/v1/chat/completions", "mistral"),
        ("https://notmistral.ai/v1/chat/completions", "openai-chat"),
        ("http://h/mistral/v1/chat/completions", "mistral"),
        ("http://h/vllm/v1/chat/completions", "vllm"),
        ("http://h/v1/completions", "openai-completions"),
        ("http://h/v1/responses", "openai-responses"),
        ("http://h/v1/messages", "anthropic"),
        ("http://h/v1beta/models/gemini-2.5:streamGenerateContent?alt=sse", "gemini"),
        ("http://h/v1/models/a/b=c:streamGenerateContent", "gemini"),
        ("http://h/v2/chat", "cohere"),
        ("http://h/api/chat", "ollama"),
        ("http://h/api/generate/", "ollama"),
        ("http://h/vercel-ui/chat", "vercel-ui"),
        ("http://h/ag-ui/run", "ag-ui"),
        ("http://h/chat", None),
        ("http://[h/v1/messages", None),
        ("http://h", None),
    ],
)
def test_the_url_tells_the_dialect(url: str, name: str | None) -> None:
    found = dialects.by_url(url)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"object": "chat.completion.chunk", "choices": []}, "openai-chat"),
        ({"object": "text_completion", "choices": []}, "openai-completions"),
        ({"type": "response.created", "response": {}}, "openai-responses"),
        ({"type": "message_start", "message": {}}, "anthropic"),
        ({"type": "ping"}, None),
        ({"candidates": []}, "gemini"),
        ({"type": "message-start"}, "cohere"),
        ({"model": "m", "created_at": "2026-11-23T12:00:00Z", "done": False}, "ollama"),
        ({"type": "start", "messageId": "m"}, "vercel-ui"),
        ({"type": "text-delta", "id": "1", "delta": "x"}, "vercel-ui"),
        # What an app may send that speaks no dialect: to take it for one would be a false alarm at its end.
        ({"type": "start"}, None),
        ({"type": "finish"}, None),
        ({"type": "file"}, None),
        ({"type": "debug"}, None),
        ({"type": "CUSTOM"}, None),
        ({"text": "x", "done": False}, None),
        ({"responseId": 1}, None),
        ({"type": "RUN_STARTED"}, "ag-ui"),
        ({"type": "error"}, None),
        ({"error": {}}, None),
        (["x"], None),
        (1, None),
    ],
)
def test_an_event_tells_the_dialect(value: Any, name: str | None) -> None:
    found = dialects.by_event(event(json.dumps(value)), value)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("klingon", "Known are: auto, openai-chat"),
        ("antropic", "Did you mean anthropic?"),
        ("Gemini", "Did you mean gemini?"),
        ("openai-response", "Did you mean openai-responses?"),
    ],
)
def test_an_unknown_dialect_is_a_usage_error(named: str, says: str) -> None:
    with pytest.raises(UsageError, match=named) as raised:
        dialects.by_name(named)
    assert says in str(raised.value)


def test_every_dialect_is_whole() -> None:
    for name in NAMES:
        dialect = dialects.by_name(name)
        assert dialect.name == name
        assert dialect.key_header("k")[1].endswith("k")
        told = dialects.by_url(f"http://h{dialect.path}")
        assert (told.name if told else "plain") == name


PROMPT = [{"role": "user", "content": "Hi"}]
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai-chat": (
        "/v1/chat/completions",
        {"model": "m", "messages": PROMPT, "stream": True, "stream_options": {"include_usage": True}},
    ),
    "openai-completions": (
        "/v1/completions",
        {"model": "m", "prompt": "Hi", "max_tokens": 1024, "stream": True, "stream_options": {"include_usage": True}},
    ),
    "openai-responses": ("/v1/responses", {"model": "m", "input": "Hi", "stream": True}),
    "anthropic": ("/v1/messages", {"model": "m", "max_tokens": 4096, "messages": PROMPT, "stream": True}),
    "gemini": (
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    ),
    "cohere": ("/v2/chat", {"model": "m", "messages": PROMPT, "stream": True}),
    "mistral": ("/mistral/v1/chat/completions", {"model": "m", "messages": PROMPT, "stream": True}),
    "ollama": ("/api/chat", {"model": "m", "messages": PROMPT, "stream": True}),
    "vercel-ui": (
        "/vercel-ui/chat",
        {
            "id": "sseprobe",
            "messages": [{"id": "sseprobe-1", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}],
            "trigger": "submit-message",
            "model": "m",
        },
    ),
    "ag-ui": (
        "/ag-ui/run",
        {
            "threadId": "sseprobe",
            "runId": "sseprobe-1",
            "state": {},
            "messages": [{"id": "sseprobe-1", "role": "user", "content": "Hi"}],
            "tools": [],
            "context": [],
            "forwardedProps": {"model": "m"},
        },
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_each_is_asked_in_its_own_shape(name: str) -> None:
    dialect = dialects.by_name(name)
    assert dialect.request is not None
    request = dialect.request(f"http://h{dialect.path}", "Hi", "m")
    path, body = REQUESTS[name]
    assert request.url == f"http://h{path}"
    assert json.loads(request.body or b"") == body


def test_requests_of_one_vendor() -> None:
    def ask(name: str, url: str, model: str | None = None) -> Any:
        build = dialects.by_name(name).request
        assert build is not None
        return build(url, "Hi", model)

    assert json.loads(ask("ollama", "http://h/api/generate").body) == {"model": "mock", "prompt": "Hi", "stream": True}
    assert ("Accept", "application/x-ndjson") in ask("ollama", "http://h/api/chat").headers
    assert ("anthropic-version", "2023-06-01") in ask("anthropic", "http://h/v1/messages").headers
    url = "http://h/v1/models/m:streamGenerateContent"
    assert ask("gemini", url + "?key=k").url == url + "?key=k&alt=sse"
    assert ask("gemini", url + "?alt=json").url == url + "?alt=json"
    assert ask("gemini", url, "a b/c%2C").url == "http://h/v1/models/a%20b/c%252C:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("openai-chat", ("Authorization", "Bearer k")),
        ("openai-responses", ("Authorization", "Bearer k")),
        ("anthropic", ("x-api-key", "k")),
        ("gemini", ("x-goog-api-key", "k")),
        ("cohere", ("Authorization", "Bearer k")),
        ("mistral", ("Authorization", "Bearer k")),
    ],
)
def test_keys_go_in_the_vendors_own_header(name: str, header: tuple[str, str]) -> None:
    assert dialects.by_name(name).key_header("k") == header
