"""Ways to reach a target: redirects, TLS, HTTP/2, unix sockets, proxies; and credentials, which go nowhere else."""

import base64
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived

from tests.support.cli import Cli
from tests.support.openai import good
from tests.support.processes import free_port
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, answer, transfer_chunk

Serve = Callable[..., RawServer]
CHAT = "/v1/chat/completions"
KEY = "sk-very-secret-0123456789"


def _streams(peer: Peer) -> None:
    peer.stream(*good("Hello"))
    peer.send(LAST_CHUNK)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def test_tls_with_its_authority(serve: Serve, cli: Cli, tls: ssl.SSLContext, ca_file: str) -> None:
    result = cli("stream", serve(_streams, tls=tls).url + CHAT, "--cacert", ca_file, "--report", "json")
    stream = result.report["streams"][0]
    assert (result.code, stream["ending"], stream["text"]) == (0, "complete", "Hello")


def test_tls_without_verification(serve: Serve, cli: Cli, tls: ssl.SSLContext) -> None:
    assert cli("stream", serve(_streams, tls=tls).url + CHAT, "--insecure").code == 0


def test_an_unknown_authority_is_refused(serve: Serve, cli: Cli, tls: ssl.SSLContext) -> None:
    result = cli("stream", serve(_streams, tls=tls).url + CHAT)
    assert result.code == 3
    assert "not trusted" in result.err
    assert "--cacert" in result.err


