"""Each vendor's events, as their documentation shows them, and what they decode to."""

from typing import Any

import pytest

from sseprobe.dialects.base import Delta, DeltaKind
from tests.support.decoding import Decoding


def text(said: str) -> Delta:
    return Delta(DeltaKind.TEXT, said)


def call(said: str, number: int | str | None, name: str | None = None) -> Delta:
    return Delta(DeltaKind.TOOL_CALL, said, call=number, name=name)


RESPONSES: list[tuple[Any, list[Delta]]] = [
    ({"type": "response.created", "response": {"status": "in_progress"}}, []),
    ({"type": "response.queued", "response": {}}, []),
    ({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}}, []),
    ({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi"}, [text("Hi")]),
    ({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hi"}, []),
    # A server that sends no deltas, only what they would have come to.
    ({"type": "response.output_text.done", "output_index": 0, "content_index": 1, "text": "All"}, [text("All")]),
    ({"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "No"}, [Delta(DeltaKind.REFUSAL, "No")]),
    ({"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "Hm"}, [Delta(DeltaKind.REASONING, "Hm")]),
    ({"type": "response.reasoning_text.delta", "output_index": 0, "delta": "Hm"}, [Delta(DeltaKind.REASONING, "Hm")]),
    (
        {"type": "response.output_item.added", "output_index": 1, "item": {"type": "function_call", "name": "f"}},
        [call("", 1, "f")],
    ),
    ({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}, [call("{}", 1)]),
    ({"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{}"}, []),
    (
        {"type": "response.output_text.annotation.added", "annotation": {"url": "https://a", "title": "A"}},
        [Delta(DeltaKind.CITATION, "A https://a")],
    ),
    ({"type": "response.web_search_call.searching", "output_index": 2}, []),
    (
        {"type": "error", "code": "server_error", "message": "m", "param": None, "sequence_number": 3},
        [Delta(DeltaKind.ERROR, "m", code="server_error")],
    ),
    (
        {"type": "response.failed", "response": {"status": "failed", "error": {"code": "c", "message": "m"}}},
        [Delta(DeltaKind.ERROR, "m", code="c"), Delta(DeltaKind.END, "output item 0 was never done")],
    ),
    (
        {
            "type": "response.incomplete",
            "response": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [{}, {}],
                         "usage": {"input_tokens": 2, "output_tokens": 3}},
        },
        [
            Delta(DeltaKind.USAGE, output_tokens=3, input_tokens=2),
            Delta(DeltaKind.FINISH, "max_output_tokens", incomplete="length"),
            Delta(DeltaKind.END),
        ],
    ),
]  # fmt: skip
ANTHROPIC: list[tuple[Any, list[Delta]]] = [
    (
        {"type": "message_start", "message": {"usage": {"input_tokens": 25, "output_tokens": 1}}},
        [Delta(DeltaKind.USAGE, input_tokens=25)],
    ),
    ({"type": "ping"}, [Delta(DeltaKind.HEARTBEAT)]),
    ({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, []),
    ({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}, [text("Hi")]),
    (
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}},
        [Delta(DeltaKind.REASONING, "Hm")],
    ),
    ({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}}, []),
    (
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "citations_delta", "citation": {"cited_text": "c", "document_title": "D"}}},
        [Delta(DeltaKind.CITATION, "D")],
    ),
    (
        {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "f", "input": {}}},
        [call("", 2, "f")],
    ),
    (
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a'}},
        [call('{"a', 2)],
    ),
    ({"type": "content_block_stop", "index": 2}, []),
    (
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 15}},
        [Delta(DeltaKind.USAGE, output_tokens=15), Delta(DeltaKind.FINISH, "max_tokens", incomplete="length")],
    ),
    ({"type": "message_delta", "delta": {"stop_reason": "pause_turn"}},
     [Delta(DeltaKind.FINISH, "pause_turn", incomplete="paused")]),
    ({"type": "message_stop"}, [Delta(DeltaKind.END)]),
    (
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"},
        [Delta(DeltaKind.ERROR, "Overloaded", type="overloaded_error")],
    ),
]  # fmt: skip
GEMINI: list[tuple[Any, list[Delta]]] = [
    ({"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}, [text("Hi")]),
    ({"candidates": [{"content": {"parts": [{"text": "Hm", "thought": True}]}}]}, [Delta(DeltaKind.REASONING, "Hm")]),
    ({"candidates": [{"index": 1, "content": {"parts": [{"text": "b"}]}}]}, [Delta(DeltaKind.TEXT, "b", choice=1)]),
    (
        {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"a": 1}}},
                                               {"functionCall": {"name": "g"}}]}}]},
        [call('{"a":1}', 0, "f"), call("{}", 1, "g")],
    ),
    ({"candidates": [{"content": {"parts": [{"functionCall": {"name": "h"}}]}}]}, [call("{}", 2, "h")]),
    (
        {"candidates": [{"finishReason": "MAX_TOKENS"}],
         "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 7, "thoughtsTokenCount": 2}},
        [Delta(DeltaKind.FINISH, "MAX_TOKENS", incomplete="length"), Delta(DeltaKind.USAGE, output_tokens=9, input_tokens=1)],
    ),
    ({"candidates": [{"finishReason": "STOP"}]}, [Delta(DeltaKind.FINISH, "STOP")]),
    ({"candidates": [{"finishReason": "FINISH_REASON_UNSPECIFIED"}]}, []),
    (
        {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]},
        [Delta(DeltaKind.FINISH, "MALFORMED_FUNCTION_CALL", incomplete="malformed-function-call")],
    ),
    ({"promptFeedback": {"blockReason": "SAFETY"}}, [Delta(DeltaKind.FINISH, "SAFETY", incomplete="content-filter")]),
    (
        {"candidates": [{"groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}]}}]},
        [Delta(DeltaKind.CITATION, "A https://a")],
    ),
    (
        {"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}},
        [Delta(DeltaKind.ERROR, "m", type="UNAVAILABLE", code="503")],
    ),
    # What a later response leaves out stays; what server-side tools read is input.
    ({"usageMetadata": {"promptTokenCount": 1, "toolUsePromptTokenCount": 5}},
     [Delta(DeltaKind.USAGE, output_tokens=9, input_tokens=6)]),
]  # fmt: skip
COHERE: list[tuple[Any, list[Delta]]] = [
    ({"type": "message-start", "id": "x", "delta": {"message": {"role": "assistant"}}}, []),
    ({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}, []),
    ({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}}, [text("Hi")]),
    (
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"thinking": "Hm"}}}},
        [Delta(DeltaKind.REASONING, "Hm")],
    ),
    ({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will"}}}, [Delta(DeltaKind.REASONING, "I will")]),
    (
        {"type": "tool-call-start", "index": 1,
         "delta": {"message": {"tool_calls": {"id": "i", "function": {"name": "f", "arguments": ""}}}}},
        [call("", 1, "f")],
    ),
    (
        {"type": "tool-call-delta", "index": 1, "delta": {"message": {"tool_calls": {"function": {"arguments": "{"}}}}},
        [call("{", 1)],
    ),
    ({"type": "tool-call-end", "index": 1}, []),
    (
        {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"text": "c", "sources": [
            {"type": "document", "id": "doc:1", "document": {"title": "D"}}]}}}},
        [Delta(DeltaKind.CITATION, "D")],
    ),
    (
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE",
                                          "usage": {"tokens": {"input_tokens": 3.0, "output_tokens": 4.0}}}},
        [Delta(DeltaKind.USAGE, output_tokens=4, input_tokens=3), Delta(DeltaKind.FINISH, "COMPLETE"), Delta(DeltaKind.END)],
    ),
    (
        {"type": "message-end", "delta": {"finish_reason": "TIMEOUT"}},
        [
            Delta(DeltaKind.FINISH, "TIMEOUT"),
            Delta(DeltaKind.ERROR, "the model stopped with finish_reason TIMEOUT", type="TIMEOUT"),
            Delta(DeltaKind.END),
        ],
    ),
    (
        {"type": "message-end", "delta": {"error": "boom"}},
        [Delta(DeltaKind.ERROR, "boom"), Delta(DeltaKind.END)],
    ),
]  # fmt: skip
OLLAMA: list[tuple[Any, list[Delta]]] = [
    ({"model": "m", "message": {"role": "assistant", "content": "Hi"}, "done": False}, [text("Hi")]),
    ({"model": "m", "response": "Hi", "done": False}, [text("Hi")]),
    ({"model": "m", "message": {"content": "", "thinking": "Hm"}, "done": False}, [Delta(DeltaKind.REASONING, "Hm")]),
    (
        {"message": {"content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}, "done": False},
        [call('{"a":1}', 0, "f")],
    ),
    (
        {"message": {"content": ""}, "done": True, "done_reason": "length", "eval_count": 5, "prompt_eval_count": 2},
        [
            Delta(DeltaKind.USAGE, output_tokens=5, input_tokens=2),
            Delta(DeltaKind.FINISH, "length", incomplete="length"),
            Delta(DeltaKind.END),
        ],
    ),
    ({"done": True}, [Delta(DeltaKind.FINISH), Delta(DeltaKind.END)]),
    ({"error": "an error was encountered"}, [Delta(DeltaKind.ERROR, "an error was encountered")]),
]
VERCEL: list[tuple[Any, list[Delta]]] = [
    ({"type": "start", "messageId": "m"}, []),
    ({"type": "start-step"}, [Delta(DeltaKind.STEP)]),
    ({"type": "text-start", "id": "t"}, []),
    ({"type": "text-delta", "id": "t", "delta": "Hi"}, [text("Hi")]),
    ({"type": "reset-step"}, [Delta(DeltaKind.RESET)]),
    ({"type": "custom", "kind": "a.b"}, []),
    ({"type": "reasoning-file", "url": "data:", "mediaType": "image/png"}, []),
    ({"type": "steering-message", "id": "s", "parts": [{"type": "text", "text": "no"}]}, []),
    ({"type": "tool-approval-response", "approvalId": "a", "approved": True}, []),
    ({"type": "reasoning-delta", "id": "r", "delta": "Hm"}, [Delta(DeltaKind.REASONING, "Hm")]),
    ({"type": "tool-input-start", "toolCallId": "c", "toolName": "f"}, [call("", "c", "f")]),
    ({"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": "{}"}, [call("{}", "c")]),
    ({"type": "tool-input-available", "toolCallId": "c", "toolName": "f", "input": {}}, []),
    ({"type": "tool-input-available", "toolCallId": "d", "toolName": "g", "input": {"a": 1}}, [call('{"a":1}', "d", "g")]),
    ({"type": "source-url", "sourceId": "s", "url": "https://a"}, [Delta(DeltaKind.CITATION, "https://a")]),
    ({"type": "data-weather", "data": 1}, []),
    (
        {"type": "finish", "finishReason": "content-filter", "messageMetadata": {"totalUsage": {"outputTokens": 3}}},
        [Delta(DeltaKind.USAGE, output_tokens=3), Delta(DeltaKind.FINISH, "content-filter", incomplete="content-filter")],
    ),
    ({"type": "finish"}, [Delta(DeltaKind.FINISH)]),
    ({"type": "error", "errorText": "m"}, [Delta(DeltaKind.ERROR, "m")]),
    ({"type": "abort"}, [Delta(DeltaKind.ERROR, "the server aborted the stream", type="abort", code="cancelled")]),
]  # fmt: skip
AG_UI: list[tuple[Any, list[Delta]]] = [
    ({"type": "RUN_STARTED", "threadId": "t", "runId": "r"}, []),
    ({"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"}, []),
    ({"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "Hi"}, [text("Hi")]),
    ({"type": "RUN_FINISHED"}, [Delta(DeltaKind.FINISH, "success"), Delta(DeltaKind.END, "message m is still open")]),
    ({"type": "TEXT_MESSAGE_END", "messageId": "m"}, []),
    ({"type": "REASONING_MESSAGE_CONTENT", "messageId": "r", "delta": "Hm"}, [Delta(DeltaKind.REASONING, "Hm")]),
    ({"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "f"}, [call("", "c", "f")]),
    ({"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "{}"}, [call("{}", "c")]),
    ({"type": "TOOL_CALL_END", "toolCallId": "c"}, []),
    ({"type": "STATE_DELTA", "delta": []}, []),
    (
        {"type": "RUN_FINISHED", "usage": [{"inputTokens": 1, "outputTokens": 2}, {"outputTokens": 3}]},
        [
            Delta(DeltaKind.USAGE, output_tokens=5, input_tokens=1),
            Delta(DeltaKind.FINISH, "success"),
            Delta(DeltaKind.END),
        ],
    ),
    (
        {"type": "RUN_FINISHED", "outcome": {"type": "interrupt"}},
        [Delta(DeltaKind.FINISH, "interrupt", incomplete="paused"), Delta(DeltaKind.END)],
    ),
    ({"type": "RUN_ERROR", "message": "m", "code": "c"}, [Delta(DeltaKind.ERROR, "m", code="c")]),
]
TABLES = {
    "openai-responses": RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "cohere": COHERE,
    "ollama": OLLAMA,
    "vercel-ui": VERCEL,
    "ag-ui": AG_UI,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_the_vendor_sends(name: str) -> None:
    """One stream after the other: the decoders remember what came before."""
    decoding = Decoding(name)
    for value, deltas in TABLES[name]:
        assert decoding.json(value) == deltas, value


def test_terminators_that_are_no_json() -> None:
    assert Decoding("vercel-ui").text("[DONE]") == [Delta(DeltaKind.END, "no part of a message before it")]
    assert Decoding("openai-completions").text("[DONE]") == [Delta(DeltaKind.END)]
    assert Decoding("cohere").text("[DONE]") == []  # `message-end` is Cohere's


def test_what_is_remembered_is_bounded() -> None:
    for name, event in (
        ("ag-ui", lambda n: {"type": "TEXT_MESSAGE_START", "messageId": str(n)}),
        ("vercel-ui", lambda n: {"type": "tool-input-start", "toolCallId": str(n), "toolName": "f"}),
        ("openai-responses", lambda n: {"type": "response.output_item.added", "output_index": n, "item": {}}),
        ("openai-responses", lambda n: {"type": "response.output_text.delta", "output_index": n, "delta": "x"}),
    ):
        decoding = Decoding(name)
        for number in range(3000):
            decoding.json(event(number))
        kept = vars(decoding._decode.__self__)  # type: ignore[attr-defined]  # a bound method
        assert max(len(value) for value in kept.values() if isinstance(value, dict | set)) == 1024
