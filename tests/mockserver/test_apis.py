"""The mock's APIs on the wire: bytes of the framing faults, failures in each vendor's shape, heartbeats, an RST."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver import dialects as apis
from mockserver.scenario import KNOBS
from sseprobe import dialects
from tests.support.mock import Mock

FAST = "itl_ms=1,ttft_ms=1"
CHAT = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
BODIES: dict[str, dict[str, Any]] = {
    "openai-completions": {"model": "m", "prompt": "hi", "stream": True},
    "openai-responses": {"model": "m", "input": "hi", "stream": True},
    "anthropic": {**CHAT, "max_tokens": 100},
    "gemini": {"contents": [{"parts": [{"text": "hi"}]}]},
    "ag-ui": {"threadId": "t", "runId": "r", "messages": []},
}
PATHS = {"gemini": "/v1beta/models/m:streamGenerateContent?alt=sse"}
UNNAMED = {"app"}
"""What the mock speaks and the tool has no name for: it reads these as `plain`."""
POSTED = [name for name in dialects.NAMES if name != "plain"]


def ask(mock: Mock, name: str, knobs: str, **more: Any) -> tuple[int, dict[str, str], bytes]:
    path = PATHS.get(name, dialects.by_name(name).path)
    return mock.ask(path, {**BODIES.get(name, CHAT), **more}, X_Mock=f"{FAST},{knobs}")


def test_both_houses_speak_the_same() -> None:
    assert {api.name for api in apis.apis()} == {*dialects.NAMES, *UNNAMED}
    assert not UNNAMED & {*dialects.NAMES}
    assert {"fault", "tokens"} < KNOBS.keys()


def framed(mock: Mock, fault: str, text: str = "a b") -> bytes:
    return ask(mock, "openai-chat", f"text={text},fault={fault}")[2]


def test_line_endings(mock: Mock) -> None:
    assert framed(mock, "crlf").count(b"\r\n") == framed(mock, "crlf").count(b"\n") > 8
    assert b"\n" not in framed(mock, "cr")
    assert framed(mock, "cr").endswith(b"data: [DONE]\r\r")
    assert ask(mock, "gemini", "tokens=1")[2].endswith(b"}\r\n\r\n")


def test_bytes_of_the_framing_faults(mock: Mock) -> None:
    assert framed(mock, "bom").startswith(b"\xef\xbb\xbfdata: ")
    assert b'"finish_reason":null}]}\n\n\xef\xbb\xbfdata: ' in framed(mock, "bom@1")
    assert framed(mock, "no-space").startswith(b"data:{")
    assert framed(mock, "no-space").endswith(b"data:[DONE]\n\n")
    assert framed(mock, "multi-data").startswith(b'data: {\ndata: "id":')
    assert framed(mock, "comments").startswith(b": a comment\n\n:and another\ndata: {")
    assert framed(mock, "data-less-block").count(b"event: keep-alive\n\ndata: ") == 5
    assert framed(mock, "id-keepalive").startswith(b"id: 1\ndata: {")
    assert framed(mock, "id-keepalive").endswith(b"id: 5\ndata: [DONE]\n\n: keep-alive\n\n")
    assert framed(mock, "u2028").count("\u2028\u0085".encode()) == 2
    assert framed(mock, "no-final-blank-line").endswith(b"}\n\ndata: [DONE]\n")
    plain = mock.get("/sse?mock=text=a%20b,fault=no-space,itl_ms=1,ttft_ms=1")[2]
    assert b"\ndata:a\n" in plain
    assert b"\ndata:  b\n" in plain  # without its space the value would lose one of its own


def test_transfer_chunks_end_inside_characters(mock: Mock) -> None:
    parts = urlsplit(mock.url)
    body = json.dumps(
        {**CHAT, "model": "mock/text=caf%C3%A9%20%E7%81%AF%E5%8F%B0,itl_ms=1,ttft_ms=1,fault=split-utf8"}
    ).encode()
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=20) as connection:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    pieces = received.partition(b"\r\n\r\n")[2].split(b"\r\n")[1::2]
    broken = [piece for piece in pieces if b"\xc3" in piece[-1:] or b"\xe7" in piece[-1:] or b"\xe5" in piece[-1:]]
    assert len(broken) == 3


def test_lines_have_their_own_faults(mock: Mock) -> None:
    for fault, start in (("comments", b"\n{"), ("data-less-block", b"\n{"), ("bom", b"\xef\xbb\xbf{")):
        assert ask(mock, "ollama", f"tokens=1,fault={fault}")[2].startswith(start)
    assert ask(mock, "ollama", "tokens=1,fault=crlf")[2].endswith(b"}\r\n")
    assert ask(mock, "ollama", "tokens=1,fault=no-final-blank-line")[2].endswith(b"}")


def test_gemini_without_sse_is_a_json_array(mock: Mock) -> None:
    for knobs in ("tokens=3", "tokens=3,fault=comments", "tokens=3,fault=crlf"):
        status, headers, body = mock.ask(
            "/v1/models/m:streamGenerateContent", BODIES["gemini"], X_Mock=f"{FAST},{knobs}"
        )
        assert (status, headers["content-type"]) == (200, "application/json")
        parts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in json.loads(body)]
        assert len(parts) == 4
    cut = mock.ask("/v1/models/m:streamGenerateContent", BODIES["gemini"], X_Mock=f"{FAST},fault=truncate@2")[2]
    assert json.loads(cut + b"]")[1]["candidates"]


@pytest.mark.parametrize(("name", "usage"), [("ollama", b'"eval_count":3'), ("mistral", b'"completion_tokens":3')])
def test_usage_right_behind_the_last_token_counts_it(name: str, usage: bytes, mock: Mock) -> None:
    for fault in ("", ",fault=no-final-blank-line"):
        assert usage in ask(mock, name, f"tokens=3{fault}")[2]


def test_rst_comes_in_the_middle_of_an_event(mock: Mock) -> None:
    stream = mock.open({**CHAT, "model": f"mock/fault=rst@2,{FAST}"})
    with pytest.raises(ConnectionResetError):
        stream.until(b"never")
    assert stream.received.count(b'"content":"') >= 3  # the role, and two tokens
    assert not stream.received.endswith(b"\n\n\r\n")
    record = mock.truth_when(stream.name, lambda record: record["state"] != "running")
    assert (record["state"], record["sent_tokens"]) == ("failed", 2)
    stream.socket.close()


SHAPES: dict[str, tuple[Any, Any, Any]] = {
    # Where the message stands, and the kinds of a refusal and of a failure.
    "openai-chat": (
        ("error", "message"),
        ("error", "type", "invalid_request_error"),
        ("error", "type", "server_error"),
    ),
    "openai-completions": (("error", "message"), ("error", "param", "model"), ("error", "code", "server_error")),
    "openai-responses": (("error", "message"), ("error", "param", "input"), ("error", "code", "server_error")),
    "anthropic": (("error", "message"), ("error", "type", "invalid_request_error"), ("error", "type", "api_error")),
    "gemini": (("error", "message"), ("error", "status", "INVALID_ARGUMENT"), ("error", "status", "INTERNAL")),
    "cohere": (("message",), ("id", "mock"), ("id", "mock")),
    "mistral": (("message",), ("type", "invalid_request_error"), ("type", "internal_server_error")),
    "ollama": (("error",), None, None),
    "vercel-ui": (("error",), None, None),
    "ag-ui": (("error",), None, None),
    "openrouter": (("error", "message"), ("error", "code", 400), ("error", "code", 502)),
    "vllm": (("error", "message"), ("error", "type", "invalid_request_error"), ("error", "type", "server_error")),
    "llamacpp": (("error", "message"), ("error", "code", 400), ("error", "type", "server_error")),
}


def at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


@pytest.mark.parametrize("name", POSTED)
def test_failures_have_the_vendors_shape(name: str, mock: Mock) -> None:
    message, refusal, failure = SHAPES[name]
    path = PATHS.get(name, dialects.by_name(name).path)
    wrong: list[Any] = [b"{broken", [], {}, b"\xff\xfe"]
    answers = [mock.ask(path, body) for body in wrong]
    answers += [mock.ask(path, BODIES.get(name, CHAT), X_Mock=knob) for knob in ("fault=nonsense", "tokens=-1", "x=1")]
    for status, headers, body in answers:
        assert (status, headers["content-type"]) == (400, "application/json")
        answered = json.loads(body)
        assert len(at(answered, message)) > 10
    if refusal:
        assert at(json.loads(answers[2][2]), refusal[:-1]) == refusal[-1]
    status, _, body = ask(mock, name, "fault=error-before")
    assert status == 500
    if failure:
        assert at(json.loads(body), failure[:-1]) == failure[-1]
    status, headers, body = ask(mock, name, "fault=rate-limit")
    assert (status, headers["retry-after"]) == (429, "1")
    assert "Rate limit" in at(json.loads(body), message)


@pytest.mark.parametrize(
    ("name", "heartbeat"),
    [
        ("openai-chat", b": keep-alive\n\n"),
        ("anthropic", b'event: ping\ndata: {"type":"ping"}\n\n'),
        ("openrouter", b": OPENROUTER PROCESSING\n\n"),
        ("llamacpp", b":\n\n"),
        ("gemini", None),
        ("ollama", None),
    ],
)
def test_heartbeats_are_the_vendors(name: str, heartbeat: bytes | None, mock: Mock) -> None:
    quiet, busy = (ask(mock, name, f"tokens=1,ttft_ms=300,heartbeat_s={beat}")[2] for beat in (0, 0.05))
    if heartbeat is None:
        assert busy.count(b"\n") == quiet.count(b"\n")
    else:
        assert busy.count(heartbeat) > quiet.count(heartbeat)


def test_headers_of_the_vendors(mock: Mock) -> None:
    assert ask(mock, "vercel-ui", "tokens=1")[1]["x-vercel-ai-ui-message-stream"] == "v1"
    assert ask(mock, "anthropic", "tokens=1")[1]["request-id"].startswith("req_m")
    assert ask(mock, "openrouter", "tokens=1")[1]["x-generation-id"].startswith("gen-m")
    assert ask(mock, "ollama", "tokens=1")[1]["content-type"] == "application/x-ndjson"
    assert ask(mock, "gemini", "tokens=1")[1]["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("name", "limit", "reason"),
    [
        ("openai-chat", {"max_completion_tokens": 2}, b'"finish_reason":"length"'),
        ("openai-completions", {"max_tokens": 2}, b'"finish_reason":"length"'),
        ("openai-responses", {"max_output_tokens": 2}, b'"reason":"max_output_tokens"'),
        ("anthropic", {"max_tokens": 2}, b'"stop_reason":"max_tokens"'),
        ("gemini", {"generationConfig": {"maxOutputTokens": 2}}, b'"finishReason":"MAX_TOKENS"'),
        ("cohere", {"max_tokens": 2}, b'"finish_reason":"MAX_TOKENS"'),
        ("mistral", {"max_tokens": 2}, b'"finish_reason":"length"'),
        ("ollama", {"options": {"num_predict": 2}}, b'"done_reason":"length"'),
    ],
)
def test_limits_of_the_request(name: str, limit: dict[str, Any], reason: bytes, mock: Mock) -> None:
    _, headers, body = ask(mock, name, "reasoning=1,tokens=9", **limit)
    assert reason in body
    record = mock.truth(headers["x-mock-id"])
    assert (record["planned_tokens"], record["sent_tokens"], record["dialect"]) == (2, 2, name)


@pytest.mark.parametrize("name", ["openai-chat", "openai-completions", "gemini"])
def test_several_choices(name: str, mock: Mock) -> None:
    more = {"generationConfig": {"candidateCount": 2}} if name == "gemini" else {"n": 2}
    _, headers, body = ask(mock, name, "tokens=3", **more)
    assert body.count(b'"index":1') >= 4
    assert mock.truth(headers["x-mock-id"])["sent_tokens"] == 6


@pytest.mark.parametrize(("agent", "name"), [("mistral-client-python/3.7.0", "mistral"), ("curl/8", "openai-chat")])
def test_apis_that_share_a_path_are_told_apart_by_the_user_agent(mock: Mock, agent: str, name: str) -> None:
    _, headers, _ = mock.ask("/v1/chat/completions", CHAT, X_Mock=f"{FAST},tokens=1", User_Agent=agent)
    assert mock.truth(headers["x-mock-id"])["dialect"] == name
