"""The proxy over real sockets: what it must not break, whoever is on either side."""

import socket
from collections.abc import Callable

import pytest

from sseprobe.proxy.fault import Fault
from tests.support.processes import free_port
from tests.support.proxies import Connection, Proxies
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, transfer_chunk

Connect = Callable[[int], Connection]
GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
EVENTS = [b"data: %d\n\n" % number for number in range(5)]
ODD = (
    b"HTTP/1.1 200 Fine\r\ncontent-TYPE: text/event-stream\r\nX-Odd:   spaces  \r\ntransfer-encoding: chunked\r\n"
    b"Trailer: X-After\r\n\r\n"
    b'a;ext="1"\r\ndata: 0\n\ne\r\n00008\r\ndata: \xff\n\r\n0\r\nX-After: yes\r\n\r\n'
)


class Looks(Fault):
    """Changes nothing, but looks at the body: the answer is taken apart and put together again."""


def streams(peer: Peer) -> None:
    peer.stream(*EVENTS)
    peer.send(LAST_CHUNK)


@pytest.mark.parametrize("by", [1, 7, 1000])
def test_nothing_to_do_means_the_same_bytes(proxies: Proxies, connect: Connect, by: int) -> None:
    def script(peer: Peer) -> None:
        peer.send(*(ODD[start : start + by] for start in range(0, len(ODD), by)))

    with RawServer(script) as server:
        port, _ = proxies.start(server.url)
        assert connect(port).send(CLOSING).rest() == ODD


def test_what_goes_upstream_is_what_came(proxies: Proxies, connect: Connect) -> None:
    with RawServer(streams) as server:
        port, _ = proxies.start(server.url)
        connect(port).send(
            b"POST /v1/x?q=%20 HTTP/1.1\r\nHost: front.example\r\nX-KEY: a b\r\nX-Key: c\r\nContent-Length: 3\r\n\r\n{ }"
        ).until(LAST_CHUNK)
        peer = server.peers[0]
        assert peer.head.split("\r\n") == [
            "POST /v1/x?q=%20 HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "X-KEY: a b",
            "X-Key: c",
            "Content-Length: 3",
        ]
        assert peer.body == b"{ }"


def test_an_answer_put_together_again_is_the_same_answer(proxies: Proxies, connect: Connect) -> None:
    with RawServer(lambda peer: peer.send(ODD)) as server:
        port, _ = proxies.start(server.url, Looks)
        head, _, body = connect(port).send(CLOSING).rest().partition(b"\r\n\r\n")
    assert b"X-Odd: spaces" in head
    assert body == b"a\r\ndata: 0\n\ne\r\n8\r\ndata: \xff\n\r\n0\r\nX-After: yes\r\n\r\n"


