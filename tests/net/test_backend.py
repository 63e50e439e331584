"""The stamped backend over lists of bytes: what TLS makes of reads, ends and errors, and which error httpcore sees."""

import ssl
from pathlib import Path

import httpcore
import pytest
import trustme

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.errors import TargetError
from sseprobe.http_exchange import BodyEnd, Request
from sseprobe.net.backend import StampedBackend
from sseprobe.net.wire import TlsTimeout, TotalTimeout, Wire
from sseprobe.units import NS_PER_S
from tests.support.network import DIRECT, OPEN, RESET, Connection, Item, Network, Pause, receive
from tests.support.network_tls import TlsNetwork, TlsSocket
from tests.support.raw_server import HEAD, LAST_CHUNK, transfer_chunk

HTTPS = Request("GET", "https://h.example/chat", [])
INSECURE = ConnectOptions(use_environment=False, insecure=True, connect_timeout_s=3)
PIECES = [transfer_chunk(b"data: %d\n\n" % number) for number in range(5)]
BODY = b"".join(b"data: %d\n\n" % number for number in range(5))
CLOSE_DELIMITED = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("h.example").configure_cert(context)
    return context


# Without TLS


async def connected(network: Network, wire: Wire, timeout: float | None = None) -> httpcore.AsyncNetworkStream:
    return await StampedBackend(wire, network.connect).connect_tcp("h.example", 80, timeout)


def new_wire(limit_s: int = 20, idle_s: float = 5) -> Wire:
    return Wire(None, limit_s * NS_PER_S, idle_s)


@pytest.mark.parametrize(
    ("items", "limit_s", "error"),
    [
        ([RESET], 20, httpcore.ReadError),
        ([OPEN], 20, httpcore.ReadTimeout),
        ([OPEN], 4, TotalTimeout),
    ],
)
def test_reads_fail_with_httpcores_errors(items: list[Item], limit_s: int, error: type[Exception]) -> None:
    network = Network(items)

    async def read() -> None:
        stream = await connected(network, new_wire(limit_s))
        await stream.read(10, timeout=0.1)  # not this limit: the wire's

    with pytest.raises(error) as raised:
        network.run(read())
    assert type(raised.value) is error


def test_writes_fail_with_httpcores_errors() -> None:
    network = Network(Connection([OPEN], sends=[OSError("no route")]))

    async def write() -> None:
        await (await connected(network, new_wire())).write(b"x")

    with pytest.raises(httpcore.WriteError, match="no route"):
        network.run(write())


@pytest.mark.parametrize("unix", [True, False])
def test_connecting_takes_too_long(unix: bool) -> None:
    network = Network(Connection([], delay_s=4))
    backend = StampedBackend(new_wire(), network.connect)
    with pytest.raises(httpcore.ConnectTimeout):
        network.run(backend.connect_unix_socket("/s", 3) if unix else backend.connect_tcp("h.example", 80, 3))


def test_the_wire_has_the_last_read_and_when_the_answer_began() -> None:
    network = Network([Pause(1), b"early", Pause(1), b"answer", Pause(1), b"more"])
    wire = new_wire()
    before: list[int | None] = []

    async def read() -> int | None:
        stream = await connected(network, wire)
        await stream.read(10)
        await stream.write(b"question")
        before.append(wire.answered_ns)
        await stream.read(10)
        await stream.read(10)
        assert (wire.read.index, wire.read.t_ns, wire.eof) == (2, 3 * NS_PER_S, False)
        assert await stream.read(10) == b""
        assert (wire.read.index, wire.eof) == (2, True)
        return wire.answered_ns

    assert network.run(read()) == 2 * NS_PER_S
    assert before == [None], "what came before the question is no answer to it"


# With TLS


@pytest.mark.parametrize("piece_bytes", [None, 1, 2, 3, 7, 16, 29])
def test_a_body_over_tls_wherever_its_records_are_cut(tls: ssl.SSLContext, piece_bytes: int | None) -> None:
    network = TlsNetwork(tls, [HEAD, *PIECES, LAST_CHUNK], piece_bytes=piece_bytes)
    got = receive(network, HTTPS, INSECURE)
    assert (got.body, got.body_end, len(got.chunks)) == (BODY, BodyEnd.LAST_CHUNK, 5)
    indices = [chunk.read.index for chunk in got.chunks]
    assert indices == sorted(set(indices)), "each record is complete with a read of its own"
    assert network.sockets[0].sent.startswith(b"GET /chat HTTP/1.1\r\n")


