"""`sseprobe stream` and `sseprobe mock` with dialects, as a user types them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mockserver.scenario import KNOBS as KNOBS_OF_THE_MOCK
from sseprobe import dialects
from tests.support.cli import Cli
from tests.support.mock import Mock
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, transfer_chunk

Serve = Callable[..., RawServer]
KNOBS = "X-Mock: itl_ms=1,ttft_ms=1"


@pytest.mark.parametrize("name", dialects.NAMES)
def test_without_a_url_the_mock_speaks_it(name: str, cli: Cli) -> None:
    result = cli("stream", "--dialect", name, "-H", f"{KNOBS},text=Hello there", "--report", "json")
    assert result.code == 0, result
    stream = result.report["streams"][0]
    assert (stream["ending"], stream["dialect"]) == ("complete", name)
    assert stream["text"].startswith("Hello there")
    assert result.report["target"]["url"].partition("?")[0].endswith(dialects.by_name(name).path)


def test_the_model_goes_where_the_api_has_it(cli: Cli) -> None:
    result = cli("stream", "--dialect", "gemini", "--model", "mock/text=In the path,itl_ms=1,ttft_ms=1")
    assert (result.code, result.out) == (0, "In the path\n")
    assert "/models/mock/text=In%20the%20path,itl_ms=1,ttft_ms=1:streamGenerateContent?alt=sse" in "".join(
        line.strip() for line in result.err.splitlines()
    )


def test_what_is_shown_of_an_answer(cli: Cli) -> None:
    result = cli("stream", "--dialect", "anthropic", "-H", f"{KNOBS},reasoning=2,tools=2", "-q")
    lines = result.out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith('get_weather({"city": ')
    assert lines[1].endswith("})")
    assert lines[2].startswith('get_time({"city": ')
    failed = cli("stream", "--dialect", "anthropic", "-H", f"{KNOBS},fault=error@1")
    assert failed.code == 1
    assert failed.out.splitlines()[-1] == "error [overloaded_error]: Overloaded"
    assert "overloaded_error" in failed.err
    cut = cli("stream", "--dialect", "openai-responses", "-H", f"{KNOBS},tokens=2,finish=length")
    assert "the answer is incomplete: length" in " ".join(cut.err.split())


def test_an_unknown_dialect(cli: Cli) -> None:
    result = cli("stream", "--dialect", "antropic")
    assert result.code == 2
    assert "Did you mean anthropic? Known are: auto, openai-chat," in result.err


def test_keys_and_headers_of_a_vendor(cli: Cli, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.stream(
            b"event: error\ndata: " + json.dumps({"type": "error", "error": {"message": peer.head}}).encode() + b"\n\n"
        )
        peer.send(LAST_CHUNK)

    server = serve(script)
    for data in ((), ("-d", '{"mine": 1}')):
        result = cli("stream", f"{server.url}/v1/messages", "--api-key-env", "K", *data, env={"K": "sk-ant-secret"})
        assert "sk-ant-secret" not in result.out + result.err
        peer = server.peers[-1]
        assert peer.header("x-api-key") == "sk-ant-secret"
        assert peer.header("anthropic-version") == "2023-06-01"
        assert peer.header("authorization") is None
        assert peer.header("content-type") == "application/json"
    assert server.peers[-1].body == b'{"mine": 1}'


def test_lines_are_recorded_and_read_again(cli: Cli, tmp_path: Path) -> None:
    cassette = tmp_path / "ollama.jsonl"
    live = cli(
        "stream", "--dialect", "ollama", "-H", f"{KNOBS},tokens=5", "--record", str(cassette), "--report", "json"
    )
    again = cli("stream", "--from", str(cassette), "--report", "json")
    for report in (live.report, again.report):
        (stream,) = report["streams"]
        assert (stream["dialect"], stream["ending"], stream["metrics"]["tokens"]) == ("ollama", "complete", 5)
    parsed = cli("parse", str(cassette), "--report", "json")
    assert parsed.code == 0
    assert len(json.loads(parsed.out)["events"]) == 6
    assert json.loads(parsed.out)["findings"] == []


@pytest.mark.parametrize(
    ("content_type", "noted"),
    [
        ("application/x-ndjson", False),
        ("application/jsonl; charset=utf-8", False),
        ("text/plain", True),
        ("application/json", True),
        ("text/html", True),
    ],
)
def test_lines_under_another_content_type(content_type: str, noted: bool, cli: Cli, serve: Serve) -> None:
    lines = [b'{"message":{"content":"Hi"},"done":false}\n', b'{"message":{"content":""},"done":true}\n']

    def script(peer: Peer) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        peer.send(head.encode(), *map(transfer_chunk, lines), LAST_CHUNK)

    result = cli("stream", f"{serve(script).url}/api/chat", "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["text"], stream["ending"], result.code) == ("Hi", "complete", 0), result
    assert any("not application/x-ndjson" in note for note in stream["notes"]) == noted


def test_one_document_is_no_stream(cli: Cli, serve: Serve) -> None:
    body = b'{"message":{"content":"Hi"},"done":true}\n'

    def script(peer: Peer) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        peer.send(head, transfer_chunk(body), LAST_CHUNK)

    result = cli("stream", f"{serve(script).url}/api/chat")
    assert (result.code, "That is one JSON document" in result.err) == (3, True), result


def test_an_event_stream_on_the_path_of_another(cli: Cli, mock: Mock, serve: Serve) -> None:
    """/api/chat is Ollama's, and the path many an app gives its own stream."""

    def script(peer: Peer) -> None:
        parts = [{"type": "start"}, {"type": "text-delta", "id": "1", "delta": "Hi"}, {"type": "finish"}]
        peer.stream(*(b"data: " + json.dumps(part).encode() + b"\n\n" for part in parts), b"data: [DONE]\n\n")
        peer.send(LAST_CHUNK)

    result = cli("stream", f"{serve(script).url}/api/chat", "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["dialect"], stream["text"], stream["ending"], result.code) == ("vercel-ui", "Hi", "complete", 0)
    named = cli("stream", f"{serve(script).url}/api/chat", "--dialect", "ollama", "--report", "json")
    assert named.code == 1
    assert "these are events of vercel-ui, but ollama was expected" in named.report["streams"][0]["ending_reason"]


def test_the_list(cli: Cli) -> None:
    result = cli.process("mock", "--list")
    assert result.code == 0
    assert result.err == ""
    for word in (*dialects.NAMES, "/v1/messages", "/app/chat", "itl_ms=20", "split-utf8", "truncate@5"):
        assert word in result.out
    listed = json.loads(cli.process("mock", "--list", "--json").out)
    assert {each["name"] for each in listed["dialects"]} == {*dialects.NAMES, "app"}
    assert {"name": "tokens", "default": None, "meaning": KNOBS_OF_THE_MOCK["tokens"].meaning} in listed["knobs"]
    assert all(each["does"] for each in listed["faults"])
