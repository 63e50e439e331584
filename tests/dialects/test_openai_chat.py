"""openai-chat and its flavours: right about what vendors and servers send."""

from typing import Any

import pytest

from sseprobe.dialects.base import Delta, Kind
from tests.support.decoding import Decoding


def decode(value: Any) -> list[Delta]:
    return Decoding("openai-chat").json(value)


def choice(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


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
        (choice({}, "length"), [Delta(Kind.FINISH, "length", incomplete="length")]),
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
        ({"new": 1}, [Delta(Kind.UNKNOWN, '{"new": 1}', type="message")]),
        (choice({}, "content_filter"), [Delta(Kind.FINISH, "content_filter", incomplete="content-filter")]),
        (
            choice({"content": ""}, "error") | {"error": {"message": "m", "code": "server_error"}},
            [Delta(Kind.ERROR, "m", code="server_error"), Delta(Kind.FINISH, "error")],
        ),
        (
            choice({}, "error"),
            [
                Delta(Kind.FINISH, "error"),
                Delta(Kind.ERROR, "the model stopped with finish_reason error", type="error"),
            ],
        ),
        (
            choice({"function_call": {"name": "f", "arguments": "{}"}}),
            [Delta(Kind.TOOL_CALL, "{}", call=0, name="f")],
        ),
        (
            choice({"annotations": [{"type": "url_citation", "url_citation": {"url": "https://a", "title": "A"}}]}),
            [Delta(Kind.CITATION, "A https://a")],
        ),
        (
            choice({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
            [Delta(Kind.REASONING, "hm")],
        ),
        (
            choice({"content": [{"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1, 2]}]}),
            [Delta(Kind.TEXT, "a"), Delta(Kind.CITATION, "[1,2]")],
        ),
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
    assert Decoding("openai-chat").text(data) == [Delta(Kind.END)]
