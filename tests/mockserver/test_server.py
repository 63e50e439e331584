"""The mock over a real socket: what it sends, what it did, and that it stops when the client leaves."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest

from sseprobe.sse import Event, EventStreamParser
from tests.support.cli import Cli, environment
from tests.support.mock import Mock

MESSAGES = [{"role": "user", "content": "hello there"}]
FAST = "itl_ms=1,ttft_ms=1"
TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}, "where": {"type": "object",
        "properties": {"lat": {"type": "number"}, "ok": {"type": "boolean"}, "all": {"type": "array", "items": {"type": "string"}}}}}}}},
    {"type": "function", "function": {"name": "clock"}},
]  # fmt: skip


def ask(**more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": MESSAGES, "stream": True, **more}


def data_of(body: bytes) -> list[str]:
    parser = EventStreamParser()
    items = parser.receive(body) + parser.receive_eof()
    return [item.data for item in items if isinstance(item, Event)]


def chunks_of(body: bytes) -> list[dict[str, Any]]:
    *chunks, done = data_of(body)
    assert done == "[DONE]"
    return [json.loads(chunk) for chunk in chunks]


def texts(chunks: list[dict[str, Any]], index: int = 0) -> list[str]:
    choices = [choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == index]
    return [choice["delta"]["content"] for choice in choices if choice["delta"].get("content")]


def test_a_whole_stream_is_as_the_vendor_has_it(mock: Mock) -> None:
    status, headers, body = mock.post(ask(stream_options={"include_usage": True}), X_Mock=f"text=Hi you é,{FAST}")
    chunks = chunks_of(body)
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert {(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks} == {
        (chunks[0]["id"], chunks[0]["created"], "m", "chat.completion.chunk")
    }
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert texts(chunks) == ["Hi", " you", " é"]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1]] == [None, None, None, None, "stop"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    record = mock.truth(headers["x-mock-id"])
    assert record["state"] == "completed"
    assert (record["planned_tokens"], record["generated_tokens"], record["sent_tokens"]) == (3, 3, 3)
    assert (record["disconnected_at_ms"], record["tokens_after_disconnect"], record["dialect"]) == (
        None,
        0,
        "openai-chat",
    )


def test_without_include_usage_there_is_none(mock: Mock) -> None:
    chunks = chunks_of(mock.post(ask(), X_Mock=f"tokens=2,{FAST}")[2])
    assert all("usage" not in chunk for chunk in chunks)


def test_several_choices(mock: Mock) -> None:
    chunks = chunks_of(mock.post(ask(n=3, stream_options={"include_usage": True}), X_Mock=f"tokens=4,{FAST}")[2])
    assert [len(texts(chunks, index)) for index in range(3)] == [4, 4, 4]
    assert texts(chunks, 0) != texts(chunks, 1)
    finishes = {choice["index"]: choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]}
    assert finishes == {0: "stop", 1: "stop", 2: "stop"}
    assert chunks[-1]["usage"]["completion_tokens"] == 12


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_answer(mock: Mock, name: str) -> None:
    chunks = chunks_of(mock.post(ask(**{name: 2}), X_Mock=f"tokens=9,{FAST}")[2])
    assert len(texts(chunks)) == 2
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


def test_tool_calls(mock: Mock) -> None:
    chunks = chunks_of(mock.post(ask(tools=TOOLS, stream_options={"include_usage": True}), X_Mock=FAST)[2])
    calls: dict[int, dict[str, str]] = {}
    fragments = 0
    for chunk in chunks:
        for choice in chunk["choices"]:
            for part in choice["delta"].get("tool_calls", []):
                call = calls.setdefault(part["index"], {"name": part["function"].get("name", ""), "arguments": ""})
                assert ("id" in part) == (call["arguments"] == "" and "name" in part["function"])
                call["arguments"] += part["function"]["arguments"]
                fragments += bool(part["function"]["arguments"])
    assert [call["name"] for call in calls.values()] == ["weather", "clock"]
    arguments = json.loads(calls[0]["arguments"])
    assert isinstance(arguments["city"], str)
    assert isinstance(arguments["days"], int)
    assert arguments["unit"] in ("C", "F")
    assert isinstance(arguments["where"]["all"], list)
    assert json.loads(calls[1]["arguments"]) == {}
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert chunks[-1]["usage"]["completion_tokens"] == fragments


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"tool_choice": "none"}, None),
        ({"parallel_tool_calls": False}, ["weather"]),
        ({"tool_choice": {"type": "function", "function": {"name": "clock"}}}, ["clock"]),
        ({"messages": [*MESSAGES, {"role": "tool", "content": "12:00"}]}, None),
    ],
)
def test_which_tools_are_called(mock: Mock, more: dict[str, Any], names: list[str] | None) -> None:
    body = json.loads(mock.post(ask(stream=False, tools=TOOLS) | more, X_Mock=f"tokens=2,{FAST}")[2])
    message = body["choices"][0]["message"]
    called = message.get("tool_calls")
    assert (called and [call["function"]["name"] for call in called]) == names
    assert body["choices"][0]["finish_reason"] == ("tool_calls" if names else "stop")


def test_an_answer_without_streaming(mock: Mock) -> None:
    status, headers, body = mock.post(ask(stream=False, n=2), X_Mock=f"text=a b,{FAST}")
    answer = json.loads(body)
    assert status == 200
    assert [choice["message"]["content"] for choice in answer["choices"]] == ["a b", "a b"]
    assert answer["usage"]["completion_tokens"] == 4
    assert mock.truth_when(headers["x-mock-id"], lambda record: record["sent_tokens"] == 4)["state"] == "completed"


# --- leaving


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("after", [b"\r\n\r\n", b'"delta":{"content":" '])
def test_generation_stops_when_the_client_leaves(mock: Mock, how: str, after: bytes) -> None:
    waiting = "ttft_ms=60000" if after == b"\r\n\r\n" else "ttft_ms=1"
    stream = mock.open(ask(model=f"mock/tokens=100000,itl_ms=5,{waiting}"))
    stream.until(after)
    name = stream.name
    assert mock.truth(name)["state"] == "running"
    stream.leave(how)
    record = mock.truth_when(name, lambda record: record["state"] != "running")
    assert record["state"] == "stopped"
    assert record["stopped_at_ms"] >= record["disconnected_at_ms"] > 0
    assert record["tokens_after_disconnect"] <= 2
    assert mock.truth(name)["generated_tokens"] == record["generated_tokens"] < 100_000


def test_an_answer_without_streaming_stops_too(mock: Mock) -> None:
    before = len(json.loads(mock.get("/_truth")[2]))
    stream = mock.open(ask(model="mock/tokens=100000,itl_ms=5,ttft_ms=1", stream=False))

    def newest() -> dict[str, Any]:
        records = json.loads(mock.get("/_truth")[2])
        return dict(records[-1]) if len(records) > before else {}

    while newest().get("generated_tokens", 0) < 5:
        pass
    name = newest()["id"]
    stream.leave("fin")
    assert mock.truth_when(name, lambda record: record["state"] != "running")["state"] == "stopped"


def test_heartbeats_come_while_the_model_thinks(mock: Mock) -> None:
    stream = mock.open(ask(model="mock/ttft_ms=60000,heartbeat_s=0.05"))
    received = stream.until(b": keep-alive\n\n\r\n")
    assert b": keep-alive\n\n" in received
    stream.leave("fin")
    quiet = mock.post(ask(), X_Mock="tokens=3,ttft_ms=200,itl_ms=1,heartbeat_s=0")[2]
    assert b"keep-alive" not in quiet


# --- faults


def test_an_in_band_error(mock: Mock) -> None:
    _, headers, body = mock.post(ask(), X_Mock=f"tokens=9,fault=error@3,{FAST}")
    *chunks, last = map(json.loads, data_of(body))
    assert len(texts(chunks)) == 3
    assert last["error"]["type"] == "server_error"
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert mock.truth(headers["x-mock-id"])["generated_tokens"] <= 4


@pytest.mark.parametrize(("fault", "status"), [("error-before", 500), ("rate-limit", 429)])
def test_errors_before_the_stream(mock: Mock, fault: str, status: int) -> None:
    got, headers, body = mock.post(ask(), X_Mock=f"fault={fault}")
    assert got == status
    assert json.loads(body)["error"]["message"]
    assert ("retry-after" in headers) == (status == 429)


@pytest.mark.parametrize(
    ("fault", "tokens", "finished", "done"),
    [
        ("truncate@2", 2, False, False),
        ("truncate@50", 9, False, False),
        ("fake-complete@2", 2, False, True),
        ("no-terminator", 9, True, False),
    ],
)
def test_streams_that_end_wrongly(mock: Mock, fault: str, tokens: int, finished: bool, done: bool) -> None:
    data = data_of(mock.post(ask(), X_Mock=f"tokens=9,fault={fault},{FAST}")[2])
    chunks = [json.loads(each) for each in data if each != "[DONE]"]
    assert len(texts(chunks)) == tokens
    assert any(choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]) == finished
    assert ("[DONE]" in data) == done


def test_malformed_is_one_event_and_then_goes_on(mock: Mock) -> None:
    data = data_of(mock.post(ask(), X_Mock=f"tokens=5,fault=malformed@2,{FAST}")[2])
    broken = []
    for each in data[:-1]:
        try:
            json.loads(each)
        except ValueError:
            broken.append(each)
    assert len(broken) == 1
    assert data[-1] == "[DONE]"


@pytest.mark.parametrize(
    ("fault", "ending"), [("cut@3", "truncated"), ("stall@3", "idle-timeout"), ("error@3", "error")]
)
def test_the_tool_sees_what_the_mock_does(mock: Mock, cli: Cli, fault: str, ending: str) -> None:
    model = f"mock/tokens=9,heartbeat_s=0.1,fault={fault},{FAST}"
    words = ["--model", model, "--idle-timeout", "1", "--report", "json"]
    result = cli("stream", f"{mock.url}/v1/chat/completions", *words)
    assert (result.code, result.report["streams"][0]["ending"]) == (1, ending)
    assert len(result.report["streams"][0]["text"].split()) == 3


# --- what is refused


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None), (b"[]", "body"), ({"messages": MESSAGES}, "model"), ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"), (ask(n=0), "n"), (ask(n=1000), "n"), (ask(max_tokens="x"), "max_tokens"),
        (ask(tools=[{"function": {}}]), "tools"), (ask(tools=TOOLS, tool_choice={"function": {"name": "x"}}), "tool_choice"),
    ],
)  # fmt: skip
def test_malformed_requests(mock: Mock, body: Any, param: str | None) -> None:
    status, _, answer = mock.post(body)
    error = json.loads(answer)["error"]
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert error["message"]


def test_bad_knobs_are_a_400(mock: Mock) -> None:
    for status, _, answer in (
        mock.post(ask(), X_Mock="foo=1"),
        mock.post(ask(model="mock/foo=1")),
        mock.post(ask(), "?mock=foo=1"),
        mock.get("/sse?mock=foo=1"),
    ):
        assert status == 400
        assert "unknown knob" in json.loads(answer)["error"]["message"]


def test_unknown_paths_and_methods(mock: Mock) -> None:
    status, _, answer = mock.get("/nope")
    assert (status, json.loads(answer)["error"]["type"]) == (404, "invalid_request_error")
    assert "/v1/chat/completions" in json.loads(answer)["error"]["message"]
    assert mock.get("/v1/chat/completions")[0] == 405
    assert mock.get("/_truth/nonsense")[0] == 404
    assert json.loads(mock.get("/healthz")[2]) == {"status": "ok"}


# --- the plain stream


def test_the_plain_stream_resumes_without_loss_or_doubling(mock: Mock) -> None:
    query = f"/sse?mock=tokens=6,{FAST}"
    whole = data_of(mock.get(query)[2])
    rest = data_of(mock.get(query, Last_Event_ID="4")[2])
    assert len(whole) == 7
    assert rest == whole[4:]
    assert whole[-1] == "{}"
    assert mock.get(query, Last_Event_ID="7")[0] == 204
    assert data_of(mock.get(query, Last_Event_ID="nonsense")[2]) == whole
    body = mock.get(query)[2]
    assert body.startswith(b"retry: 1000\nid: 1\n")
    assert body.endswith(b"id: 7\nevent: done\ndata: {}\n\n")


def test_newlines_in_a_token_stay_in_their_event(mock: Mock) -> None:
    assert data_of(mock.get(f"/sse?mock=text=a%0Ab,{FAST}")[2])[:2] == ["a", "\nb"]


# --- the page


def test_the_page_and_its_files_allow_nothing_from_elsewhere(mock: Mock) -> None:
    _, _, page = mock.get("/")
    files = re.findall(r'(?:href|src)="(page/[^"]+)"', page.decode())
    assert sorted(files) == ["page/page.css", "page/page.js"]
    imported = re.findall(r'from "\./([^"]+)"', mock.get("/page/page.js")[2].decode())
    kinds = {"css": "text/css", "js": "text/javascript"}
    for path in ["", *files, *(f"page/{name}" for name in imported)]:
        status, headers, _ = mock.get(f"/{path}")
        assert status == 200
        assert headers["content-type"] == f"{kinds.get(path.rpartition('.')[2], 'text/html')}; charset=utf-8"
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")


# --- the process


def start(**settings: Any) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "mockserver", json.dumps(settings)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, env=environment(), **pipes)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mode": "leak-nothing"}, "--mode"),
        ({"scenario": "foo=1"}, "--scenario"),
        ({"nonsense": 1}, "settings"),
        ({"host": "no.such.invalid"}, "listen"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], said: str) -> None:
    _, err = (process := start(**settings)).communicate(timeout=30)
    assert process.returncode == 2
    assert err.decode().startswith("sseprobe: ")
    assert said in err.decode()
    assert err.count(b"\n") == 1


def test_a_port_that_is_taken(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = cli.process("mock", "--port", str(taken.getsockname()[1]))
    assert result.code == 2
    assert "cannot listen" in result.err


def test_it_leaves_when_whoever_started_it_is_gone() -> None:
    process = start(with_parent=True)
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_end_it_even_in_mid_stream(sent: signal.Signals, code: int) -> None:
    process = start(json=True)
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    stream = Mock(line["url"], line["truth_url"]).open(ask(model="mock/tokens=100000,ttft_ms=1"))
    stream.until(b'"content":" ')
    os.kill(process.pid, sent)
    _, err = process.communicate(timeout=20)
    stream.socket.close()
    assert process.returncode == code
    assert b"Traceback" not in err


def test_the_command_line_starts_it(cli: Cli) -> None:
    process = cli.start("mock", "--port", "0", "--truth-port", "0", "--scenario", "tokens=2,ttft_ms=0", "--json")
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    assert set(line) >= {"url", "port", "truth_url"}
    assert line["url"] == f"http://127.0.0.1:{line['port']}"
    mock = Mock(line["url"], line["truth_url"])
    assert len(texts(chunks_of(mock.post(ask())[2]))) == 2
    assert mock.truth("m1")["state"] == "completed"
    process.terminate()
    process.communicate(timeout=20)


def test_its_start_line_for_people(cli: Cli) -> None:
    process = cli.start("mock", "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    assert line.startswith("mock LLM server on http://127.0.0.1:")
    process.terminate()
    process.communicate(timeout=20)
