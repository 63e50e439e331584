"""One measured stream over a list of bytes: the head, the body wherever it is cut, its end, redirects, limits, leaving."""

import base64
import gzip

import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.errors import TargetError, UsageError
from sseprobe.http_exchange import BodyEnd, Request
from sseprobe.net.client_socket import StampedSocket
from sseprobe.net.open_stream import OpenStream
from sseprobe.units import NS_PER_S
from tests.support.network import (
    DIRECT,
    GET,
    OPEN,
    RESET,
    URL,
    Connection,
    Item,
    Network,
    Pause,
    receive,
    received,
)
from tests.support.raw_server import HEAD, LAST_CHUNK, answer, transfer_chunk

PIECES = [b"data: a\n\n", b"data: 0123456789\n\n", b"\n"]
BODY = b"".join(PIECES)
WIRE = b"".join(map(transfer_chunk, PIECES)) + LAST_CHUNK
CLOSE_DELIMITED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\n\r\n"
QUICK = ConnectOptions(use_environment=False, connect_timeout_s=3, idle_timeout_s=5, timeout_s=20)


def with_length(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length


def is_data(place: int) -> bool:
    """Whether the byte at this place of WIRE is one of the body, not of the framing."""
    start = 0
    for piece in PIECES:
        start += len(b"%x\r\n" % len(piece))
        if start <= place < start + len(piece):
            return True
        start += len(piece) + 2
    return False


# The head


@pytest.mark.parametrize("cut", range(1, len(HEAD)))
def test_a_head_cut_anywhere(cut: int) -> None:
    got = received(HEAD[:cut], Pause(1), HEAD[cut:], LAST_CHUNK)
    assert (got.head.status, got.head.reason, got.head.http_version) == (200, "OK", "1.1")
    assert got.head.headers == [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]
    assert got.head.t_ns == 0, "the answer begins with its first byte"


@pytest.mark.parametrize("cut", range(len(HEAD)))
@pytest.mark.parametrize("end", [None, RESET])
def test_an_answer_that_ends_within_its_head(cut: int, end: OSError | None) -> None:
    items: list[Item] = [HEAD[:cut]] if cut else []
    says = "reset before an answer" if end else "before the head of its answer" if cut else "without an answer"
    with pytest.raises(TargetError, match=says):
        received(*items, *([end] if end else []))


def test_a_head_without_end_is_given_up() -> None:
    with pytest.raises(TargetError, match="not HTTP"):
        received(b"HTTP/1.1 200 OK\r\n", *[b"X-Filler: %s\r\n" % (b"x" * 4096)] * 100, OPEN)


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46" * 9, b"HTTP/1.1 OK\r\n\r\n"]
)
def test_what_is_not_http(garbage: bytes) -> None:
    with pytest.raises(TargetError, match="not HTTP"):
        received(garbage, OPEN)


@pytest.mark.parametrize("interim", [b"100 Continue\r\n", b"103 Early Hints\r\nLink: </a.css>\r\n"])
def test_interim_answers_are_skipped(interim: bytes) -> None:
    first = b"HTTP/1.1 " + interim + b"\r\n"
    got = received(first * 2, Pause(1), first + HEAD, WIRE)
    assert (got.head.status, got.body, got.head.header("link")) == (200, BODY, None)


# The body


@pytest.mark.parametrize("cut", range(1, len(WIRE)))
def test_a_body_cut_anywhere_comes_with_its_reads(cut: int) -> None:
    got = received(HEAD, Pause(1), WIRE[:cut], Pause(2), WIRE[cut:])
    assert (got.body, got.body_end, got.problem) == (BODY, BodyEnd.LAST_CHUNK, None)
    first = b"".join(chunk.data for chunk in got.chunks if chunk.read.index == 1)
    assert len(first) == sum(is_data(place) for place in range(cut))
    assert {chunk.read.t_ns for chunk in got.chunks} <= {1 * NS_PER_S, 3 * NS_PER_S}


def test_a_body_byte_by_byte() -> None:
    got = received(HEAD, *[WIRE[place : place + 1] for place in range(len(WIRE))])
    assert (got.body, got.body_end) == (BODY, BodyEnd.LAST_CHUNK)
    assert [len(chunk.data) for chunk in got.chunks] == [1] * len(BODY)


