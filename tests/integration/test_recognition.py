"""Which dialect a stream has, over the command line: paths, headers, first events, and what contradicts them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sseprobe.dialects import by_url
from sseprobe.http_exchange import Chunk, Clock, Read
from sseprobe.sse.framing import Framing
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.units import NS_PER_S
from tests.support.cli import Cli, Result
from tests.support.notes import without_late_stamps
from tests.support.openai import DONE, chunk
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, transfer_chunk

Serve = Callable[..., RawServer]
UI = b"x-vercel-ai-ui-message-stream: v1\r\n"


def events(*values: Any) -> bytes:
    """Events without names; a string is data as it is."""
    data = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return b"".join(b"data: " + each.encode() + b"\n\n" for each in data)


def named(*values: dict[str, Any]) -> bytes:
    """Events named by their type."""
    return b"".join(f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode() for value in values)


CHAT = b"".join([chunk("Hi"), chunk(finish="stop"), DONE])
COMPLETION = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
TEXT = [
    {"type": "text-start", "id": "a"},
    {"type": "text-delta", "id": "a", "delta": "Hi"},
    {"type": "text-end", "id": "a"},
]
MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
    "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip
GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}
BODIES = {
    "openai-chat": CHAT,
    "openai-completions": events(
        {**COMPLETION, "choices": [{"index": 0, "text": "Hi", "finish_reason": None}]},
        {**COMPLETION, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]},
        "[DONE]",
    ),
    "anthropic": named(
        {"type": "message_start", "message": MESSAGE},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ),
    "gemini": events(GEMINI),
    "vercel-ui": events({"type": "start"}, *TEXT, {"type": "finish"}, "[DONE]"),
    "ag-ui": events(
        {"type": "RUN_STARTED", "threadId": "t", "runId": "r"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "Hi"},
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"},
    ),
}
PATHS = {
    "openai-chat": "/v1/chat/completions",
    "openai-completions": "/v1/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m:streamGenerateContent",
}


def ask(
    cli: Cli, serve: Serve, path: str, body: bytes, *words: str, head: bytes = b"", command: str = "stream"
) -> Result:
    """What the command says of this body at this path."""

    def script(peer: Peer) -> None:
        kind = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        peer.send(kind + head + b"\r\n", transfer_chunk(body), LAST_CHUNK)

    return cli(command, f"{serve(script).url}{path}", *words)


def failed(report: dict[str, Any]) -> dict[str, str]:
    """The rules that found something, and their severity."""
    return {each["rule"]: each["severity"] for each in report["results"] if each["verdict"] == "fail"}


@pytest.mark.parametrize("came", BODIES)
@pytest.mark.parametrize("promised", PATHS)
def test_another_protocol_than_the_path_says(promised: str, came: str, cli: Cli, serve: Serve) -> None:
    report = ask(cli, serve, PATHS[promised], BODIES[came], "--report", "json").report
    stream = report["streams"][0]
    assert (report["target"]["dialect"], stream["dialect"], stream["text"]) == (promised, came, "Hi")
    expected = ("complete", 0) if promised == came else ("error", 1)
    assert (stream["ending"], report["exit_code"]) == expected, stream
    assert without_late_stamps(stream["notes"]) == []  # it is told once


@pytest.mark.parametrize(("promised", "came"), [("openai-chat", "anthropic"), ("openai-completions", "openai-chat")])
def test_both_names_are_said(promised: str, came: str, cli: Cli, serve: Serve) -> None:
    for command in ("stream", "check"):
        result = ask(cli, serve, PATHS[promised], BODIES[came], command=command)
        said = " ".join((result.out + result.err).split())
        assert result.code == 1
        assert f"events of {came}" in said
        assert promised in said
    report = ask(cli, serve, PATHS[promised], BODIES[came], "--report", "json", command="check").report
    assert failed(report).pop("JSON009") == "error"
    assert [rule for rule, severity in failed(report).items() if severity == "error"] == ["JSON009"]


@pytest.mark.parametrize("flavour", ["mistral", "openrouter", "vllm", "llamacpp"])
def test_flavours_of_one_form_are_the_same(flavour: str, cli: Cli, serve: Serve) -> None:
    result = ask(cli, serve, PATHS["openai-chat"], CHAT, "--dialect", flavour, "--report", "json")
    assert (result.report["streams"][0]["dialect"], result.code) == (flavour, 0)


def test_clients_that_find_the_text_all_the_same(cli: Cli, serve: Serve) -> None:
    """The object is named as that of chat, and the text stands where completions have it."""
    wrong = {**COMPLETION, "object": "chat.completion.chunk"}
    body = events(
        {**wrong, "choices": [{"index": 0, "text": "Hi", "finish_reason": None}]},
        {**wrong, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]},
        "[DONE]",
    )
    result = ask(cli, serve, PATHS["openai-completions"], body, "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["dialect"], stream["text"], result.code) == ("openai-completions", "Hi", 0)


def test_events_of_another_before_those_of_the_path(cli: Cli, serve: Serve) -> None:
    """A gateway's own first event may look like another protocol's: what follows decides."""
    result = ask(cli, serve, PATHS["openai-chat"], events({"type": "start-step"}) + CHAT, "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["dialect"], stream["text"], stream["ending"], result.code) == ("openai-chat", "Hi", "complete", 0)


SHARED = ["/api/chat", "/api/generate", "/api/responses", "/api/completions", "/api/v2/chat", "/chat"]


@pytest.mark.parametrize("path", SHARED)
@pytest.mark.parametrize("came", BODIES)
def test_a_path_of_any_app_promises_nothing(path: str, came: str, cli: Cli, serve: Serve) -> None:
    result = ask(cli, serve, path, BODIES[came], "-X", "POST", "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["dialect"], stream["text"], stream["ending"], result.code) == (came, "Hi", "complete", 0)


@pytest.mark.parametrize("path", SHARED)
def test_an_apps_own_events_at_such_a_path(path: str, cli: Cli, serve: Serve) -> None:
    body = events(*({"token": token} for token in ("Hi", " there")), "[DONE]")
    result = ask(cli, serve, path, body, "-X", "POST", "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["dialect"], stream["text"], stream["ending"], result.code) == ("plain", "Hi there", "complete", 0)


@pytest.mark.parametrize(
    ("parts", "ending", "error"),
    [
        ([{"type": "start"}, {"type": "error", "errorText": "boom"}], "error", "boom"),
        ([{"type": "start"}, {"type": "abort"}], "error", "the server aborted the stream"),
        ([{"type": "error", "errorText": "boom"}], "error", "boom"),
        ([{"type": "abort", "reason": "left"}], "error", "left"),
        ([{"type": "start"}, {"type": "finish"}], "complete", None),
        (TEXT, "complete", None),
        ([{"type": "start"}, *TEXT], "truncated", None),
        (TEXT[:2], "truncated", None),
    ],
    ids=["error", "abort", "error first", "abort first", "nothing said", "parts alone", "no finish", "no text-end"],
)
def test_the_ai_sdks_streams(parts: list[Any], ending: str, error: str | None, cli: Cli, serve: Serve) -> None:
    for path in ("/api/chat", "/chat"):
        for head in (UI, b""):
            result = ask(cli, serve, path, events(*parts, "[DONE]"), "-X", "POST", "--report", "json", head=head)
            stream = result.report["streams"][0]
            assert (stream["dialect"], stream["ending"], result.code) == ("vercel-ui", ending, ending != "complete")
            assert (stream["error"] or {}).get("message") == error
            assert "choice" not in (stream["ending_reason"] or "")


def test_parts_alone_pass_with_a_warning(cli: Cli, serve: Serve) -> None:
    words = ("--report", "json", "--repeat", "2")
    report = ask(cli, serve, "/api/chat", events(*TEXT, "[DONE]"), *words, head=UI, command="check").report
    found = failed(report)
    assert (found.get("VRC010"), "error" in found.values(), report["exit_code"]) == ("warning", False, 0)


def test_the_first_token_is_none_before_the_dialect_is_known() -> None:
    """`start` alone tells nothing yet, and holds no text: what came is decoded again."""
    decoder = StreamDecoder(by_url("http://localhost/api/chat"), framing=Framing.SSE)
    for second, body in enumerate((events({"type": "start"}), events(*TEXT, {"type": "finish"}, "[DONE]"))):
        decoder.receive(Chunk(body, Read(second, second * NS_PER_S, Clock.KERNEL, 0, 0)))
    assert decoder.dialect.name == "vercel-ui"
    assert (decoder.tally.meter.ttfe_ns, decoder.tally.meter.ttft_ns) == (0, NS_PER_S)


def test_what_a_step_said_before_it_began_again_is_gone(cli: Cli, serve: Serve) -> None:
    call = {"type": "tool-input-start", "toolCallId": "c", "toolName": "f"}
    body = events(
        {"type": "start"}, {"type": "start-step"}, *TEXT, {"type": "finish-step"},
        {"type": "start-step"}, {"type": "text-start", "id": "b"}, {"type": "text-delta", "id": "b", "delta": "wrong"},
        call, {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": '{"half'}, {"type": "reset-step"},
        {"type": "text-start", "id": "b"}, {"type": "text-delta", "id": "b", "delta": " there"},
        {"type": "text-end", "id": "b"}, call, {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": "{}"},
        {"type": "tool-input-available", "toolCallId": "c", "toolName": "f", "input": {}},
        {"type": "finish-step"}, {"type": "finish"}, "[DONE]",
    )  # fmt: skip
    stream = ask(cli, serve, "/api/chat", body, "--report", "json", head=UI).report["streams"][0]
    assert (stream["text"], stream["ending"]) == ("Hi there", "complete")
    assert [(each["name"], each["arguments"]) for each in stream["tool_calls"]] == [("f", "{}")]
    shown = ask(cli, serve, "/api/chat", body, head=UI)
    assert "discarded" in shown.out
    checked = ask(cli, serve, "/api/chat", body, "--repeat", "2", head=UI, command="check")
    assert checked.code == 0, checked


def test_done_behind_message_stop(cli: Cli, serve: Serve) -> None:
    body = BODIES["anthropic"] + b"data: [DONE]\n\n"
    assert ask(cli, serve, "/v1/messages", body).code == 0
    report = ask(cli, serve, "/v1/messages", body, "--repeat", "2", "--report", "json", command="check").report
    found = failed(report)
    assert (found.get("ANT013"), "error" in found.values(), report["exit_code"]) == ("info", False, 0)
    without = BODIES["anthropic"].partition(b"event: message_stop")[0] + b"data: [DONE]\n\n"
    assert ask(cli, serve, "/v1/messages", without).code == 1


@pytest.mark.parametrize("first", [1, 5])
def test_anthropics_count_is_cumulative(first: int, cli: Cli, serve: Serve) -> None:
    body = BODIES["anthropic"].replace(
        b'"input_tokens": 1, "output_tokens": 1', b'"input_tokens": 1, "output_tokens": %d' % first
    )
    report = ask(cli, serve, "/v1/messages", body, "--report", "json", command="check").report
    assert failed(report).get("JSON006") == ("warning" if first > 1 else None)


def test_geminis_usage_with_server_side_tools(cli: Cli, serve: Serve) -> None:
    """Later responses leave counts out, and a tool begins another round."""
    usages = [
        {"promptTokenCount": 4, "candidatesTokenCount": 5, "thoughtsTokenCount": 90, "totalTokenCount": 99},
        {"promptTokenCount": 4, "candidatesTokenCount": 7, "totalTokenCount": 101},
        {"promptTokenCount": 4, "candidatesTokenCount": 8, "toolUsePromptTokenCount": 60, "thoughtsTokenCount": 20},
    ]
    parts = {"content": {"role": "model", "parts": [{"text": "Hi"}]}}
    body = events(*({"candidates": [parts], "usageMetadata": usage} for usage in usages), GEMINI)
    path = PATHS["gemini"]
    metrics = ask(cli, serve, path, body, "--report", "json").report["streams"][0]["metrics"]
    assert (metrics["tokens"], metrics["input_tokens"]) == (28, 64)
    report = ask(cli, serve, path, body, "--report", "json", command="check").report
    assert "JSON006" not in failed(report)


def test_geminis_array_names_what_is_missing(cli: Cli, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        peer.send(kind, transfer_chunk(b"[" + json.dumps(GEMINI).encode() + b"\n]"), LAST_CHUNK)

    for command in ("stream", "check"):
        result = cli(command, f"{serve(script).url}/v1beta/models/m:streamGenerateContent")
        assert result.code == 3
        assert "sends without the query alt=sse" in " ".join((result.out + result.err).split())


def test_a_block_of_retry_alone_is_none_of_an_apps_faults(cli: Cli, serve: Serve) -> None:
    body = b"retry: 1000\n\n" + events({"token": "Hi"}, "[DONE]")
    assert "SSE013" not in failed(ask(cli, serve, "/chat", body, "--report", "json", command="check").report)


def test_a_failure_in_another_protocol_names_both(cli: Cli, serve: Serve) -> None:
    body = BODIES["anthropic"].partition(b"event: content_block_stop")[0] + named(
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    )
    stream = ask(cli, serve, PATHS["openai-chat"], body, "--report", "json").report["streams"][0]
    assert (stream["ending"], stream["error"]["message"]) == ("error", "Overloaded")
    assert any("events of anthropic, but openai-chat was expected" in note for note in stream["notes"])