def test_tls_on_a_plain_port(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        raise AssertionError("no request can come")

    server = serve(script)
    # Real servers answer a handshake with an error in plain HTTP, or close.
    result = cli("stream", f"https://127.0.0.1:{server.port}/", "--connect-timeout", "1")
    assert result.code == 3
    assert "http://" in result.err


@pytest.mark.parametrize("close_notify", [True, False])
def test_a_close_delimited_body_over_tls_needs_the_closing_alert(
    serve: Serve, cli: Cli, tls: ssl.SSLContext, ca_file: str, close_notify: bool
) -> None:
    def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n")
        if close_notify:
            assert isinstance(peer.connection, ssl.SSLSocket)
            peer.connection.unwrap().close()

    result = cli("stream", serve(script, tls=tls).url, "--cacert", ca_file, "--report", "json")
    ending = result.report["streams"][0]["ending"]
    assert (ending, result.code) == (("complete", 0) if close_notify else ("truncated", 1))


def test_a_unix_socket(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    serve(_streams, unix_socket=path)
    result = cli("stream", f"http://localhost{CHAT}", "--unix-socket", path, "--report", "json")
    assert (result.code, result.report["streams"][0]["clock"]) == (0, "user")
    assert cli("stream", "http://localhost/", "--unix-socket", path + "-missing").code == 3


def test_gzip_is_decoded_step_by_step(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        assert peer.header("accept-encoding") == "identity"
        body = gzip.compress(b"".join(good("Hello")) + b": " + b"x" * 10_000_000 + b"\n\n")
        head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
        peer.send(head, *[transfer_chunk(body[i : i + 7]) for i in range(0, len(body), 7)], LAST_CHUNK)

    stream = cli("stream", serve(script).url + CHAT, "--report", "json").report["streams"][0]
    assert (stream["ending"], stream["text"], stream["comments"]) == ("complete", "Hello", 1)


def test_an_unknown_content_coding(serve: Serve, cli: Cli) -> None:
    head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: br\r\n\r\n")
    result = cli("stream", serve(lambda peer: peer.send(head, transfer_chunk(b"xx"), LAST_CHUNK)).url + CHAT, "-q")
    assert result.code == 1
    assert "Content-Encoding br" in result.err


# --- redirects and credentials


def test_redirects_are_shown_and_keep_credentials_within_an_origin(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        if peer.path.startswith("/old"):
            peer.send(answer("307 Temporary Redirect", Location="/new/chat/completions?api_key=fromserver123"))
        else:
            _streams(peer)

    server = serve(script)
    words = ["-H", "X-Api-Key: topsecretvalue", "-H", "X-Custom: kept", "--report", "json", "-v"]
    result = cli("stream", f"{server.url}/old/chat/completions", *words)
    assert result.code == 0, result
    first, second = server.peers
    assert second.header("x-api-key") == "topsecretvalue"
    assert second.header("x-custom") == "kept"
    assert second.body == first.body
    assert json.loads(second.body)["stream"] is True
    assert result.report["streams"][0]["redirects"] == [
        {
            "status": 307,
            "url": f"{server.url}/old/chat/completions",
            "location": f"{server.url}/new/chat/completions?api_key=***",
        }
    ]
    for secret in ("topsecretvalue", "fromserver123"):
        assert secret not in result.out + result.err


def test_no_credential_and_no_custom_header_follows_a_redirect_to_another_origin(serve: Serve, cli: Cli) -> None:
    other = serve(_streams)

    def script(peer: Peer) -> None:
        peer.send(answer("307 Temporary Redirect", Location=other.url + CHAT))

    first = serve(script)
    url = first.url.replace("//", "//user:p4ssw0rd@") + CHAT + "?token=abcdef"
    words = ["-H", "X-Custom: mine", "-H", "Cookie: session=1", "--api-key-env", "THE_KEY", "--report", "json"]
    result = cli("stream", url, *words, env={"THE_KEY": KEY})
    assert result.code == 0, result
    asked, arrived = first.peers[0], other.peers[0]
    assert asked.header("authorization") == f"Bearer {KEY}"
    assert asked.header("x-custom") == "mine"
    for name in ("authorization", "x-custom", "cookie"):
        assert arrived.header(name) is None
    assert "token" not in arrived.path
    assert arrived.header("content-type") == "application/json"


def test_the_userinfo_is_basic_authentication(serve: Serve, cli: Cli) -> None:
    server = serve(_streams)
    assert cli("stream", server.url.replace("//", "//us%20er:p4ss@") + CHAT).code == 0
    assert server.peers[0].header("authorization") == "Basic " + base64.b64encode(b"us er:p4ss").decode()


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_what_becomes_of_a_post(serve: Serve, cli: Cli, status: int, method: str) -> None:
    def script(peer: Peer) -> None:
        if peer.path == CHAT:
            peer.send(answer(f"{status} Moved", Location="/there"))
        else:
            _streams(peer)

    server = serve(script)
    assert cli("stream", server.url + CHAT).code == 0
    assert server.peers[1].head.split(" ")[0] == method
    assert (server.peers[1].body == b"") == (method == "GET")


def test_credentials_appear_in_no_output(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        # A server that tells all it was told, in one piece and in two.
        echo = f"{peer.header('authorization')} {peer.header('x-secret-thing')} {peer.path}"
        peer.stream(*good("You sent ", echo, " and ", KEY[:9], KEY[9:]))
        peer.send(LAST_CHUNK)

    url = serve(script).url.replace("//", "//user:p4ssw0rd@") + CHAT + "?api_key=q1w2e3r4t5&page=2"
    recording, report = tmp_path / "cassette.jsonl", tmp_path / "report.json"
    shared = ["-H", "X-Secret-Thing: h1dd3n-value", "--api-key-env", "THE_KEY"]
    outputs = []
    for words in (
        ["-v", "--record", str(recording), "--report", f"json:{report}"],
        ["--show", "raw"],
        ["--report", "terminal"],
    ):
        result = cli("stream", url, *shared, *words, env={"THE_KEY": KEY})
        assert result.code == 0, result
        outputs += [result.out, result.err]
    outputs += [report.read_text()]
    for secret in (KEY, "h1dd3n-value", "p4ssw0rd", "q1w2e3r4t5"):
        for output in outputs:
            assert secret not in output
    recorded = recording.read_text()
    for secret in ("h1dd3n-value", "p4ssw0rd", "q1w2e3r4t5"):
        assert secret not in recorded
    assert f"Bearer {KEY}" not in recorded
    assert "page=2" in report.read_text()
    assert "***" in report.read_text()


def test_credentials_in_errors(serve: Serve, cli: Cli) -> None:
    def script(peer: Peer) -> None:
        peer.send(answer("401 Unauthorized", f"bad key {peer.header('authorization')}".encode()))

    url = serve(script).url.replace("//", "//user:p4ssw0rd@") + CHAT
    result = cli("stream", url, "--api-key-env", "THE_KEY", env={"THE_KEY": KEY})
    assert result.code == 3
    assert KEY not in result.err
    assert "p4ssw0rd" not in result.err
    wrong = cli("stream", "http://user:p4ssw0rd@localhost:port/?key=abcdefgh")
    assert wrong.code == 2
    assert "p4ssw0rd" not in wrong.err
    assert "abcdefgh" not in wrong.err


# --- proxies


class ForwardProxy:
    """A forward proxy that tunnels CONNECT, and answers anything else as if it were the server."""

    def __init__(self, serve: Serve) -> None:
        self.seen: list[Peer] = []
        self.server = serve(self._script)

    def _script(self, peer: Peer) -> None:
        self.seen.append(peer)
        if not peer.head.startswith("CONNECT "):
            _streams(peer)
            return
        host, _, port = peer.path.rpartition(":")
        with socket.create_connection((host, int(port))) as upstream:
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(upstream, peer.connection), daemon=True)
            back.start()
            _pump(peer.connection, upstream)
            back.join(timeout=5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_a_proxy_for_plain_http(serve: Serve, cli: Cli) -> None:
    proxy = ForwardProxy(serve)
    url = proxy.server.url.replace("//", "//me:pr0xypass@")
    result = cli("stream", f"http://example.invalid{CHAT}", "--proxy", url, "-v", "--report", "json")
    assert result.code == 0, result
    assert proxy.seen[0].path == f"http://example.invalid{CHAT}"
    assert (proxy.seen[0].header("proxy-authorization") or "").startswith("Basic ")
    assert "pr0xypass" not in result.out + result.err


@pytest.mark.parametrize("given", ["option", "environment"])
def test_a_tunnel_for_https(serve: Serve, cli: Cli, tls: ssl.SSLContext, ca_file: str, given: str) -> None:
    proxy, target = ForwardProxy(serve), serve(_streams, tls=tls)
    words = ["--proxy", proxy.server.url] if given == "option" else []
    environment = {} if given == "option" else {"HTTPS_PROXY": proxy.server.url}
    result = cli("stream", target.url + CHAT, "--cacert", ca_file, "--report", "json", *words, env=environment)
    assert (result.code, result.report["streams"][0]["ending"]) == (0, "complete"), result
    assert proxy.seen[0].path == f"127.0.0.1:{target.port}"


def test_no_proxy_is_honoured(serve: Serve, cli: Cli) -> None:
    target = serve(_streams)
    nowhere = "http://127.0.0.1:9"
    assert cli("stream", target.url + CHAT, env={"HTTP_PROXY": nowhere}).code == 3
    assert cli("stream", target.url + CHAT, env={"HTTP_PROXY": nowhere, "NO_PROXY": "127.0.0.1"}).code == 0


def test_a_proxy_that_refuses(serve: Serve, cli: Cli) -> None:
    proxy = serve(lambda peer: peer.send(answer("407 Proxy Authentication Required")))
    result = cli("stream", "https://example.invalid/", "--proxy", proxy.url)
    assert result.code == 3
    assert "407" in result.err
    assert "proxy" in result.err


# --- HTTP/2, spoken by hypercorn

_APP = """
import json
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):  # hypercorn drops a connection whose request was answered unread
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for word in ("Hel", "lo"):
        chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": word}}]}
        event = b"data: %s\\n\\n" % json.dumps(chunk).encode()
        await send({"type": "http.response.body", "body": event, "more_body": True})
    if scope["path"].startswith("/cut"):
        raise RuntimeError("cut")
    chunk["choices"] = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    end = b"data: %s\\n\\ndata: [DONE]\\n\\n" % json.dumps(chunk).encode()
    await send({"type": "http.response.body", "body": end})
"""


@pytest.fixture
def hypercorn(tmp_path: Path, authority: trustme.CA) -> Iterator[Callable[..., str]]:
    import subprocess
    import sys

    (tmp_path / "h2app.py").write_text(_APP)
    started: list[subprocess.Popen[bytes]] = []

    def start(*, tls: bool) -> str:
        port = free_port()
        # No workers: they would outlive the process that is killed.
        words = [sys.executable, "-m", "hypercorn", "h2app:app", "--workers", "0", "--bind", f"127.0.0.1:{port}"]
        if tls:
            issued = authority.issue_cert("127.0.0.1")
            issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
            issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
            words += ["--keyfile", str(tmp_path / "key.pem"), "--certfile", str(tmp_path / "cert.pem")]
        process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        started.append(process)
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                continue
        return f"{'https' if tls else 'http'}://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("tls", [True, False])
def test_http2(hypercorn: Callable[..., str], cli: Cli, ca_file: str, tls: bool) -> None:
    words = ["--http2", "--report", "json"] + (["--cacert", ca_file] if tls else [])
    result = cli("stream", hypercorn(tls=tls) + CHAT, *words)
    assert result.code == 0, result
    stream = result.report["streams"][0]
    assert (stream["http_version"], stream["text"]) == ("2", "Hello")
    assert (stream["ending"], stream["body_end"]) == ("complete", "end-stream")
    assert stream["metrics"]["ttfb_ms"] > 0


def test_http2_cut_in_mid_stream(hypercorn: Callable[..., str], cli: Cli, ca_file: str) -> None:
    url = f"{hypercorn(tls=True)}/cut{CHAT}"
    result = cli("stream", url, "--http2", "--cacert", ca_file, "--report", "json")
    assert result.code == 1, result
    assert result.report["streams"][0]["ending"] in ("reset", "truncated")
    assert result.report["streams"][0]["text"] == "Hello"


@pytest.mark.parametrize("reset", [False, True])
def test_http2_answered_before_the_request_was_read(serve: Serve, cli: Cli, reset: bool) -> None:
    """The writes that come later meet a closed connection; the answer is there all the same."""

    def script(peer: Peer) -> None:
        server = H2Connection(H2Configuration(client_side=False))
        server.initiate_connection()
        events = server.receive_data(f"{peer.head}\r\n\r\n".encode() + peer.body)
        while not any(isinstance(event, RequestReceived) for event in events):
            events = server.receive_data(peer.connection.recv(65536))
        server.send_headers(1, [(":status", "200"), ("content-type", "text/event-stream")])
        server.send_data(1, b"".join(good("Hello")))
        server.end_stream(1)
        peer.send(server.data_to_send())
        if reset:
            peer.reset()

    result = cli("stream", serve(script).url + CHAT, "--http2", "--report", "json")
    stream = result.report["streams"][0]
    assert (result.code, stream["text"], stream["ending"]) == (0, "Hello", "complete"), result


def test_http2_is_offered_not_forced_over_tls(serve: Serve, cli: Cli, tls: ssl.SSLContext, ca_file: str) -> None:
    result = cli("stream", serve(_streams, tls=tls).url + CHAT, "--http2", "--cacert", ca_file, "--report", "json")
    stream = result.report["streams"][0]
    assert (result.code, stream["http_version"]) == (0, "1.1")
    assert any("HTTP/2 was offered" in note for note in stream["notes"])