@pytest.mark.parametrize("cut", range(len(WIRE)))
@pytest.mark.parametrize(("end", "said"), [(None, BodyEnd.MISSING_LAST_CHUNK), (RESET, BodyEnd.RESET)])
def test_a_chunked_body_that_is_cut(cut: int, end: OSError | None, said: BodyEnd) -> None:
    got = received(HEAD + WIRE[:cut], *([end] if end else []))
    assert got.body_end is said
    assert got.problem
    assert BODY.startswith(got.body)
    assert len(got.body) == sum(is_data(place) for place in range(cut))


@pytest.mark.parametrize(
    ("items", "body", "end"),
    [
        ([with_length(3) + b"abc"], b"abc", BodyEnd.CONTENT_LENGTH),
        ([with_length(3) + b"ab", b"c", OPEN], b"abc", BodyEnd.CONTENT_LENGTH),
        ([with_length(0)], b"", BodyEnd.CONTENT_LENGTH),
        ([with_length(3) + b"ab"], b"ab", BodyEnd.SHORT_BODY),
        ([with_length(3)], b"", BodyEnd.SHORT_BODY),
        ([with_length(3) + b"ab", RESET], b"ab", BodyEnd.RESET),
        ([with_length(3) + b"abcdef"], b"abc", BodyEnd.CONTENT_LENGTH),
        ([CLOSE_DELIMITED, b"ab", b"c"], b"abc", BodyEnd.CLOSE),
        ([CLOSE_DELIMITED], b"", BodyEnd.CLOSE),
        ([CLOSE_DELIMITED, b"ab", RESET], b"ab", BodyEnd.RESET),
        ([b"HTTP/1.0 200 OK\r\n\r\nabc"], b"abc", BodyEnd.CLOSE),
        ([b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nabc"], b"abc", BodyEnd.SHORT_BODY),
        ([HEAD + b"3\r\nab", b"c\r\nzz\r\n"], b"abc", BodyEnd.PROTOCOL_ERROR),
        ([HEAD + b"3\r\nabcd\r\n0\r\n\r\n"], b"abc", BodyEnd.PROTOCOL_ERROR),
        ([HEAD + b"3;name=value\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"], b"abc", BodyEnd.LAST_CHUNK),
    ],
)
def test_how_a_body_ends(items: list[Item], body: bytes, end: BodyEnd) -> None:
    got = received(*items)
    assert (got.body, got.body_end) == (body, end)
    assert (got.problem is None) == end.is_clean


def coded(coding: str, body: bytes) -> list[Item]:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % coding.encode()
    return [head, *[transfer_chunk(body[place : place + 1]) for place in range(len(body))], LAST_CHUNK]


def test_a_coded_body() -> None:
    got = received(*coded("gzip", gzip.compress(b"one") + gzip.compress(b"two")))
    assert (got.body, got.gzip_members, got.coding_is_cut) == (b"onetwo", 2, False)


def test_a_coded_body_that_is_cut_where_http_ends_well() -> None:
    got = received(*coded("gzip", gzip.compress(b"one")[:-1]))
    assert (got.body_end, got.coding_is_cut) == (BodyEnd.LAST_CHUNK, True)


@pytest.mark.parametrize(("coding", "says"), [("gzip", "not valid gzip"), ("br", "Content-Encoding br")])
def test_a_coding_that_cannot_be_undone(coding: str, says: str) -> None:
    got = received(*coded(coding, b"plain"))
    assert (got.body, got.body_end) == (b"", BodyEnd.PROTOCOL_ERROR)
    assert says in (got.problem or "")


# The request


def asked(request: Request, options: ConnectOptions = DIRECT) -> bytes:
    network = Network([HEAD, LAST_CHUNK])
    receive(network, request, options)
    return network.sockets[0].sent


def test_the_request_is_sent_as_it_is() -> None:
    sent = asked(Request("POST", URL + "?q=1", [("X-Case", "ü"), ("x-twice", "1"), ("x-twice", "2")], b'{"a":1}'))
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /chat?q=1 HTTP/1.1"
    assert [line for line in lines if line.lower().startswith(b"x-")] == [
        "X-Case: ü".encode(),
        b"x-twice: 1",
        b"x-twice: 2",
    ]
    assert body == b'{"a":1}'


def test_a_request_in_http10() -> None:
    options = ConnectOptions(use_environment=False, http10=True)
    sent = asked(Request("POST", URL, [], b"GET / HTTP/1.1\r\n"), options)
    assert sent.startswith(b"POST /chat HTTP/1.0\r\n")
    assert sent.endswith(b"GET / HTTP/1.1\r\n"), "the body is not the request line"


def test_the_userinfo_is_basic_authentication_unless_there_is_a_header() -> None:
    url = "http://user:p%40ss@h.example/"
    basic = base64.b64encode(b"user:p@ss")
    assert b"Authorization: Basic " + basic in asked(Request("GET", url, []))
    own = asked(Request("GET", url, [("authorization", "Bearer x")]))
    assert b"Bearer x" in own
    assert b"Basic" not in own


@pytest.mark.parametrize("url", ["http://xn--/", "ftp://h.example/", "http://h.example:port/"])
def test_urls_that_cannot_be_asked(url: str) -> None:
    with pytest.raises(UsageError):
        receive(Network(), Request("GET", url, []))


# Limits


async def until_its_end(network: Network, options: ConnectOptions = QUICK) -> tuple[BodyEnd | None, float]:
    """How the body ends, and after how many seconds."""
    async with OpenStream(GET, options, network.connect) as stream:
        async for _ in stream.chunks():
            pass
        return stream.body_end, round(stream.now_ns() / NS_PER_S, 6)


@pytest.mark.parametrize(
    ("items", "end", "after_s"),
    [
        ([HEAD, OPEN], BodyEnd.IDLE_TIMEOUT, 5),
        ([HEAD, Pause(4), WIRE[:9], OPEN], BodyEnd.IDLE_TIMEOUT, 9),
        ([HEAD, Pause(4.9), WIRE], BodyEnd.LAST_CHUNK, 4.9),
        ([HEAD, *[Pause(3), transfer_chunk(b"x")] * 20], BodyEnd.TOTAL_TIMEOUT, 20),
    ],
)
def test_time_limits(items: list[Item], end: BodyEnd, after_s: float) -> None:
    network = Network(items)
    ended, took_s = network.run(until_its_end(network))
    assert (ended, took_s) == (end, after_s)


@pytest.mark.parametrize(
    ("connection", "says", "after_s"),
    [
        (Connection([OPEN], delay_s=3.1), r"no connection within 3 s", 3),
        (Connection([OPEN], delay_s=2), r"no answer within 5 s", 7),
        (Connection([HEAD[:9], OPEN]), r"no answer within 5 s", 5),
        (Connection([Pause(4), *(HINT, Pause(4)) * 20]), r"no answer within 20 s", 20),
    ],
)
def test_time_limits_before_the_answer(connection: Connection, says: str, after_s: float) -> None:
    network = Network(connection)
    begun_ns = network.clock.now_ns
    with pytest.raises(TargetError, match=says):
        receive(network, options=QUICK)
    assert (network.clock.now_ns - begun_ns) / NS_PER_S == pytest.approx(after_s, abs=1e-6)


def test_silence_after_the_terminator() -> None:
    network = Network([HEAD, transfer_chunk(b"data: [DONE]\n\n"), OPEN])

    async def read() -> tuple[BodyEnd | None, float]:
        async with OpenStream(GET, QUICK, network.connect) as stream:
            chunks = stream.chunks()
            await anext(chunks)
            stream.expect_silence(0.5)
            assert [chunk async for chunk in chunks] == []
            return stream.body_end, round(stream.now_ns() / NS_PER_S, 6)

    assert network.run(read()) == (BodyEnd.LEFT_OPEN, 0.5)


def test_an_answer_to_half_a_request_is_read() -> None:
    request = Request("POST", URL, [], b"x" * 9)
    network = Network(Connection([answer("413 Too Large", b"no"), RESET], sends=[9, RESET]))
    assert receive(network, request).head.status == 413


def test_connections_that_fail() -> None:
    with pytest.raises(TargetError, match="connection refused"):
        receive(Network(ConnectionRefusedError()))


def test_nothing_stays_open_after_an_error() -> None:
    for items in ([RESET], [b"garbage\r\n\r\n"], [answer("302 Found", Location="ftp://x/")], [OPEN]):
        network = Network(items)
        with pytest.raises(TargetError):
            receive(network, options=QUICK)
        assert network.sockets[0].closed_by == ["close"]


def test_the_socket_is_a_stamped_one() -> None:
    network = Network([HEAD])
    assert isinstance(network.run(network.connect("/a/socket")), StampedSocket)
