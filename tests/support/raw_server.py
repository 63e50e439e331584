"""A server that says exactly what a test tells it to: bytes on a real socket, well-formed or not."""

import os
import select
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
_CONNECTIONS = Path("/proc/net/tcp")
LINGER_0 = struct.pack("ii", 1, 0)  # for SO_LINGER: closing sends RST


def transfer_chunk(data: bytes) -> bytes:
    """One HTTP/1.1 transfer chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer with a length. Header names are written with underscores for hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _as_in_proc(address: tuple[str, int]) -> str:
    """As the kernel writes it: 0100007F:1F90."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"


def _queue_of(local: str, remote: str) -> bool:
    """Whether this end of a connection has bytes that are not acknowledged, or not read."""
    for line in _CONNECTIONS.read_text().splitlines():
        fields = line.split()
        if fields[1:3] == [local, remote]:
            return fields[4] != "00000000:00000000"
    return False


class Peer:
    """The server's end of one connection. `head`: the request's head as text; `body`: its body."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError("no request came")
            received += piece
        head, _, self.body = received.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        length = next((int(line[15:]) for line in self.head.lower().split("\r\n") if line[:15] == "content-length:"), 0)
        while len(self.body) < length:
            self.body += connection.recv(65536)

    @property
    def path(self) -> str:
        """The request target."""
        return self.head.split(" ", 2)[1]

    def header(self, name: str) -> str | None:
        """The value of a request header, None if it was not sent."""
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def send(self, *pieces: bytes) -> None:
        """Sends each piece with a call of its own."""
        for piece in pieces:
            self.connection.sendall(piece)

    def stream(self, *events: bytes) -> None:
        """Sends the head of a stream, and each event as a transfer chunk of its own."""
        self.send(HEAD)
        self.stream_more(*events)

    def stream_more(self, *events: bytes) -> None:
        """More of them."""
        self.send(*map(transfer_chunk, events))

    def until_read(self) -> None:
        """Returns when the client has read all that was sent, or is gone. Without /proc a moment has to do."""
        if not _CONNECTIONS.exists():
            select.select([], [], [], 0.05)
            return
        theirs, ours = (_as_in_proc(name) for name in (self.connection.getpeername(), self.connection.getsockname()))
        while any(_queue_of(end, other) for end, other in ((ours, theirs), (theirs, ours))):
            os.sched_yield()

    def reset(self) -> None:
        """Closes with RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        self.connection.close()

    def gone_within(self, seconds: float) -> bool:
        """Whether the client leaves within that time: how a server passes time."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def wait_for_close(self) -> None:
        """Returns when the client has left."""
        try:
            while self.connection.recv(65536):
                pass
        except OSError:
            pass


class RawServer:
    """Runs `script(peer)` for each connection in a thread; closes the connection when it returns.

    `peers` holds the requests in order, `failures` what scripts raised.
    """

    def __init__(
        self,
        script: Callable[[Peer], None],
        *,
        tls: ssl.SSLContext | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        self._script = script
        self._tls = tls
        if unix_socket is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(unix_socket)
            self._listener.listen()
        self._open: list[socket.socket] = []
        self._over = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> "RawServer":
        """Starts to accept."""
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stops, and waits for every thread."""
        self._over = True
        self._listener.shutdown(socket.SHUT_RDWR) if self._listener.family == socket.AF_INET else None
        self._listener.close()
        for connection in self._open:
            connection.close()
        for thread in self._threads[1:]:
            thread.join(timeout=10)

    def wait(self) -> None:
        """Returns when all scripts that have begun are over."""
        for thread in self._threads[1:]:
            thread.join(timeout=20)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            elif connection.family == socket.AF_INET:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            peer = Peer(connection)
            self.peers.append(peer)
            self._script(peer)
        except BaseException as error:
            left = isinstance(error, (ConnectionError, ssl.SSLError))  # as clients may
            if not (left or (self._over and isinstance(error, OSError))):
                self.failures.append(error)
        finally:
            connection.close()
