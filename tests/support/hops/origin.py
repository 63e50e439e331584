"""The origin behind a hop: a raw server that writes numbered events on absolute deadlines and keeps its own record."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.support.raw_server import LINGER_0

MS: Final = 1_000_000
CHUNKED: Final = "Transfer-Encoding: chunked"
"""As a header of a plan: chunks whatever is asked for, as uvicorn with httptools answers HTTP/1.0."""


@dataclass(frozen=True)
class Plan:
    """What the origin writes: the head, a period later event 0, and so on; silence of `gap_s` before event `gap_before`.

    `mute_s`: silence before the head. `cut`: how it breaks off in place of the end, `fin` or `rst`. `size`: of each event,
    in bytes. `varied`: the events' text does not compress.
    """

    events: int = 60
    period_ms: float = 50
    size: int = 50
    gap_before: int = -1
    gap_s: float = 0
    mute_s: float = 0
    headers: tuple[str, ...] = ()
    cut: str | None = None
    varied: bool = False

    def event(self, number: int) -> bytes:
        """One event, which carries its number."""
        start = b'data: {"n":%d,"text":"' % number
        room = self.size - len(start) - 4
        text = _noise(number, room) if self.varied else b"x" * room
        return start + text + b'"}\n\n'

    def due_ms(self, number: int) -> float:
        """When an event is written, from the head on."""
        gap_ms = self.gap_s * 1000 if 0 <= self.gap_before <= number else 0
        return (number + 1) * self.period_ms + gap_ms


def _noise(seed: int, length: int) -> bytes:
    """Letters that a compressor cannot foresee, the same each time."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
    state = seed + 1
    out = bytearray()
    while len(out) < length:
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFF_FFFF_FFFF_FFFF
        out += bytes(alphabet[(state >> shift) & 63] for shift in (20, 26, 32, 38, 44, 50))
    return bytes(out[:length])


@dataclass
class Record:
    """What happened to one request. Times are CLOCK_MONOTONIC in ns, taken before each write.

    `closed_ns`, `closed_by`: when and how (`fin`, `rst`) the hop left before the answer was complete.
    """

    plan: Plan
    path: str
    request: str = ""
    requested_ns: int = 0
    head_ns: int = 0
    written: list[int] = field(default_factory=list)
    ended_ns: int = 0
    closed_ns: int = 0
    closed_by: str | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def written_between(self, start_ns: int, end_ns: int) -> int:
        """How many events were written then."""
        return sum(start_ns < at_ns <= end_ns for at_ns in self.written)


class Origin:
    """Listens on a port of its own; each plan has a path."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._connections: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])

    def expect(self, plan: Plan) -> Record:
        """A path at which this is served, once; its record."""
        record = Record(plan, f"/{len(self._records)}")
        self._records[record.path] = record
        return record

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while (request := _read_head(connection)) is not None:
                record = self._records.get(request.split(" ", 2)[1])
                if record is None or not _Answer(connection, record, request).write():
                    return

    def close(self) -> None:
        """Ends every connection."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def origin() -> Iterator[Origin]:
    """An origin until the block is over."""
    serving = Origin()
    threading.Thread(target=serving._accept, daemon=True).start()
    try:
        yield serving
    finally:
        serving.close()


class _Answer:
    """One answer on its way."""

    def __init__(self, connection: socket.socket, record: Record, request: str) -> None:
        self._connection = connection
        self._record = record
        new = request.split("\r\n", 1)[0].endswith("HTTP/1.1")
        self._chunked = new or CHUNKED in record.plan.headers
        self._keeps = new and "connection: close" not in request.lower()
        record.requested_ns = time.monotonic_ns()
        record.request = request

    def write(self) -> bool:
        """Writes it; whether the connection can be used again."""
        record, plan = self._record, self._record.plan
        begin_ns = time.monotonic_ns() + int(plan.mute_s * 1e9)
        try:
            if not self._wait(begin_ns):
                return False
            record.head_ns = time.monotonic_ns()
            self._connection.sendall(self._head())
            record.begun.set()
            for number in range(plan.events):
                if not self._wait(record.head_ns + int(plan.due_ms(number) * MS)):
                    return False
                event = plan.event(number)
                record.written.append(time.monotonic_ns())
                self._connection.sendall(b"%x\r\n%s\r\n" % (len(event), event) if self._chunked else event)
            record.ended_ns = time.monotonic_ns()
            return self._end()
        except OSError:
            self._closed("rst")
            return False
        finally:
            record.begun.set()
            record.over.set()

    def _head(self) -> bytes:
        lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Cache-Control: no-cache"]
        lines += self._record.plan.headers
        if not self._keeps:
            lines.append("Connection: close")
        if self._chunked and CHUNKED not in lines:
            lines.append(CHUNKED)
        return "\r\n".join([*lines, "", ""]).encode()

    def _end(self) -> bool:
        match self._record.plan.cut:
            case "rst":
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
                return False
            case "fin":
                return False
        if self._chunked:
            self._connection.sendall(b"0\r\n\r\n")
        return self._keeps

    def _wait(self, until_ns: int) -> bool:
        """Waits for that time; false if the hop has closed the connection before."""
        while (left_ns := until_ns - time.monotonic_ns()) > 0:
            if select.select([self._connection], [], [], left_ns / 1e9)[0]:
                try:
                    if self._connection.recv(65536):
                        continue
                except OSError:
                    self._closed("rst")
                else:
                    self._closed("fin")
                return False
        return True

    def _closed(self, how: str) -> None:
        self._record.closed_ns = time.monotonic_ns()
        self._record.closed_by = how


def _read_head(connection: socket.socket) -> str | None:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return None
        received += piece
    return received.decode("latin-1")