def test_the_time_is_that_of_the_encrypted_bytes(tls: ssl.SSLContext) -> None:
    items: list[Item] = [Pause(1), HEAD]
    for piece in PIECES:
        items += [Pause(0.25), piece]
    got = receive(TlsNetwork(tls, [*items, LAST_CHUNK]), HTTPS, INSECURE)
    assert got.head.t_ns == NS_PER_S
    assert [chunk.read.t_ns / NS_PER_S for chunk in got.chunks] == [1.25, 1.5, 1.75, 2, 2.25]


@pytest.mark.parametrize("alert", [True, False])
@pytest.mark.parametrize(
    ("items", "with_alert", "without"),
    [
        ([CLOSE_DELIMITED, b"abc"], BodyEnd.CLOSE, BodyEnd.TLS_CUT),
        ([HEAD, *PIECES], BodyEnd.MISSING_LAST_CHUNK, BodyEnd.MISSING_LAST_CHUNK),
        ([HEAD, *PIECES, LAST_CHUNK], BodyEnd.LAST_CHUNK, BodyEnd.LAST_CHUNK),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"], BodyEnd.SHORT_BODY, BodyEnd.SHORT_BODY),
        ([HEAD, *PIECES, RESET], BodyEnd.RESET, BodyEnd.RESET),
        ([HEAD, *PIECES, OPEN], BodyEnd.IDLE_TIMEOUT, BodyEnd.IDLE_TIMEOUT),
    ],
)
def test_how_a_body_ends_over_tls(
    tls: ssl.SSLContext, items: list[Item], with_alert: BodyEnd, without: BodyEnd, alert: bool
) -> None:
    got = receive(TlsNetwork(tls, items, alert=alert), HTTPS, INSECURE)
    assert got.body_end is (with_alert if alert else without)


@pytest.mark.parametrize("alert", [True, False])
def test_no_answer_over_tls(tls: ssl.SSLContext, alert: bool) -> None:
    with pytest.raises(TargetError, match="closed the connection without an answer"):
        receive(TlsNetwork(tls, [], alert=alert), HTTPS, INSECURE)


def test_a_record_that_was_changed_on_its_way(tls: ssl.SSLContext) -> None:
    network = TlsNetwork(tls, [HEAD, b"x", OPEN], damaged=True)

    got = receive(network, HTTPS, INSECURE)
    assert got.body_end is BodyEnd.RESET
    assert (got.problem or "").startswith("TLS: ")


def test_http10_over_tls(tls: ssl.SSLContext) -> None:
    network = TlsNetwork(tls, [CLOSE_DELIMITED])
    receive(network, HTTPS, ConnectOptions(use_environment=False, insecure=True, http10=True))
    assert network.sockets[0].sent.startswith(b"GET /chat HTTP/1.0\r\n")


def test_certificates(authority: trustme.CA, tls: ssl.SSLContext, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    trusting = ConnectOptions(use_environment=False, ca_file=str(path))
    assert receive(TlsNetwork(tls, [HEAD, *PIECES, LAST_CHUNK]), HTTPS, trusting).body == BODY
    unknown = TlsNetwork(tls, [HEAD, OPEN])
    with pytest.raises(TargetError, match="not trusted"):
        receive(unknown, HTTPS, DIRECT)
    [server] = unknown.sockets
    assert isinstance(server, TlsSocket)
    assert server.refusal == "TLSV1_ALERT_UNKNOWN_CA"
    with pytest.raises(TargetError, match="not trusted"):
        receive(TlsNetwork(tls, [HEAD, OPEN]), Request("GET", "https://other.example/", []), trusting)


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "the TLS handshake failed"),
        ([], "the TLS handshake failed"),
        ([RESET], "reset"),
        ([OPEN], "no answer within 3 s"),
    ],
)
def test_a_port_without_tls(items: list[Item], says: str) -> None:
    network = Network(items)
    with pytest.raises(TargetError, match=says):
        receive(network, HTTPS, INSECURE)
    assert network.sockets[0].closed_by == ["close"]


def test_a_handshake_that_takes_too_long_is_told_apart_from_connecting() -> None:
    network = Network([OPEN])

    async def shake_hands() -> None:
        stream = await connected(network, new_wire())
        await stream.start_tls(ssl.create_default_context(), "h.example", 3)

    with pytest.raises(TlsTimeout):
        network.run(shake_hands())


def test_what_httpcore_asks_for(tls: ssl.SSLContext) -> None:
    network = TlsNetwork(tls, [OPEN])
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def ask() -> None:
        plain = await connected(network, new_wire())
        stream = await plain.start_tls(context, "h.example", 3)
        assert plain.get_extra_info("socket") is network.sockets[0]
        assert stream.get_extra_info("socket") is network.sockets[0]
        assert isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject)
        assert stream.get_extra_info("peername") is None
        await stream.aclose()
        assert stream.get_extra_info("is_readable") is True, "closed: not to be used again"
        assert network.sockets[0].closed_by == ["close"]

    network.run(ask())
