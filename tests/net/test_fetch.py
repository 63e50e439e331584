"""Small documents over a list of bytes: bounded in size and in time, one sentence for each failure."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx
import pytest

from sseprobe.net.fetch import MAX_BYTES, Document, Fetcher, FetchError
from tests.support.network import DIRECT
from tests.support.raw_server import answer

URL = "http://user:hunter2@h.example/metrics"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


Item = bytes | float | Exception


class Stream(httpcore.NetworkStream):
    """Reads the items one by one; an error among them is raised, a number moves the clock by so many seconds."""

    def __init__(self, items: Iterable[Item], clock: list[float]) -> None:
        self.sent = b""
        self._items = iter(items)
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, bytes):
                return item
            self._clock[0] += item
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.sent += buffer

    def close(self) -> None:
        self._items = iter(())

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        raise AssertionError("these tests fetch over http:// alone")

    def get_extra_info(self, info: str) -> Any:
        return None


class Backend(httpcore.NetworkBackend):
    """One connection after the other."""

    def __init__(self, streams: list[Stream]) -> None:
        self._streams = streams
        self.connections = 0

    def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.NetworkStream:
        self.connections += 1
        return self._streams[self.connections - 1]


class Fetched:
    """A fetcher on scripted connections. `clock`: the time, in s."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *connections: Iterable[Item]) -> None:
        self.clock = [0.0]
        monkeypatch.setattr("sseprobe.net.fetch.time.monotonic", lambda: self.clock[0])
        self.streams = [Stream(items, self.clock) for items in connections]
        self.backend = Backend(self.streams)
        transport = httpx.HTTPTransport()
        transport._pool = httpcore.ConnectionPool(network_backend=self.backend)
        self.fetcher = Fetcher(URL, DIRECT, 2.0, transport)

    def get(self, url: str | None = None) -> Document:
        try:
            return self.fetcher.get(url)
        finally:
            self.fetcher.close()

    def fails(self) -> str:
        with pytest.raises(FetchError) as raised:
            self.get()
        assert "hunter2" not in str(raised.value)
        assert "\x1b" not in str(raised.value)
        return str(raised.value)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"


def test_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = Fetched(monkeypatch, [OK[:9], 1.5, OK[9:]])
    assert fetched.get() == Document(b"ok", "text/plain")
    lines = fetched.streams[0].sent.lower().split(b"\r\n")
    assert {b"accept-encoding: identity", b"user-agent: sseprobe"} <= set(lines)


def test_the_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = Fetched(monkeypatch, [OK, OK], [OK])
    fetched.fetcher.get()
    fetched.fetcher.get("http://h.example/other")
    assert fetched.backend.connections == 1
    assert b"GET /other HTTP/1.1" in fetched.streams[0].sent


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([answer("404 Not Found", b"no \x1b such page")], "answered 404 (no"),
        ([answer("500 Oops")], "answered 500 (an empty body)"),
        ([answer("302 Found", Location="/x")], "answered 302"),
        ([httpcore.ReadError("it broke")], "it broke"),
        ([httpcore.ConnectError("")], "ConnectError"),
        ([httpcore.ReadTimeout("x")], "no answer within 2 s"),
        ([b"SSH-2.0\r\n\r\n"], "illegal status line"),
        ([], "disconnected without sending a response"),
        ([CHUNKED, b"2\r\nok\r\n"], "incomplete chunked read"),
        ([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"], "incorrect header check"),
    ],
)
def test_what_goes_wrong(monkeypatch: pytest.MonkeyPatch, items: list[Item], says: str) -> None:
    assert says in Fetched(monkeypatch, items).fails()


def test_a_large_document_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 2**16
    piece = b"%x\r\n%s\r\n" % (size, b"x" * size)
    just_fits: list[Item] = [CHUNKED, *[piece] * (MAX_BYTES // size), b"0\r\n\r\n"]
    assert len(Fetched(monkeypatch, just_fits).get().body) == MAX_BYTES
    never_read = AssertionError("read on")
    endless: list[Item] = [CHUNKED, *[piece] * (MAX_BYTES // size + 1), never_read]
    assert "more than 8 MiB" in Fetched(monkeypatch, endless).fails()


@pytest.mark.parametrize(("pause_s", "in_time"), [(0.4, True), (0.6, False)])
def test_a_document_that_trickles(monkeypatch: pytest.MonkeyPatch, pause_s: float, in_time: bool) -> None:
    fetched = Fetched(monkeypatch, [CHUNKED, *(pause_s, b"1\r\nx\r\n") * 4, b"0\r\n\r\n"])
    if in_time:
        assert fetched.get().body == b"xxxx"
    else:
        assert "did not finish within 2 s" in fetched.fails()


@pytest.mark.parametrize("url", ["http://xn--/", "ftp://h.example/", "http://h.example:port/"])
def test_what_is_no_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(FetchError):
        Fetched(monkeypatch).get(url)
