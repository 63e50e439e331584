"""Silence of content over a socket, whatever heartbeats come; and answers that are made whole before they are sent."""

import json
from collections.abc import Callable

import pytest

from tests.support.cli import Cli
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, transfer_chunk

Serve = Callable[..., RawServer]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BEAT = transfer_chunk(b": keep-alive\n\n")


def token(text: str) -> bytes:
    return transfer_chunk(f"data: {json.dumps({'token': text})}\n\n".encode())


def beats_for_ever(peer: Peer) -> None:
    """Ten tokens, then heartbeats until the client leaves."""
    peer.send(HEAD, *(token(f"{number} ") for number in range(10)))
    try:
        while not peer.gone_within(0.02):
            peer.send(BEAT)
    except OSError:
        return


def never_begins(peer: Peer) -> None:
    peer.send(HEAD)
    try:
        while not peer.gone_within(0.02):
            peer.send(BEAT)
    except OSError:
        return


@pytest.mark.parametrize(("script", "text"), [(beats_for_ever, "0 1 2 3 4 5 6 7 8 9 "), (never_begins, "")])
def test_content_that_does_not_come_ends_the_stream(
    script: Callable[[Peer], None], text: str, cli: Cli, serve: Serve
) -> None:
    done = cli("stream", serve(script).url + "/chat", "--content-timeout", "0.5", "--report", "json")
    [stream] = done.report["streams"]
    assert (stream["ending"], stream["text"], done.code) == ("idle-timeout", text, 1)
    assert "no content came for 0.5 s (--content-timeout)" in stream["ending_reason"]
    assert stream["metrics"]["content_silence_ms"] >= 450
    assert stream["metrics"]["byte_silence_ms"] < stream["metrics"]["content_silence_ms"]


def test_check_fails_where_content_does_not_come(cli: Cli, serve: Serve) -> None:
    done = cli("check", serve(beats_for_ever).url + "/chat", "--content-timeout", "0.5", "--repeat", "1")
    assert done.code == 1
    assert "TRM001" in done.out


def test_a_head_that_does_not_come_is_no_stream(cli: Cli, serve: Serve) -> None:
    done = cli("stream", serve(lambda peer: peer.gone_within(10)).url + "/chat", "--content-timeout", "0.3")
    assert done.code == 3
    assert "did not answer within 0.3 s (--content-timeout)" in done.err


def test_silence_behind_the_end_mark_is_none_of_content(cli: Cli, serve: Serve) -> None:
    def lingers(peer: Peer) -> None:
        peer.send(HEAD, token("Hi"), transfer_chunk(b"data: [DONE]\n\n"))
        peer.gone_within(0.8)
        peer.send(LAST_CHUNK)

    done = cli("stream", serve(lingers).url + "/chat", "--content-timeout", "0.4", "--report", "json")
    [stream] = done.report["streams"]
    assert (stream["ending"], done.code) == ("complete", 0)
    assert stream["metrics"]["byte_silence_ms"] > stream["metrics"]["content_silence_ms"]


def answering(whole_first: bool) -> Callable[[Peer], None]:
    """An app that says a word, or a hundred if it is asked for a story; a word takes 5 ms."""

    def send(peer: Peer) -> None:
        words = 100 if "story" in json.loads(peer.body)["message"] else 1
        peer.send(HEAD)
        if whole_first and peer.gone_within(0.05 + 0.005 * words):
            return
        for number in range(words):
            if peer.gone_within(0.05 if not number and not whole_first else 0.0005 if whole_first else 0.005):
                return
            peer.send(token(f"word{number} "))
        peer.send(transfer_chunk(b"data: [DONE]\n\n"), LAST_CHUNK)

    return send


@pytest.mark.parametrize("whole_first", [False, True])
def test_an_app_that_makes_the_whole_answer_first(whole_first: bool, cli: Cli, serve: Serve) -> None:
    url = serve(answering(whole_first)).url + "/chat"
    words = ["-d", '{"message": "hi"}', "--probe", "answer-length", "--select", "BUF007", "--repeat", "1"]
    done = cli("check", url, *words)
    assert done.code == (1 if whole_first else 0), done
    assert ("is made whole before it is sent" in " ".join(done.out.split())) == whole_first


def test_a_request_without_a_prompt_cannot_ask_for_lengths(cli: Cli, serve: Serve) -> None:
    def send(peer: Peer) -> None:
        peer.send(HEAD, token("Hi"), transfer_chunk(b"data: [DONE]\n\n"), LAST_CHUNK)

    done = cli("check", serve(send).url, "--probe", "answer-length", "--repeat", "1")
    assert done.code == 4
    assert "no known prompt field" in " ".join(done.out.split())


def test_the_mock_is_asked_for_few_and_for_many_tokens(cli: Cli) -> None:
    done = cli("check", "--probe", "answer-length", "--select", "BUF007", "--repeat", "1", "--report", "json")
    [result] = done.report["results"]
    assert (result["verdict"], done.code) == ("pass", 0)
    rogue = cli(
        "check", "--model", "mock/itl_ms=15,fault=whole-first", "--probe", "answer-length", "--select", "BUF007",
        "--repeat", "1",
    )  # fmt: skip
    assert rogue.code == 1
    assert "the answer is made whole before it is sent" in " ".join(rogue.out.split())
