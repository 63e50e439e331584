"""Active probes: each rule that judges one is proven by a server that does it right and by one that does not."""

import gzip
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from sseprobe.rules import RuleVerdict, all_rules, judge
from sseprobe.rules.probe_results import MidStreamFailure, SlowReading
from sseprobe.streams.transcript import Transcript
from tests.support.cli import Cli, Result
from tests.support.openai import chunk, error, good
from tests.support.raw_server import LAST_CHUNK, Peer, RawServer, answer
from tests.support.recordings import Recordings
from tests.support.takes import received

Serve = Callable[..., RawServer]
CHAT = "/v1/chat/completions"
REFUSED = json.dumps({"error": {"message": "messages is missing", "type": "invalid_request_error"}}).encode()
LONG = [f" {number}" for number in range(40)]


def healthy(peer: Peer) -> None:
    """A stream to those who ask as they should; everybody else is refused."""
    if not peer.head.startswith("POST "):
        peer.send(answer("405 Method Not Allowed", REFUSED, Allow="POST", Content_Type="application/json"))
    elif not _is_meant(peer):
        peer.send(answer("400 Bad Request", REFUSED, Content_Type="application/json"))
    elif " HTTP/1.0" in peer.head:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", *good(*LONG))
    else:
        peer.stream(*good(*LONG))
        peer.send(LAST_CHUNK)


def _is_meant(peer: Peer) -> bool:
    try:
        return "messages" in json.loads(peer.body)
    except ValueError:
        return False


