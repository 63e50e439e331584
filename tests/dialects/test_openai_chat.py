"""openai-chat: total over whatever comes, and right about what the vendor sends."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe import dialects
from sseprobe.dialects.base import Delta, Kind
from sseprobe.errors import UsageError
from sseprobe.sse import Event

DECODE = dialects.by_name("openai-chat").decode
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "delta", "content", "tool_calls", "function", "arguments", "name", "index", "usage", "error",
                         "finish_reason", "completion_tokens", "message", "code", "type", "object", "id"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def event(data: str) -> Event:
    return Event("message", data, "", 0, len(data))


def decode(value: Any) -> list[Delta]:
    return [delta for delta in DECODE(event(json.dumps(value))) if delta.kind is not Kind.OPEN]


def choice(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


@given(JSON)
@settings(derandomize=True, max_examples=400, deadline=None)
def test_any_json_decodes_to_deltas(value: Any) -> None:
    for delta in DECODE(event(json.dumps(value))):
        delta.text.encode()  # no lone surrogate


@given(st.text())
@settings(derandomize=True)
def test_any_text_decodes_to_deltas(text: str) -> None:
    assert all(isinstance(delta, Delta) for delta in DECODE(event(text)))


@pytest.mark.parametrize(
    "data", ["[" * 100_000, '{"choices":' * 10_000, '"\\ud800"', "1" * 10_000, "NaN", '{"error":NaN}', ""]
)
def test_awkward_payloads(data: str) -> None:
    assert all(isinstance(delta, Delta) for delta in DECODE(event(data)))


@pytest.mark.parametrize(
    ("value", "deltas"),
    [
        (choice({"content": "hi"}), [Delta(Kind.TEXT, "hi")]),
        (choice({"content": ""}), []),
        (choice({"content": None, "role": "assistant"}), []),
        (choice({"content": "a\ud83d"}), [Delta(Kind.TEXT, "a\ufffd")]),
        (choice({"reasoning_content": "hm"}), [Delta(Kind.REASONING, "hm")]),
        (choice({"reasoning": "hm"}), [Delta(Kind.REASONING, "hm")]),
        (choice({"refusal": "no"}), [Delta(Kind.REFUSAL, "no")]),
        (choice({"content": "b"}, index=2), [Delta(Kind.TEXT, "b", choice=2)]),
        (choice({}, "length"), [Delta(Kind.FINISH, "length")]),
        (
            choice({"tool_calls": [{"index": 1, "id": "c", "function": {"name": "f", "arguments": ""}}]}),
            [Delta(Kind.TOOL_CALL, "", call=1, name="f")],
        ),
        (choice({"tool_calls": [{"function": {"arguments": '{"a'}}]}), [Delta(Kind.TOOL_CALL, '{"a', call=0)]),
        (
            {"choices": [], "usage": {"completion_tokens": 3, "prompt_tokens": 2}},
            [Delta(Kind.USAGE, output_tokens=3, input_tokens=2)],
        ),
        ({"choices": [], "usage": {"completion_tokens": True, "prompt_tokens": -1}}, [Delta(Kind.USAGE)]),
        ({"choices": [], "usage": None}, []),
        ({"new": 1}, [Delta(Kind.UNKNOWN, '{"new": 1}')]),
        ({"error": {"message": "m", "type": "t", "code": 429}}, [Delta(Kind.ERROR, "m", type="t", code="429")]),
        ({"error": "plain"}, [Delta(Kind.ERROR, "plain")]),
        ({"error": {"detail": 1}}, [Delta(Kind.ERROR, '{"detail":1}')]),
        ({"object": "error", "message": "old vLLM"}, [Delta(Kind.ERROR, "old vLLM")]),
        ({"error": None, "choices": []}, []),
    ],
)
def test_what_vendors_send(value: Any, deltas: list[Delta]) -> None:
    assert decode(value) == deltas


@pytest.mark.parametrize("data", ["[DONE]", "[DONE] "])
def test_the_terminator(data: str) -> None:
    assert DECODE(event(data)) == (Delta(Kind.END),)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/v1/chat/completions", "openai-chat"),
        ("http://h/v1/chat/completions/?x=1", "openai-chat"),
        ("http://h/api/openai/chat/completions", "openai-chat"),
        ("http://h/chat", None),
        ("http://h", None),
    ],
)
def test_the_path_tells_the_dialect(url: str, name: str | None) -> None:
    found = dialects.by_url(url)
    assert (found.name if found else None) == name


def test_an_unknown_dialect_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="klingon"):
        dialects.by_name("klingon")


def test_every_dialect_is_whole() -> None:
    for name in dialects.NAMES:
        dialect = dialects.by_name(name)
        assert dialect.name == name
        assert dialect.key_header("k")[1].endswith("k")
        assert isinstance(dialect.decode(event("x")), tuple)
