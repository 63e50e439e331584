"""Answers that are no stream, and targets that cannot be reached: exit code 3, one sentence, a report all the same."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, answer, transfer_chunk

Serve = Callable[[Callable[[Peer], None]], RawServer]
CHAT = "/v1/chat/completions"


def _sends(data: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.send(data)


ANSWERS = {
    "404": (_sends(answer("404 Not Found", b'{"detail":"Not Found"}', Content_Type="application/json")), "/v1/chat"),
    "401": (_sends(answer("401 Unauthorized", b"no")), "--api-key-env"),
    "429": (_sends(answer("429 Too Many Requests", b"slow down")), "429 Too Many Requests"),
    "500": (_sends(answer("500 Internal Server Error", b"<h1>oops</h1>", Content_Type="text/html")), "oops"),
    "204": (_sends(b"HTTP/1.1 204 No Content\r\n\r\n"), "204"),
    "html": (_sends(answer("200 OK", b"<html>hi</html>", Content_Type="text/html")), "web page"),
    "json": (_sends(answer("200 OK", b'{"id": 1}', Content_Type="application/json")), "JSON document"),
    "nothing": (_sends(answer("200 OK", b"", Content_Type="text/plain")), "an empty body"),
    "not http": (_sends(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "not HTTP"),
    "half a head": (_sends(b"HTTP/1.1 200 OK\r\nContent-Type: te"), "another protocol"),
    "closes": (lambda peer: None, "without an answer"),
    "resets": (lambda peer: peer.reset(), "reset"),
    "redirect without a place": (_sends(answer("302 Found")), "302"),
    "redirect to nonsense": (_sends(answer("302 Found", Location="http://xn--/")), "redirects to http://xn--/"),
    "redirect to half an address": (_sends(answer("302 Found", Location="http://[::1")), "invalid Location"),
    "redirect to no port": (_sends(answer("302 Found", Location="http://h:99999/")), "invalid Location"),
    "redirect to another scheme": (_sends(answer("302 Found", Location="ftp://x/")), "invalid Location"),
    "long": (_sends(answer("503 Service Unavailable", b"word " * 10_000, Content_Type="text/plain")), "…"),
    "hostile": (_sends(answer("503 \x1b[31mX", "\x1b]0;x\x07\u202e".encode())), "503"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str, serve: Serve, cli: Cli) -> None:
    script, said = ANSWERS[name]
    result = cli("stream", serve(script).url + CHAT, "--report", "json")
    assert result.code == 3, result
    assert said in result.err
    assert result.err.startswith("sseprobe: http://127.0.0.1")
    assert result.err.count("\n") == 1
    assert len(result.err) < 1000
    assert "\x1b" not in result.err
    assert "\u202e" not in result.err
    assert "Traceback" not in result.err
    report = result.report
    assert (report["verdict"], report["exit_code"]) == ("fail", 3)
    assert report["error"] + "\n" == result.err.removeprefix("sseprobe: ")


def test_nothing_listens(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = cli("stream", f"http://127.0.0.1:{port}/x", "--report", "json")
    assert result.code == 3
    assert "connection refused" in result.err
    assert result.report["streams"] == []


def test_a_name_without_address(cli: Cli) -> None:
    result = cli("stream", "http://no-such-host.invalid/x")
    assert result.code == 3
    assert "no-such-host.invalid" in result.err
    assert "no address" in result.err


def test_a_server_that_never_answers(serve: Serve, cli: Cli) -> None:
    result = cli("stream", serve(lambda peer: peer.wait_for_close()).url, "--idle-timeout", "0.3")
    assert result.code == 3
    assert "no answer within 0.3 s" in result.err


def test_the_total_limit_holds_before_an_answer_too(serve: Serve, cli: Cli) -> None:
    result = cli("stream", serve(lambda peer: peer.wait_for_close()).url, "--timeout", "0.3")
    assert result.code == 3
    assert "no answer within 0.3 s" in result.err


def test_plain_http_on_a_tls_port(serve: Serve, cli: Cli) -> None:
    result = cli("stream", serve(_sends(b"")).url.replace("http:", "https:"), "--connect-timeout", "2")
    assert result.code == 3
    assert "TLS" in result.err
    assert "http://" in result.err


def test_a_stream_with_the_wrong_content_type_is_received_and_noted(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        head = HEAD.replace(b"text/event-stream", b"text/plain")
        peer.send(head, transfer_chunk(b"d"), transfer_chunk(b"ata: x\n\n"), LAST_CHUNK)

    result = cli("stream", serve(script).url, "--report", "json")
    assert result.code == 0
    assert "text/plain" in result.report["streams"][0]["notes"][0]


WORDS = {
    "no scheme": ["localhost:8000/v1"],
    "other scheme": ["ftp://localhost/"],
    "no host": ["http://"],
    "host that is none": ["http://xn--/"],
    "label too long": [f"http://{'a' * 70}.com/"],
    "bad port": ["http://localhost:99999/"],
    "unknown dialect": ["http://x/", "--dialect", "klingon"],
    "prompt without dialect": ["http://x/", "--prompt", "hi"],
    "header without colon": ["http://x/", "-H", "nonsense"],
    "data is no JSON": ["http://x/", "-d", "{"],
    "data file missing": ["http://x/", "-d", "@/no/such/file"],
    "data and prompt": ["http://x/v1/chat/completions", "-d", "{}", "--prompt", "hi"],
    "key not set": ["http://x/", "--api-key-env", "NO_SUCH_VARIABLE"],
    "unknown format": ["http://x/", "--report", "pdf"],
    "two on standard output": ["http://x/", "--report", "json", "--json"],
    "record to nowhere": ["http://x/", "--record", "/no/such/folder/file"],
    "from nowhere": ["--from", "/no/such/file"],
    "socks": ["http://x/", "--proxy", "socks5://localhost:1"],
    "ca file missing": ["https://localhost/", "--cacert", "/no/such/file"],
    "not a number": ["http://x/", "--timeout", "soon"],
    "unknown option": ["http://x/", "--witness", "mock"],
}


@pytest.mark.parametrize("name", WORDS)
def test_wrong_words(name: str, cli: Cli) -> None:
    result = cli("stream", *WORDS[name])
    assert result.code == 2, result
    assert result.err
    assert "Traceback" not in result.err
    assert result.out == ""


def test_a_redirect_loop(serve: Serve, cli: Cli) -> None:
    result = cli("stream", serve(_sends(answer("302 Found", Location="/x"))).url + "/x", "-X", "GET")
    assert result.code == 3
    assert "redirect loop" in result.err


def test_a_chain_of_redirects_without_end(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        peer.send(answer("307 Temporary Redirect", Location=f"{peer.path}x"))

    result = cli("stream", serve(script).url + "/x")
    assert result.code == 3
    assert "more than 10 redirects" in result.err


def test_reports_go_where_they_are_told(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    path, text = tmp_path / "report.json", tmp_path / "report.txt"
    url = serve(_sends(answer("404 Not Found"))).url
    result = cli("stream", url, "--report", f"json:{path}", "--report", f"terminal:{text}")
    assert result.out == ""
    assert json.loads(path.read_text())["exit_code"] == 3
    assert text.read_text().splitlines()[-1].startswith("FAIL")
