"""The transport over lists of bytes: HTTP/2, proxies, unix sockets."""

import base64
import struct

import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.errors import TargetError
from sseprobe.http_exchange import BodyEnd, Request
from sseprobe.net.abort_kind import AbortKind
from sseprobe.net.open_stream import OpenStream
from sseprobe.units import NS_PER_S
from tests.support.network import DIRECT, GET, OPEN, RESET, Item, Network, Pause, receive
from tests.support.raw_server import HEAD, LAST_CHUNK, transfer_chunk

# HTTP/2 without TLS, known beforehand (RFC 9113 3.3)

HTTP2 = ConnectOptions(use_environment=False, http2=True)


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 1) -> bytes:
    """RFC 9113 4.1."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


SETTINGS = frame(4, stream=0)
STATUS_200 = frame(1, b"\x88", flags=4)  # RFC 7541 appendix A, 8: ":status: 200"
RST_STREAM = frame(3, struct.pack(">I", 2))
GOAWAY = frame(7, struct.pack(">II", 0, 2), stream=0)
OPENING = SETTINGS + STATUS_200
ABC = frame(0, b"abc")
END = frame(0, flags=1)


@pytest.mark.parametrize("cut", range(1, len(OPENING + ABC + END)))
def test_frames_cut_anywhere(cut: int) -> None:
    wire = OPENING + ABC + END
    got = receive(Network([wire[:cut], Pause(1), wire[cut:]]), options=HTTP2)
    assert (got.head.status, got.head.http_version, got.body) == (200, "2", b"abc")
    assert (got.body_end, got.problem) == (BodyEnd.END_STREAM, None)
    assert got.head.t_ns == (NS_PER_S if cut < len(OPENING) else 0)


@pytest.mark.parametrize(
    ("items", "end"),
    [
        ([OPENING, ABC, END], BodyEnd.END_STREAM),
        ([OPENING, frame(0, b"abc", flags=1)], BodyEnd.END_STREAM),
        ([OPENING, ABC, RST_STREAM], BodyEnd.RESET),
        ([OPENING, ABC, GOAWAY], BodyEnd.RESET),
        ([OPENING, ABC], BodyEnd.SHORT_BODY),
        ([OPENING, ABC, END[:4]], BodyEnd.SHORT_BODY),
        ([OPENING, ABC, RESET], BodyEnd.RESET),
        ([OPENING, ABC, frame(0, b"abc", stream=0)], BodyEnd.PROTOCOL_ERROR),
        ([OPENING, ABC, OPEN], BodyEnd.IDLE_TIMEOUT),
    ],
)
def test_how_an_http2_stream_ends(items: list[Item], end: BodyEnd) -> None:
    got = receive(Network(items), options=HTTP2)
    assert (got.body, got.body_end) == (b"abc", end)


@pytest.mark.parametrize("items", [[], [SETTINGS], [SETTINGS, GOAWAY], [HEAD, LAST_CHUNK]])
def test_no_answer_in_http2(items: list[Item]) -> None:
    with pytest.raises(TargetError):
        receive(Network(items), options=HTTP2)


def test_one_stream_is_cancelled() -> None:
    network = Network([OPENING, ABC, OPEN])

    async def leave() -> None:
        async with OpenStream(GET, HTTP2, network.connect) as stream:
            await anext(stream.chunks())
            before = len(network.sockets[0].sent)
            await stream.abort(AbortKind.H2_RESET)
            assert network.sockets[0].sent[before:] == frame(3, struct.pack(">I", 8))
            assert network.sockets[0].closed_by == []

    network.run(leave())


# Ways


def test_a_unix_socket() -> None:
    network = Network([HEAD, LAST_CHUNK])
    receive(network, options=ConnectOptions(use_environment=False, unix_socket="/run/app.sock"))
    assert network.addresses == ["/run/app.sock"]
    assert b"\r\nHost: h.example\r\n" in network.sockets[0].sent


def test_a_port_of_its_own() -> None:
    network = Network([HEAD, LAST_CHUNK])
    receive(network, Request("GET", "http://h.example:8080/", []))
    assert network.addresses == [("h.example", 8080)]
    assert b"\r\nHost: h.example:8080\r\n" in network.sockets[0].sent


PROXY = ConnectOptions(use_environment=False, proxy_url="http://user:pass@proxy.example:3128")


def test_plain_http_through_a_proxy() -> None:
    network = Network([HEAD, transfer_chunk(b"x"), LAST_CHUNK])
    assert receive(network, options=PROXY).body == b"x"
    assert network.addresses == [("proxy.example", 3128)]
    sent = network.sockets[0].sent
    assert sent.startswith(b"GET http://h.example/chat HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"user:pass") in sent


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"], "the proxy refused to connect .407 Who are you"),
        ([b"HTTP/1.1 200 OK\r\n\r\n", b"not TLS"], "the TLS handshake failed"),
        ([], "without an answer"),
        ([RESET], "reset before an answer"),
    ],
)
def test_a_tunnel_that_does_not_come_about(items: list[Item], says: str) -> None:
    network = Network(items)
    with pytest.raises(TargetError, match=says) as raised:
        receive(network, Request("GET", "https://h.example/", [("Authorization", "Bearer s")]), PROXY)
    assert network.sockets[0].sent.startswith(b"CONNECT h.example:443 HTTP/1.1\r\n")
    assert b"Bearer s" not in network.sockets[0].sent
    assert "through the proxy" in str(raised.value)
    assert "pass" not in str(raised.value)


def test_without_a_proxy_none_is_named() -> None:
    with pytest.raises(TargetError) as raised:
        receive(Network([RESET]), options=DIRECT)
    assert "proxy" not in str(raised.value)