def but(unlike: Callable[[Peer], bool], then: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """The healthy server, which does something else for some requests."""
    return lambda peer: (then if unlike(peer) else healthy)(peer)


def _sends(*pieces: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.send(*pieces)


def _streams(*events: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.stream(*events)
        peer.send(LAST_CHUNK)

    return script


def _in_one_lump(peer: Peer) -> None:
    body = gzip.compress(b"".join(good(*LONG)))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    peer.send(head % len(body), body)


def _one_by_one(peer: Peer) -> None:
    """Each event in a moment of its own: the client has seen the one before."""
    if not _is_meant(peer) or not peer.head.startswith("POST "):
        return healthy(peer)
    if "gzip" in (peer.header("accept-encoding") or ""):
        return _in_one_lump(peer)
    peer.stream(chunk(role="assistant"))
    for word in LONG:
        peer.until_read()
        peer.stream_more(chunk(word))
    peer.stream_more(*good()[-3:])
    peer.send(LAST_CHUNK)
    return None


def _is(method: str) -> Callable[[Peer], bool]:
    return lambda peer: peer.head.startswith(f"{method} ")


def _not_json(peer: Peer) -> bool:
    return _is("POST")(peer) and peer.body == b'{"sseprobe": '


class _Every:
    """Every second stream lacks its terminator's usage: another shape."""

    def __init__(self) -> None:
        self.streams = 0

    def __call__(self, peer: Peer) -> None:
        self.streams += 1
        if self.streams % 2:
            return healthy(peer)
        return _streams(*(event.replace(b"\n", b"\r\n") for event in good(*LONG)))(peer)


def _ids(first: int, last: int) -> list[bytes]:
    return [b"id: %d\ndata: %d\n\n" % (number, number) for number in range(first, last + 1)]


def _resumes(*, skip: int = 0, again: int = 0) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        asked = int(peer.header("last-event-id") or 0)
        peer.stream(*_ids(asked + 1 + (skip - again if asked else 0), 20))
        peer.send(LAST_CHUNK)

    return script


def _refuses_to_resume(peer: Peer) -> None:
    if peer.header("last-event-id"):
        return peer.send(answer("410 Gone", b"{}"))
    return _resumes()(peer)


# rule -> (probe, path, a server that breaks it, part of the message)
BAD: dict[str, tuple[str, str, Callable[[Peer], None], str]] = {
    "TRM004": ("repeat", CHAT, _Every(), "stream 1 differs from stream 0 in line endings"),
    "ERR005": ("error", CHAT, but(_not_json, _streams(error("bad"))), "a body that is not JSON: got 200"),
    "ERR006": (
        "error",
        CHAT,
        but(_not_json, _sends(answer("400 Bad Request", b"<h1>No</h1>", Content_Type="text/html"))),
        "a body that is not JSON: got 400 with text/html",
    ),
    "ERR008": (
        "error",
        CHAT,
        but(_not_json, _sends(answer("422 No", b'{"detail": []}', Content_Type="application/json"))),
        "the error response has no message where clients look",
    ),
    "HTTP015": ("method", CHAT, but(_is("GET"), _sends(answer("500 Oops"))), "GET: got 500"),
    "HTTP016": (
        "method",
        CHAT,
        but(_is("SSEPROBE"), _sends(answer("405 No"))),
        "SSEPROBE: a 405 without an Allow header",
    ),
    "HTTP017": (
        "http10",
        CHAT,
        but(lambda peer: " HTTP/1.0" in peer.head, _streams(*good("a"))),
        "the response to an HTTP/1.0 request has a Transfer-Encoding",
    ),
    "HTTP018": ("method", CHAT, but(_is("HEAD"), _sends(answer("503 No"))), "HEAD: got 503"),
    "BUF006": ("compression", CHAT, _one_by_one, "events arrive in bursts of 40 with gzip"),
    "RES002": ("resume", "/events", _resumes(again=3), "3 events were repeated after"),
}
ALREADY = {
    "BUF007": "in test_silence.py",
    "ABT001": "tests/integration/test_abort_matrix.py, and below",
    "ERR007": "only the mock can be told to fail; below",
    "BUF005": "below",
}


def results(result: Result) -> dict[str, dict[str, Any]]:
    """By rule."""
    return {each["rule"]: each for each in result.report["results"]}


def checked(cli: Cli, url: str, probe: str, *words: str) -> tuple[Result, dict[str, dict[str, Any]]]:
    """The check with one probe."""
    result = cli("check", url, "--probe", probe, "--repeat", "2", "--report", "json", *words)
    return result, results(result)


def test_every_probed_rule_is_proven() -> None:
    assert {rule.id for rule in all_rules() if rule.subject is not Transcript} == BAD.keys() | ALREADY.keys()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_server_is_found(name: str, cli: Cli, serve: Serve) -> None:
    probe, path, script, said = BAD[name]
    result, found = checked(cli, serve(script).url + path, probe)
    assert found[name]["verdict"] == "fail", result
    assert said in found[name]["findings"][0]["message"]


@pytest.mark.parametrize("name", BAD)
def test_a_good_server_passes(name: str, cli: Cli, serve: Serve) -> None:
    probe, path, _, _ = BAD[name]
    script = _resumes() if name == "RES002" else healthy
    result, found = checked(cli, serve(script).url + path, probe, "--fail-on", "warning", "--select", name)
    assert found[name]["verdict"] == "pass", result
    assert result.code == 0


def test_the_mock_passes_all_of_them(cli: Cli) -> None:
    result = cli.process("check", "--report", "json")
    assert result.code == 0, result
    assert {"httpx-sse", "openai"} <= {each["reader"] for each in result.report["readers"]}
    assert {each["agrees"] for each in result.report["readers"]} == {True}
    probed = {rule.id for rule in all_rules() if rule.subject is not Transcript}
    assert {name: each["verdict"] for name, each in results(result).items() if name in probed} == dict.fromkeys(
        probed, "pass"
    )
    assert [probe["ran"] for probe in result.report["probes"]] == [True] * 9


def test_a_leak_is_found_with_a_witness(cli: Cli, serve: Serve) -> None:
    with_witness = cli("check", "--probe", "abort", "--report", "json")
    assert results(with_witness)["ABT001"]["verdict"] == "pass"
    url = serve(healthy).url + CHAT
    without = cli("check", url, "--probe", "abort", "--report", "json")
    assert without.code == 4
    assert "--witness" in results(without)["ABT001"]["reason"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (_resumes(skip=2), "2 events are missing after"),
        (_refuses_to_resume, "the reconnection got 410"),
    ],
)
def test_other_ways_not_to_resume(script: Callable[[Peer], None], said: str, cli: Cli, serve: Serve) -> None:
    _, found = checked(cli, f"{serve(script).url}/events", "resume")
    assert said in found["RES002"]["findings"][0]["message"]


def test_a_server_that_resumes_is_asked_without_being_named(cli: Cli, serve: Serve) -> None:
    result = cli("check", f"{serve(_resumes()).url}/events", "--report", "json")
    assert [probe["probe"] for probe in result.report["probes"] if probe["ran"]] == ["repeat", "resume"]
    assert results(result)["RES002"]["verdict"] == "pass"


def test_no_probe_follows_a_stream_that_did_not_complete(cli: Cli, serve: Serve) -> None:
    server = serve(_streams(chunk("a")))
    result = cli("check", server.url + CHAT, "--probe", "error", "--probe", "method", "--report", "json")
    assert result.code == 1
    assert len(server.peers) == 1
    assert {probe["detail"] for probe in result.report["probes"] if probe["probe"] in ("error", "method")} == {
        "the stream before it did not complete"
    }


def test_what_is_held_for_a_slow_reader_is_not_seen_from_outside(cli: Cli, serve: Serve) -> None:
    result, found = checked(cli, serve(healthy).url + CHAT, "slow-reader")
    assert result.code == 4
    assert found["BUF005"]["verdict"] == "inconclusive"
    assert "abort-test --how stall" in found["BUF005"]["reason"]


def test_a_slow_reader_that_is_cut_off_proves_a_bound(cli: Cli, serve: Serve) -> None:
    streams = itertools.count()

    def script(peer: Peer) -> None:
        if next(streams) == 0:
            return healthy(peer)
        peer.stream(*good(*LONG)[:20])
        return None  # closed without the last chunk

    _, found = checked(cli, serve(script).url + CHAT, "slow-reader")
    assert found["BUF005"]["verdict"] == "pass"


def test_production_that_goes_on_for_a_slow_reader_is_found() -> None:
    rule = next(rule for rule in all_rules() if rule.id == "BUF005")
    assert judge(rule, SlowReading(1000, False, 500, 500)).verdict is RuleVerdict.FAIL
    assert judge(rule, SlowReading(1000, False, 499, 500)).verdict is RuleVerdict.PASS


def test_failure_without_error_event(recorded: Recordings) -> None:
    rule = next(rule for rule in all_rules() if rule.id == "ERR007")
    for name, verdict in (("ERR002/good", RuleVerdict.PASS), ("TRM001/bad", RuleVerdict.FAIL)):
        stream = received(recorded(name))[1]
        assert judge(rule, MidStreamFailure(stream, "told to fail")).verdict is verdict
