"""A stream, its recording read again, and its recording replayed and streamed again: all three say the same."""

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from sseprobe import dialects, sync
from sseprobe.dialects.base import Dialect
from sseprobe.http_exchange import BodyEnd
from sseprobe.probes.parse import parse_bytes
from sseprobe.report import Report
from sseprobe.sse.framing import Framing
from sseprobe.streams.cassette import Cassette, load, save
from tests.support.cli import Cli
from tests.support.mock import Mock
from tests.support.openai import DONE, chunk, good
from tests.support.processes import started
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, transfer_chunk
from tests.support.replays import replaying

Serve = Callable[[Callable[[Peer], None]], RawServer]
CHAT = "/v1/chat/completions"
IDLE_S = 0.4
FAULTS = ("none", "truncate", "cut", "rst", "stall", "error", "split-utf8", "comments", "no-final-blank-line")


def recorded(tape: Path, url: str, idle_s: float = 60, **options: Any) -> tuple[Report, Cassette]:
    """Streams as the command does, with `--record`."""
    report = sync.stream(url, idle_timeout=idle_s, timeout=60, record=str(tape), **options)
    cassette = load(BytesIO(tape.read_bytes()), "tape")
    assert save(cassette) == tape.read_bytes()
    return report, cassette


def again(tape: Path) -> Report:
    """Reads it as `--from` does."""
    return sync.stream(from_=str(tape))


def meaning(report: Report) -> dict[str, Any]:
    """What a stream said and how it ended, without its times, and the sentences about this client's own limits."""
    (stream,) = report.streams
    said = {name: getattr(stream, name) for name in stream.__struct_fields__}
    for name in ("metrics", "clock", "reads", "notes", "ending_reason", "http_version", "body_end", "redirects"):
        said.pop(name)
    return {**said, "tokens": stream.metrics.tokens, "exit_code": report.exit_code}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", dialects.NAMES)
def test_the_recording_and_its_replay_say_what_the_stream_said(
    mock: Mock, tmp_path: Path, name: str, fault: str
) -> None:
    idle_s = IDLE_S if fault == "stall" else 60
    knobs = f"X-Mock: itl_ms=1,ttft_ms=1,tokens=12,reasoning=0,fault={fault}".replace(",fault=none", ",tools=1")
    tape = tmp_path / "live"
    live, cassette = recorded(tape, f"{mock.url}{dialects.by_name(name).path}", idle_s, header=[knobs], dialect=name)
    assert meaning(again(tape)) == meaning(live)
    assert again(tape).streams[0].metrics == live.streams[0].metrics
    with replaying(cassette) as url:
        replayed, copy = recorded(tmp_path / "copy", url, idle_s, dialect=name)
    assert meaning(replayed) == meaning(live)
    assert (copy.body, copy.end.end) == (cassette.body, cassette.end.end)
    parsed = parse_bytes("tape", save(cassette))
    assert len(parsed.events) == live.streams[0].events
    assert parsed == parse_bytes("tape", save(copy))
    assert parsed.events == parse_bytes("tape", cassette.body).events or by_lines(name)


def by_lines(name: str) -> bool:
    """Whether a bare body cannot tell how it is cut."""
    dialect: Dialect = dialects.by_name(name)
    return dialect.framing is Framing.LINES


# --- what the mock does not do


SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
WHOLE = b"".join(good("Hello", " é"))


