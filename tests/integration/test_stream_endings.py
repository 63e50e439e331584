"""`sseprobe stream` tells apart how a stream ended, with the right exit code and one clear sentence."""

from collections.abc import Callable

import pytest

from tests.support.cli import Cli
from tests.support.openai import DONE, chunk, error, good
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, transfer_chunk

Serve = Callable[[Callable[[Peer], None]], RawServer]
CHAT = "/v1/chat/completions"
_CLOSE_DELIMITED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def _with_length(body: bytes, length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (length, body)


def _good_then(*rest: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.stream(*good("Hello", " world"))
        peer.send(*rest)

    return script


def _script(*pieces: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.send(*pieces)


def _reset(peer: Peer) -> None:
    peer.stream(chunk("Hello"))
    peer.until_read()  # a reset discards what the client has not read
    peer.reset()


def _silence(peer: Peer) -> None:
    peer.stream(chunk("Hello"))
    peer.wait_for_close()


def _endless(peer: Peer) -> None:
    peer.send(HEAD)
    while True:
        peer.send(transfer_chunk(chunk("word ")))


CASES: dict[str, tuple[Callable[[Peer], None], list[str], str, str, int, str]] = {
    "complete": (_good_then(LAST_CHUNK), [], "complete", "last-chunk", 0, ""),
    "content-length": (
        _script(_with_length(b"".join(good("a")), len(b"".join(good("a"))))),
        [],
        "complete",
        "content-length",
        0,
        "",
    ),
    "close-delimited": (_script(_CLOSE_DELIMITED, *good("a")), [], "complete", "connection-close", 0, ""),
    "no terminator": (
        lambda peer: peer.send(HEAD, transfer_chunk(chunk("Hello")), LAST_CHUNK),
        [],
        "truncated",
        "last-chunk",
        1,
        "without the [DONE]",
    ),
    "missing last chunk": (
        lambda peer: peer.stream(chunk("Hello")),
        [],
        "truncated",
        "missing-last-chunk",
        1,
        "without HTTP's last chunk",
    ),
    "missing last chunk after the terminator": (
        _good_then(),
        [],
        "truncated",
        "missing-last-chunk",
        1,
        "without HTTP's last chunk",
    ),
    "short body": (_script(_with_length(chunk("Hello"), 100_000)), [], "truncated", "short-body", 1, "Content-Length"),
    "close in mid-event": (
        _script(_CLOSE_DELIMITED, chunk("Hello"), b'data: {"choices"'),
        [],
        "truncated",
        "connection-close",
        1,
        "inside an event",
    ),
    "unfinished choice": (
        lambda peer: peer.send(HEAD, transfer_chunk(chunk("Hello") + DONE), LAST_CHUNK),
        [],
        "truncated",
        "last-chunk",
        1,
        "no finish_reason",
    ),
    "in-band error": (
        lambda peer: peer.send(HEAD, transfer_chunk(chunk("Hello") + error("overloaded", code=503)), LAST_CHUNK),
        [],
        "error",
        "last-chunk",
        1,
        "overloaded",
    ),
    "in-band error, then [DONE]": (
        lambda peer: peer.send(HEAD, transfer_chunk(chunk("Hello") + error("overloaded") + DONE), LAST_CHUNK),
        [],
        "error",
        "last-chunk",
        1,
        "overloaded",
    ),
    "reset": (_reset, [], "reset", "reset", 1, "reset"),
    "idle": (_silence, ["--idle-timeout", "0.3"], "idle-timeout", "idle-timeout", 1, "no bytes arrived for 0.3 s"),
    "endless": (_endless, ["--timeout", "0.5"], "total-timeout", "total-timeout", 1, "had not ended after 0.5 s"),
    "invalid chunking": (
        _script(HEAD, transfer_chunk(chunk("Hello")), b"zzz\r\n"),
        [],
        "truncated",
        "protocol-error",
        1,
        "framing",
    ),
    "empty": (_script(HEAD, LAST_CHUNK), [], "truncated", "last-chunk", 1, "without the [DONE]"),
}


@pytest.mark.parametrize("name", CASES)
def test_endings(name: str, serve: Serve, cli: Cli) -> None:
    script, options, ending, body_end, code, said = CASES[name]
    result = cli("stream", serve(script).url + CHAT, "--report", "json", "-q", *options)
    stream = result.report["streams"][0]
    assert (stream["ending"], stream["body_end"], result.code) == (ending, body_end, code), result
    assert said in result.err
    assert ("sseprobe: " in result.err) == (code != 0)
    assert result.err.count("\n") <= 1
    assert result.report["exit_code"] == code
    assert result.report["verdict"] == ("pass" if code == 0 else "fail")
    if name not in ("empty", "endless"):
        assert stream["text"]  # what was received so far is still reported


def test_a_line_without_end_is_given_up(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        peer.stream(chunk("Hello"), b"data: ")
        while True:
            peer.send(transfer_chunk(b"x" * 65536))

    result = cli("stream", serve(script).url + CHAT, "--report", "json", "-q")
    assert result.code == 1
    assert result.report["streams"][0]["ending"] == "limit"
    assert result.report["streams"][0]["text"] == "Hello"
    assert "more than 16 MiB" in result.err


def test_a_connection_left_open_after_the_terminator_is_no_failure(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        peer.stream(*good("Hello"))
        peer.wait_for_close()

    result = cli("stream", serve(script).url + CHAT, "--report", "json", "--idle-timeout", "0.5")
    stream = result.report["streams"][0]
    assert (stream["ending"], stream["body_end"], result.code) == ("complete", "left-open", 0)
    assert any("left the connection open" in note for note in stream["notes"])


def test_plain_streams_end_with_their_body(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        peer.send(HEAD, transfer_chunk(b"data: one\n\n"), transfer_chunk(b": hi\n\ndata: two\n\n"), LAST_CHUNK)

    result = cli("stream", serve(script).url + "/events", "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["ending"], stream["dialect"], stream["events"], stream["comments"]) == ("complete", "plain", 2, 1)
    assert result.code == 0
    assert result.report["target"]["method"] == "GET"


def test_the_dialect_is_told_by_the_first_event(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        peer.send(HEAD, transfer_chunk(b": hi\n\n" + b"".join(good("a", "b"))), LAST_CHUNK)

    result = cli("stream", serve(script).url + "/my/own/path", "--report", "json")
    stream = result.report["streams"][0]
    assert (stream["dialect"], stream["text"], stream["metrics"]["tokens"]) == ("openai-chat", "ab", 2)


def test_ten_events_in_one_read_are_one_arrival(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        body = b"".join(map(transfer_chunk, good(*"abcdefghij")))
        peer.send(HEAD + body + LAST_CHUNK)

    stream = cli("stream", serve(script).url + CHAT, "--report", "json").report["streams"][0]
    assert (stream["events"], stream["reads"]) == (14, 1)
    assert stream["metrics"]["bunching_ratio"] in (14.0, None)  # None where this process came late
    assert stream["metrics"]["itl_ms"]["max"] in (0, None)
