"""`sseprobe replay` on real sockets: the bytes, the times, the endings, and what clients may do meanwhile."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sseprobe.http_exchange import BodyEnd
from sseprobe.replay import server
from sseprobe.streams.cassette import Cassette, save
from tests.support.cli import COMMAND, Cli, environment
from tests.support.replays import STREAM, cassette, replaying

EVENTS = [b"data: one\n\n", b"data: tw", b"o\n\n", b"data: \xff\n\n"]
BODY = b"".join(EVENTS)


class Client:
    """One request on a bare socket."""

    def __init__(
        self, url: str, request: bytes = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", *, window: int | None = None
    ) -> None:
        parts = urlsplit(url)
        self.socket = socket.socket()
        self.socket.settimeout(20)
        if window is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.connect((str(parts.hostname), int(parts.port or 0)))
        self.requested_ns = time.monotonic_ns()
        self.socket.sendall(request)
        self.received = b""

    def read(self) -> bytes:
        """What comes next, empty at the end."""
        piece = self.socket.recv(65536)
        self.received += piece
        return piece

    def until(self, wanted: bytes) -> float:
        """Reads until this has come; when, in ms since the request was sent."""
        while wanted not in self.received:
            assert self.read(), self.received
        return (time.monotonic_ns() - self.requested_ns) / 1e6

    def all(self) -> tuple[dict[str, str], bytes]:
        """Reads to the end: headers in lower case, and the body as it was framed."""
        with self.socket:
            while self.read():
                pass
        head, _, body = self.received.partition(b"\r\n\r\n")
        pairs = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:])
        return {name.lower(): value for name, _, value in pairs}, body


def framed(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def is_silent(client: Client) -> bool:
    """Whether the connection is open, and nothing comes on it."""
    return not select.select([client.socket], [], [], 0.3)[0]


# --- framing and endings


WHOLE = {"transfer-encoding": "chunked"}
ENDINGS: dict[BodyEnd, tuple[dict[str, str], bytes]] = {
    BodyEnd.LAST_CHUNK: (WHOLE, framed(*EVENTS) + b"0\r\n\r\n"),
    BodyEnd.END_STREAM: (WHOLE, framed(*EVENTS) + b"0\r\n\r\n"),
    BodyEnd.CONTENT_LENGTH: ({"content-length": str(len(BODY))}, BODY),
    BodyEnd.CLOSE: ({}, BODY),
    BodyEnd.MISSING_LAST_CHUNK: (WHOLE, framed(*EVENTS)),
    BodyEnd.TLS_CUT: (WHOLE, framed(*EVENTS)),
    BodyEnd.SHORT_BODY: ({"content-length": str(len(BODY) + 1)}, BODY),
    BodyEnd.ABORT: (WHOLE, framed(*EVENTS)),
    BodyEnd.LIMIT: (WHOLE, framed(*EVENTS)),
}
OPEN_ENDINGS = {
    BodyEnd.LEFT_OPEN: framed(*EVENTS),
    BodyEnd.IDLE_TIMEOUT: framed(*EVENTS),
    BodyEnd.TOTAL_TIMEOUT: framed(*EVENTS),
    BodyEnd.PROTOCOL_ERROR: framed(*EVENTS) + b"no size of a chunk\r\n",
}


def test_no_ending_is_forgotten() -> None:
    assert {*ENDINGS, *OPEN_ENDINGS, BodyEnd.RESET} == set(BodyEnd)


@pytest.mark.parametrize("end", ENDINGS)
def test_the_body_is_framed_and_ends_as_recorded(end: BodyEnd) -> None:
    with replaying(cassette(*EVENTS, end=end)) as url:
        headers, body = Client(url).all()
    framing, wanted = ENDINGS[end]
    assert body == wanted
    assert headers == {"content-type": "text/event-stream", "connection": "close", **framing}


@pytest.mark.parametrize("end", OPEN_ENDINGS)
def test_what_was_left_open_is_left_open(end: BodyEnd) -> None:
    with replaying(cassette(*EVENTS, end=end)) as url:
        client = Client(url)
        client.until(OPEN_ENDINGS[end])
        assert is_silent(client)
        assert client.received.partition(b"\r\n\r\n")[2] == OPEN_ENDINGS[end]
        client.socket.close()


def test_a_reset_comes_after_the_data() -> None:
    pieces = [b"data: " + b"x" * 1000 + b"\n\n"] * 1000
    with replaying(cassette(*pieces, end=BodyEnd.RESET)) as url:
        client = Client(url, window=4096)
        select.select([], [], [], 0.5)  # a slow reader: the kernels hold what the server has written
        with pytest.raises(ConnectionResetError):
            client.all()
    assert client.received.partition(b"\r\n\r\n")[2] == framed(*pieces)


@pytest.mark.parametrize(
    ("end", "length"),
    [
        (BodyEnd.LAST_CHUNK, None),
        (BodyEnd.CONTENT_LENGTH, len(BODY)),
        (BodyEnd.MISSING_LAST_CHUNK, len(BODY) + 1),
        (BodyEnd.LIMIT, len(BODY) + 1),
    ],
)
def test_http_1_0_is_sent_no_transfer_chunks(end: BodyEnd, length: int | None) -> None:
    with replaying(cassette(*EVENTS, end=end)) as url:
        headers, body = Client(url, b"GET / HTTP/1.0\r\n\r\n").all()
    assert body == BODY
    assert headers.get("content-length") == (None if length is None else str(length))
    assert "transfer-encoding" not in headers


def test_a_short_body_promises_what_was_promised() -> None:
    recorded = [*STREAM, ("content-length", "5000")]
    with replaying(cassette(*EVENTS, end=BodyEnd.SHORT_BODY, headers=recorded)) as url:
        assert Client(url).all()[0]["content-length"] == "5000"
    # A promise about the encoded body is none about this one.
    recorded.append(("Content-Encoding", "gzip"))
    with replaying(cassette(*EVENTS, end=BodyEnd.SHORT_BODY, headers=recorded)) as url:
        assert Client(url).all()[0]["content-length"] == str(len(BODY) + 1)


def test_a_piece_without_bytes_does_not_end_the_body() -> None:
    with replaying(cassette(b"data: a\n\n", b"", b"data: b\n\n")) as url:
        assert Client(url).all()[1] == framed(b"data: a\n\n", b"data: b\n\n") + b"0\r\n\r\n"


def test_the_recorded_head_is_sent_but_for_what_was_the_connections() -> None:
    recorded = [
        ("content-type", "text/event-stream"),
        ("Connection", "keep-alive, X-Hop"),
        ("Keep-Alive", "timeout=5"),
        ("X-Hop", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Encoding", "gzip"),
        ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Set-Cookie", "***"),
        ("X-Latin", "é \x9b"),
        ("X-Twice", "1"),
        ("x-twice", "2"),
    ]
    with replaying(cassette(*EVENTS, headers=recorded)) as url:
        client = Client(url)
        headers, _ = client.all()
    assert headers.pop("date").endswith(" GMT")
    assert b"1970" not in client.received
    assert headers == {
        "content-type": "text/event-stream",
        "set-cookie": "***",
        "x-latin": "é \x9b",
        "x-twice": "2",
        "transfer-encoding": "chunked",
        "connection": "close",
    }
    assert b"X-Twice: 1\r\nx-twice: 2\r\n" in client.received


# --- requests


POST = b"POST /v1/x?y HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
PIPELINED = b"DELETE / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.mark.parametrize("request_bytes", [POST, CHUNKED, PIPELINED, b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"])
def test_any_request_is_answered(request_bytes: bytes) -> None:
    with replaying(cassette(*EVENTS)) as url:
        _, body = Client(url, request_bytes).all()
    assert body == framed(*EVENTS) + b"0\r\n\r\n"


def test_head_gets_the_head() -> None:
    with replaying(cassette(*EVENTS, end=BodyEnd.RESET)) as url:
        headers, body = Client(url, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").all()
    assert (headers["content-type"], body) == ("text/event-stream", b"")


def test_a_status_that_has_no_body_is_sent_none() -> None:
    with replaying(cassette(*EVENTS, status=204)) as url:
        headers, body = Client(url).all()
    assert (headers, body) == ({"content-type": "text/event-stream", "connection": "close"}, b"")


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    with replaying(cassette(*EVENTS)) as url:
        client = Client(url, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        client.until(b"\r\n\r\n")
        assert client.received.startswith(b"HTTP/1.1 100 ")
        client.socket.sendall(b"hello")
        _, rest = client.all()
    assert rest.endswith(framed(*EVENTS) + b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [(b"\x16\x03\x01 hello\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nX: " + b"x" * 8_000_000, b"431")],
)
def test_what_is_no_request_is_told_so(request_bytes: bytes, status: bytes) -> None:
    with replaying(cassette(*EVENTS)) as url:
        client = Client(url, request_bytes)
        client.all()
        assert client.received.startswith(b"HTTP/1.1 %s " % status)
        assert Client(url).all()[1] == framed(*EVENTS) + b"0\r\n\r\n"


# --- time: nothing leaves before its deadline. A busy machine may be late, and is not asked how late.


TIMED = cassette(b"data: a\n\n", b"data: b\n\n", b"data: c\n\n", times_ms=[100, 250, 400], end_ms=550)


@pytest.mark.parametrize("speed", [1.0, 2.0, 0.5])
def test_nothing_leaves_before_its_time(speed: float) -> None:
    with replaying(TIMED, speed=speed) as url:
        client = Client(url)
        came = [client.until(wanted) for wanted in (b"data: a", b"data: b", b"data: c", b"0\r\n\r\n")]
        client.socket.close()
    assert all(ms >= due / speed for ms, due in zip(came, [100, 250, 400, 550], strict=True)), came


def test_nothing_leaves_before_its_time_where_times_are_near() -> None:
    pieces = [b"data: <%d>\n\n" % number for number in range(40)]
    with replaying(cassette(*pieces, times_ms=[5 * number + 4 for number in range(40)])) as url:
        client = Client(url)
        for number in range(40):
            assert client.until(b"<%d>" % number) >= 5 * number + 4
        client.socket.close()


def test_each_piece_leaves_alone() -> None:
    """What comes later is not waited for."""
    slow = cassette(b"data: a\n\n", b"data: b\n\n", times_ms=[0, 3_600_000])
    with replaying(slow) as url:
        client = Client(url)
        client.until(framed(b"data: a\n\n"))
        assert b"data: b" not in client.received
        client.socket.close()


@pytest.mark.parametrize("speed", [float("inf"), 1e300])
def test_as_fast_as_it_can(speed: float) -> None:
    aeon = cassette(*EVENTS, times_ms=[1e9, 2e9, 3e9, 4e9])
    with replaying(aeon, speed=speed) as url:
        assert Client(url).all()[1] == framed(*EVENTS) + b"0\r\n\r\n"


def test_as_slow_as_it_likes() -> None:
    with replaying(cassette(*EVENTS, times_ms=[0, 1, 2, 3]), speed=5e-324) as url:
        client = Client(url)
        client.until(framed(EVENTS[0]))
        assert is_silent(client)
        client.socket.close()


def test_one_read_leaves_in_one_write() -> None:
    """Bunching is what was recorded: it is not undone."""
    pieces = [b"data: %d\n\n" % number for number in range(200)]
    bunched = cassette(*pieces, times_ms=[50] * 200, reads=[0] * 200)
    with replaying(bunched) as url:
        client = Client(url)
        client.until(b"\r\n\r\n")
        while not (piece := client.received.partition(b"\r\n\r\n")[2]):
            client.read()
        client.socket.close()
    assert piece.startswith(framed(*pieces))


# --- many at once


def test_many_are_served_at_once_and_each_leaves_alone() -> None:
    """None could end if one were served after another: all are begun before the first is left."""
    held = cassette(b"data: a\n\n", end=BodyEnd.IDLE_TIMEOUT)
    with replaying(held) as url:
        clients = [Client(url) for _ in range(200)]
        for client in clients:
            client.until(framed(b"data: a\n\n"))
        for client in clients[:100]:
            client.socket.close()
        assert is_silent(clients[-1])
        latecomer = Client(url)
        latecomer.until(framed(b"data: a\n\n"))
        for client in [*clients[100:], latecomer]:
            client.socket.close()


def test_a_client_that_leaves_stops_its_own_stream_only() -> None:
    pieces = [b"data: %d\n\n" % number for number in range(300)]
    recorded = cassette(*pieces, times_ms=[float(number) for number in range(300)])
    with replaying(recorded) as url:
        stays = Client(url)
        for how in ("close", "reset", "half"):
            leaves = Client(url)
            leaves.until(b"data: 3")
            if how == "reset":
                leaves.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if how == "half":
                leaves.socket.shutdown(socket.SHUT_WR)
                leaves.all()
                assert b"data: 299" not in leaves.received
            leaves.socket.close()
        assert stays.all()[1] == framed(*pieces) + b"0\r\n\r\n"


def test_who_finds_no_room_is_served_when_somebody_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_STREAMS", 2)
    with replaying(cassette(b"data: a\n\n", end=BodyEnd.IDLE_TIMEOUT)) as url:
        first, second, third = Client(url), Client(url), Client(url)
        for client in (first, second):
            client.until(b"data: a")
        assert is_silent(third)
        first.socket.close()
        third.until(b"data: a")
        second.socket.close()
        third.socket.close()


# --- the command


@contextlib.contextmanager
def command(tmp_path: Path, recorded: Cassette, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    path = tmp_path / "c.jsonl"
    path.write_bytes(save(recorded))
    process = subprocess.Popen(
        [*COMMAND, "replay", str(path), "--port", "0", *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode()


def test_it_says_where_it_is_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    recorded = cassette(*EVENTS, url="http://h/v1/chat/completions?a=b", end_ms=1500)
    with command(tmp_path, recorded, "--json", "--speed", "inf") as process:
        told = json.loads(first_line(process))
        assert told == {"url": f"http://127.0.0.1:{told['port']}/v1/chat/completions?a=b", "port": told["port"]}
        with urllib.request.urlopen(told["url"], timeout=20) as answer:
            assert answer.read() == BODY
        held = Client(told["url"], b"GET / HTTP/1.1\r\n")  # half a request keeps nobody here
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        held.socket.close()
    assert (process.returncode, out, err) == (130, b"", b"sseprobe: interrupted\n")


def test_for_people_it_says_what_it_is(tmp_path: Path) -> None:
    with command(tmp_path, cassette(*EVENTS, end_ms=1500), "--speed", "3") as process:
        line = first_line(process)
    assert line.startswith("replaying 4 chunks of plain over 500 ms, last-chunk, on http://127.0.0.1:")
    assert line.endswith("/events\n")


def test_it_ends_with_ctrl_c_in_mid_stream(tmp_path: Path) -> None:
    recorded = cassette(b"data: a\n\n", b"data: b\n\n", times_ms=[0, 3_600_000])
    with command(tmp_path, recorded, "--json") as process:
        client = Client(json.loads(first_line(process))["url"])
        client.until(b"data: a")
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
        client.socket.close()
    assert (process.returncode, err) == (130, b"sseprobe: interrupted\n")


def test_words_that_are_wrong(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(save(cassette(*EVENTS)))
    for speed in ("0", "-1", "nan", "-inf", "fast"):
        result = cli("replay", str(path), "--speed", speed)
        assert result.code == 2
        assert "--speed" in result.err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = cli("replay", str(path), "--port", port)
    said = f"sseprobe: cannot listen on 127.0.0.1 port {port} (Address already in use)."
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(said)
    assert cli("replay", str(path), "--host", "no such host").code == 2