def _sends(*pieces: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.send(*pieces)


def _left_open(peer: Peer) -> None:
    peer.stream(*good("Hello"))
    peer.wait_for_close()


def _gzip(peer: Peer) -> None:
    import gzip

    packed = gzip.compress(WHOLE)
    peer.send(SSE_HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed)


INVALID = chunk("x").replace(b'"x"', b'"a\xff\xed\xa0\x80b"')
SERVERS: dict[str, tuple[Callable[[Peer], None], BodyEnd]] = {
    "invalid UTF-8": (_sends(HEAD, *map(transfer_chunk, [*good("a")[:1], INVALID, *good("b")[1:]]), LAST_CHUNK), BodyEnd.LAST_CHUNK),
    "a length": (_sends(SSE_HEAD + b"Content-Length: %d\r\n\r\n" % len(WHOLE), WHOLE), BodyEnd.CONTENT_LENGTH),
    "too short": (_sends(SSE_HEAD + b"Content-Length: 9000\r\n\r\n", WHOLE), BodyEnd.SHORT_BODY),
    "closed": (_sends(SSE_HEAD + b"Connection: close\r\n\r\n", WHOLE), BodyEnd.CLOSE),
    "gzip": (_gzip, BodyEnd.CONTENT_LENGTH),
    "broken framing": (_sends(HEAD, transfer_chunk(good("a")[0]), b"not a size\r\n"), BodyEnd.PROTOCOL_ERROR),
    "left open": (_left_open, BodyEnd.LEFT_OPEN),
    "control characters": (_sends(HEAD, transfer_chunk(b": \0\x1b\r\ndata: \xe2\x80\xa8\x85\r\r" + DONE), LAST_CHUNK), BodyEnd.LAST_CHUNK),
    "no bytes": (_sends(HEAD, LAST_CHUNK), BodyEnd.LAST_CHUNK),
}  # fmt: skip


@pytest.mark.parametrize("case", SERVERS)
def test_so_do_other_servers(serve: Serve, tmp_path: Path, case: str) -> None:
    script, end = SERVERS[case]
    idle_s = IDLE_S if case == "left open" else 60
    tape = tmp_path / "live"
    live, cassette = recorded(tape, serve(script).url + CHAT, idle_s)
    assert cassette.end.end is end
    assert meaning(again(tape)) == meaning(live)
    with replaying(cassette) as url:
        replayed, copy = recorded(tmp_path / "copy", url, idle_s)
    assert meaning(replayed) == meaning(live)
    assert (copy.body, copy.end.end) == (cassette.body, end)


def test_a_dialect_that_was_named_is_recorded(serve: Serve, tmp_path: Path) -> None:
    """Nothing else may tell it: neither the path nor the events."""
    server = serve(_sends(HEAD, *map(transfer_chunk, good("a")), LAST_CHUNK))
    live, _ = recorded(tmp_path / "live", f"{server.url}/events", dialect="vllm")
    assert again(tmp_path / "live").target.dialect == live.target.dialect == "vllm"


def test_the_times_of_a_replay_are_those_recorded_or_later(mock: Mock, tmp_path: Path) -> None:
    knobs = ["X-Mock: itl_ms=20,ttft_ms=50,tokens=8"]
    _, cassette = recorded(tmp_path / "live", f"{mock.url}{CHAT}", header=knobs)
    with replaying(cassette) as url:
        _, copy = recorded(tmp_path / "copy", url)

    def arrivals(which: Cassette) -> list[tuple[int, int]]:
        """Up to which byte, and when."""
        total, all_of_them = 0, []
        for each in which.chunks:
            total += len(each.data)
            all_of_them.append((total, each.read.t_ns))
        return all_of_them

    for count, due_ns in arrivals(cassette):
        came_ns = min(t_ns for total, t_ns in arrivals(copy) if total >= count)
        assert came_ns >= due_ns


# --- as a user types it


def test_as_a_user_types_it(mock: Mock, cli: Cli, tmp_path: Path) -> None:
    path = str(tmp_path / "c.jsonl")
    url = f"{mock.url}/v1/messages"
    words = ["-H", "X-Mock: tokens=4,itl_ms=1,ttft_ms=1,text=one two three four", "--report", "json"]
    live = cli("stream", url, *words, "--record", path)
    read = cli("stream", "--from", path, "--report", "json")
    with started("-m", "sseprobe", "replay", path, "--port", "0", "--json") as replay:
        assert replay["url"].endswith("/v1/messages")
        replayed = cli("stream", replay["url"], "--report", "json")
        judged = cli("check", replay["url"], "--repeat", "1", "--report", "json")
    judged_live = cli("check", url, "-H", words[1], "--repeat", "1", "--report", "json")
    for result in (live, read, replayed):
        (stream,) = result.report["streams"]
        assert (result.code, stream["ending"], stream["text"]) == (0, "complete", "one two three four")
        assert (stream["dialect"], stream["metrics"]["tokens"]) == ("anthropic", 4)
    verdicts = [
        {each["rule"]: each["verdict"] for each in result.report["results"] if each["rule"][:3] in ("SSE", "DIA")}
        for result in (judged, judged_live)
    ]
    assert verdicts[0] == verdicts[1]


def test_credentials_are_in_no_recording(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    """Nor where the server echoes one, in pieces."""
    key = "sk-ant-0123456789"

    def script(peer: Peer) -> None:
        head = HEAD.replace(b"\r\n\r\n", f"\r\nX-Echo: {key}\r\nSet-Cookie: abc\r\n\r\n".encode())
        peer.send(head)
        for letter in f": {key} {key}\n\n":
            peer.stream_more(letter.encode())
        peer.stream_more(*good("fine"))
        peer.send(LAST_CHUNK)

    path = tmp_path / "c.jsonl"
    url = serve(script).url.replace("http://", "http://user:pass-word@") + f"{CHAT}?token=tok-en"
    result = cli("stream", url, "--api-key-env", "KEY", "--record", str(path), env={"KEY": key})
    assert result.code == 0, result
    written = path.read_text()
    for secret in (key, "pass-word", "tok-en", "abc"):
        assert secret not in written
        assert secret.encode() not in load(BytesIO(path.read_bytes()), "c").body
    assert load(BytesIO(path.read_bytes()), "c").body.startswith(b": " + b"*" * len(key) + b" ")
    replayed = cli("stream", "--from", str(path), "--show", "raw")
    assert key not in replayed.out


@pytest.mark.parametrize("path", ["/nowhere/c.jsonl", "."])
def test_a_path_that_cannot_be_written_is_found_out_first(serve: Serve, cli: Cli, path: str) -> None:
    server = serve(_sends(HEAD, LAST_CHUNK))
    for command in ("stream", "check"):
        result = cli(command, server.url + CHAT, "--record", path)
        assert (result.code, result.out) == (2, "")
        assert f"--record {path}: cannot be written" in result.err
    assert server.peers == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_process_that_dies_leaves_what_it_saw(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"

    def script(peer: Peer) -> None:
        peer.stream(*good("Hello", " world")[:3])
        peer.wait_for_close()

    process = Cli().start("stream", serve(script).url + CHAT, "--record", str(path))
    assert process.stdout is not None
    seen = b""
    while b"world" not in seen:
        seen += process.stdout.read(1)
    process.kill()
    process.communicate(timeout=20)
    cassette = load(BytesIO(path.read_bytes()), "c")
    assert (cassette.last, cassette.end.end) == (None, BodyEnd.ABORT)
    assert again(path).streams[0].text == "Hello world"
    with replaying(cassette) as url:
        report, _ = recorded(path.with_name("copy"), url)
    assert (report.streams[0].ending, report.streams[0].text) == ("truncated", "Hello world")