@pytest.mark.parametrize("faults", [(), (Looks,)], ids=["raw", "looking"])
class TestBothWays:
    def test_one_connection_serves_many_requests(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        with RawServer(streams) as server:
            port, _ = proxies.start(server.url, *faults)
            client = connect(port)
            for _ in range(3):
                assert client.send(GET).until(LAST_CHUNK).count(b"data: ") == 5
        assert len(server.peers) == 3

    def test_requests_sent_ahead_are_answered_in_order(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        def script(peer: Peer) -> None:
            body = peer.path.encode() + peer.body
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        with RawServer(script) as server:
            port, _ = proxies.start(server.url, *faults)
            sent = b"".join(
                b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n%02d" % (number, number)
                for number in range(5)
            )
            client = connect(port).send(sent)
            for number in range(5):
                client.until(b"/%d%02d" % (number, number))

    def test_a_body_that_only_closing_ends(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        with RawServer(lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nall", b" of it")) as server:
            port, _ = proxies.start(server.url, *faults)
            whole = connect(port).send(CLOSING if faults else GET).rest()
        body = whole.partition(b"\r\n\r\n")[2]
        if not faults:
            assert body == b"all of it"
        else:
            assert b"Transfer-Encoding: chunked" in whole
            assert body.endswith(LAST_CHUNK)

    def test_to_http_1_0_nothing_is_chunked(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        with RawServer(lambda peer: peer.send(b"HTTP/1.0 200 OK\r\n\r\nbody")) as server:
            port, _ = proxies.start(server.url, *faults)
            whole = connect(port).send(b"GET / HTTP/1.0\r\n\r\n").rest()
        assert whole.endswith(b"\r\n\r\nbody")
        assert b"chunked" not in whole
        assert server.peers[0].head.startswith("GET / HTTP/1.0\r\n")

    @pytest.mark.parametrize(
        ("request_head", "answer"),
        [
            (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
            (GET, b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
            (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
        ],
        ids=["HEAD", "204", "304"],
    )
    def test_answers_without_a_body(
        self,
        proxies: Proxies,
        connect: Connect,
        faults: tuple[type[Fault], ...],
        request_head: bytes,
        answer: bytes,
    ) -> None:
        with RawServer(lambda peer: peer.send(answer)) as server:
            port, _ = proxies.start(server.url, *faults)
            client = connect(port)
            for _ in range(2):  # the second on the same connection: the first has been understood
                assert client.send(request_head).until(b"\r\n\r\n") == answer

    def test_large_heads_pass(self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]) -> None:
        long = b"a" * 200_000

        def script(peer: Peer) -> None:
            assert peer.header("x-long") == long.decode()
            peer.send(b"HTTP/1.1 200 OK\r\nX-Long: %s\r\nContent-Length: 2\r\n\r\nok" % long)

        with RawServer(script) as server:
            port, _ = proxies.start(server.url, *faults)
            whole = connect(port).send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n" % long).until(b"\r\n\r\nok")
        assert long in whole
        assert not server.failures

    def test_uploads_pass_whole(self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]) -> None:
        body = bytes(range(256)) * 20_000

        def script(peer: Peer) -> None:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%s" % (b"ok" if peer.body == body else b"no"))

        with RawServer(script) as server:
            port, _ = proxies.start(server.url, *faults)
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
            connect(port).send(head + body).until(b"\r\n\r\nok")

    def test_uploads_in_transfer_chunks_stay_so(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        def script(peer: Peer) -> None:
            while not peer.body.endswith(LAST_CHUNK):
                peer.body += peer.connection.recv(65536)
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        with RawServer(script) as server:
            port, _ = proxies.start(server.url, *faults)
            sent = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + transfer_chunk(b"abc")
            connect(port).send(sent).send(transfer_chunk(b"defg") + LAST_CHUNK).until(b"\r\n\r\nok")
        assert server.peers[0].body == b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"

    def test_who_asks_before_sending_is_told_to_go_on(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        def script(peer: Peer) -> None:
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            while len(peer.body) < 4:
                peer.body += peer.connection.recv(10)
            streams(peer)

        with RawServer(script) as server:
            port, _ = proxies.start(server.url, *faults)
            client = connect(port)
            client.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
            assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.send(transfer_chunk(b"late") + LAST_CHUNK)
            assert client.until(LAST_CHUNK).startswith(b"HTTP/1.1 200 OK\r\n")

    def test_an_upstream_that_breaks_off_is_not_mended(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        with RawServer(lambda peer: peer.stream(*EVENTS)) as server:  # and then it closes, without the last chunk
            port, proxy = proxies.start(server.url, *faults)
            whole = connect(port).send(GET).rest()
        assert whole.count(b"data: ") == 5
        assert not whole.endswith(LAST_CHUNK)
        assert [(record.state, record.by_proxy) for record in proxy.log] == [("broken", False)]

    def test_an_upstream_that_resets(self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]) -> None:
        def script(peer: Peer) -> None:
            peer.stream(*EVENTS)
            peer.connection.recv(1)  # the client has seen all of it
            peer.reset()

        with RawServer(script) as server:
            port, _ = proxies.start(server.url, *faults)
            client = connect(port).send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            client.until(b"data: 4\n\n")
            server.peers[0].connection.shutdown(socket.SHUT_RD)
            if faults:  # a hop that takes part closes properly, and without the last chunk
                assert not client.rest().endswith(LAST_CHUNK)
            else:
                with pytest.raises(ConnectionResetError):
                    client.rest()

    def test_a_client_that_leaves_is_missed_at_once(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        def script(peer: Peer) -> None:
            peer.stream(*EVENTS)
            peer.wait_for_close()

        with RawServer(script) as server:
            port, proxy = proxies.start(server.url, *faults)
            client = connect(port).send(GET)
            client.until(b"data: 4\n\n")
            client.socket.close()
            server.wait()
        assert not server.failures  # the script came to its end: the upstream was closed
        assert [record.state for record in proxy.log] == ["abandoned"]

    def test_a_slow_reader_slows_the_server(
        self, proxies: Proxies, connect: Connect, faults: tuple[type[Fault], ...]
    ) -> None:
        """An endless answer to a client that does not read: it stands still long before it has filled the memory."""
        sent: list[int] = []

        def script(peer: Peer) -> None:
            peer.send(HEAD)
            peer.connection.settimeout(1)
            piece = transfer_chunk(b"x" * 65536)
            try:
                while len(sent) < 2000:
                    peer.send(piece)
                    sent.append(len(piece))
            except TimeoutError:
                return

        with RawServer(script) as server:
            port, _ = proxies.start(server.url, *faults)
            client = connect(port).send(GET)
            client.until(b"\r\n\r\n")
            server.wait()
        assert sum(sent) < 40 * 1024 * 1024


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "status", "said"),
        [
            (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, "CONNECT is not supported"),
            (
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                501,
                "WebSocket is not supported",
            ),
            (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 421, "this proxy forwards to"),
            (b"nonsense\r\n\r\n", 400, "invalid HTTP/1 request"),
            (
                b"GET / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                400,
                "invalid HTTP/1 request",
            ),
            (b"GET / HTTP/1.1\r\nX: " + b"a" * 1_100_000, 431, "over 1 MiB"),
        ],
        ids=["CONNECT", "websocket", "foreign", "garbage", "smuggling", "endless head"],
    )
    def test_what_is_refused_says_why(
        self, proxies: Proxies, connect: Connect, asked: bytes, status: int, said: str
    ) -> None:
        with RawServer(streams) as server:
            port, _ = proxies.start(server.url)
            whole = connect(port).send(asked).rest().decode()
        assert whole.startswith(f"HTTP/1.1 {status} ")
        assert said in whole
        assert not server.peers

    def test_its_own_name_in_the_target_is_no_other(self, proxies: Proxies, connect: Connect) -> None:
        with RawServer(streams) as server:
            port, _ = proxies.start(server.url)
            asked = b"GET http://localhost:%d/a?b HTTP/1.1\r\nHost: localhost\r\n\r\n" % port
            connect(port).send(asked).until(LAST_CHUNK)
        assert server.peers[0].path == "/a?b"

    def test_another_protocol_is_offered_in_vain(self, proxies: Proxies, connect: Connect) -> None:
        asked = (
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 4\r\n\r\nbody"
        )
        with RawServer(streams) as server:
            port, _ = proxies.start(server.url)
            connect(port).send(asked).until(LAST_CHUNK)
        assert server.peers[0].body == b"body"
        assert server.peers[0].header("upgrade") is None

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (b"", "closed the connection without a response"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "is not HTTP/1"),
            (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "another protocol"),
        ],
        ids=["nothing", "ssh", "101"],
    )
    def test_an_upstream_that_does_not_answer_is_named(
        self, proxies: Proxies, connect: Connect, answer: bytes, said: str
    ) -> None:
        with RawServer(lambda peer: peer.send(answer)) as server:
            port, proxy = proxies.start(server.url)
            whole = connect(port).send(GET).rest().decode()
            assert f"The upstream {server.url} failed, not this proxy" in whole
        assert whole.startswith("HTTP/1.1 502 Bad Gateway")
        assert said in whole
        assert [(record.state, record.by_proxy) for record in proxy.log] == [("refused", False)]

    def test_an_upstream_that_is_down(self, proxies: Proxies, connect: Connect) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        port, _ = proxies.start(url)
        whole = connect(port).send(GET).rest().decode()
        assert whole.startswith("HTTP/1.1 502 Bad Gateway")
        assert f"sseprobe proxy: {url} cannot be reached (Connection refused)" in whole
