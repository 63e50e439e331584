"""openai-chat and its flavours: right about what vendors and servers send."""

from typing import Any

import pytest

from sseprobe.dialects.base import Delta, DeltaKind
from tests.support.decoding import Decoding


def decode(value: Any) -> list[Delta]:
    return Decoding("openai-chat").json(value)


def choice(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("value", "deltas"),
    [
        (choice({"content": "hi"}), [Delta(DeltaKind.TEXT, "hi")]),
        (choice({"content": ""}), []),
        (choice({"content": None, "role": "assistant"}), []),
        (choice({"content": "a\ud83d"}), [Delta(DeltaKind.TEXT, "a\ufffd")]),
        (choice({"reasoning_content": "hm"}), [Delta(DeltaKind.REASONING, "hm")]),
        (choice({"reasoning": "hm"}), [Delta(DeltaKind.REASONING, "hm")]),
        (choice({"refusal": "no"}), [Delta(DeltaKind.REFUSAL, "no")]),
        (choice({"content": "b"}, index=2), [Delta(DeltaKind.TEXT, "b", choice=2)]),
        (choice({}, "length"), [Delta(DeltaKind.FINISH, "length", incomplete="length")]),
        (
            choice({"tool_calls": [{"index": 1, "id": "c", "function": {"name": "f", "arguments": ""}}]}),
            [Delta(DeltaKind.TOOL_CALL, "", call=1, name="f")],
        ),
        (choice({"tool_calls": [{"function": {"arguments": '{"a'}}]}), [Delta(DeltaKind.TOOL_CALL, '{"a', call=0)]),
        (
            {"choices": [], "usage": {"completion_tokens": 3, "prompt_tokens": 2}},
            [Delta(DeltaKind.USAGE, output_tokens=3, input_tokens=2)],
        ),
        ({"choices": [], "usage": {"completion_tokens": True, "prompt_tokens": -1}}, [Delta(DeltaKind.USAGE)]),
        ({"choices": [], "usage": None}, []),
        ({"new": 1}, [Delta(DeltaKind.UNKNOWN, '{"new": 1}', type="message")]),
        (choice({}, "content_filter"), [Delta(DeltaKind.FINISH, "content_filter", incomplete="content-filter")]),
        (
            choice({"content": ""}, "error") | {"error": {"message": "m", "code": "server_error"}},
            [Delta(DeltaKind.ERROR, "m", code="server_error"), Delta(DeltaKind.FINISH, "error")],
        ),
        (
            choice({}, "error"),
            [
                Delta(DeltaKind.FINISH, "error"),
                Delta(DeltaKind.ERROR, "the model stopped with finish_reason error", type="error"),
            ],
        ),
        (
            choice({"function_call": {"name": "f", "arguments": "{}"}}),
            [Delta(DeltaKind.TOOL_CALL, "{}", call=0, name="f")],
        ),
        (
            choice({"annotations": [{"type": "url_citation", "url_citation": {"url": "https://a", "title": "A"}}]}),
            [Delta(DeltaKind.CITATION, "A https://a")],
        ),
        (
            choice({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
            [Delta(DeltaKind.REASONING, "hm")],
        ),
        (
            choice({"content": [{"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1, 2]}]}),
            [Delta(DeltaKind.TEXT, "a"), Delta(DeltaKind.CITATION, "[1,2]")],
        ),
        ({"error": {"message": "m", "type": "t", "code": 429}}, [Delta(DeltaKind.ERROR, "m", type="t", code="429")]),
        ({"error": "plain"}, [Delta(DeltaKind.ERROR, "plain")]),
        ({"error": {"detail": 1}}, [Delta(DeltaKind.ERROR, '{"detail":1}')]),
        ({"object": "error", "message": "old vLLM"}, [Delta(DeltaKind.ERROR, "old vLLM")]),
        ({"error": None, "choices": []}, []),
    ],
)
def test_what_vendors_send(value: Any, deltas: list[Delta]) -> None:
    assert decode(value) == deltas


@pytest.mark.parametrize("data", ["[DONE]", "[DONE] "])
def test_the_terminator(data: str) -> None:
    assert Decoding("openai-chat").text(data) == [Delta(DeltaKind.END)]
