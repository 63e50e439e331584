"""A client that measures: a raw socket, whose every read has a time, and what the reads say."""

import re
import select
import socket
import time
import zlib
from dataclasses import dataclass, field
from typing import Final

from tests.support.hops.origin import Record
from tests.support.raw_server import LINGER_0

_EVENT: Final = re.compile(rb'data: \{"n":(\d+),"text":"[^"]*"\}\n\n')
_LONGEST_S: Final = 40
_LEAVES_AT: Final = 4.5
"""Clients leave between two writes: in the middle of this period. Then a kernel that holds for 205 ms holds nothing."""
_ROUND_TRIP_S: Final = 0.02
"""A server that finds the request with the connection does not watch that connection as it else would (lighttpd)."""


@dataclass
class Take:
    """What came. `arrivals`: of each event, by its number. `reads`: time, and bytes of body, decoded.

    `ending`: `complete`; `truncated`: FIN before the last chunk or the whole length; `closed`: FIN after a body that only
    the closing ends; `rst`; `left`: we were the ones; `endless`.
    """

    status: int = 0
    headers: str = ""
    head_ns: int = 0
    arrivals: dict[int, int] = field(default_factory=dict)
    reads: list[tuple[int, int]] = field(default_factory=list)
    ending: str = "endless"
    ended_ns: int = 0
    left_ns: int = 0


def take(port: int, record: Record, *, leaving: str | None = None, gzip: bool = False) -> Take:
    """Asks a hop for what the origin has under this record. `leaving`: `fin`, `rst` or `half`, amidst the stream."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        time.sleep(_ROUND_TRIP_S)
        accept = "Accept-Encoding: gzip\r\n" if gzip else ""
        connection.sendall(
            f"GET {record.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n{accept}\r\n".encode()
        )
        return _Taking(connection, record, leaving).take()


class _Taking:
    def __init__(self, connection: socket.socket, record: Record, leaving: str | None) -> None:
        self._connection = connection
        self._record = record
        self._leaving = leaving
        self._taken = Take()
        self._head = b""
        self._body: _Body | None = None
        self._text = b""

    def take(self) -> Take:
        """Reads to the end, or until it is time to leave."""
        until_ns = time.monotonic_ns() + _LONGEST_S * 1_000_000_000
        if self._leaving is not None:
            self._record.begun.wait(_LONGEST_S)
            plan = self._record.plan
            leave_ns = self._record.head_ns + int(plan.period_ms * _LEAVES_AT * 1e6)
            self._read_until(leave_ns)
            if self._taken.ended_ns:
                return self._taken
            self._leave()
            if self._leaving != "half":
                self._taken.ending = "left"
                return self._taken
        self._read_until(until_ns)
        return self._taken

    def _leave(self) -> None:
        self._taken.left_ns = time.monotonic_ns()
        if self._leaving == "half":
            self._connection.shutdown(socket.SHUT_WR)
            return
        if self._leaving == "rst":
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        self._connection.close()

    def _read_until(self, until_ns: int) -> None:
        while not self._taken.ended_ns and (left_ns := until_ns - time.monotonic_ns()) > 0:
            if not select.select([self._connection], [], [], left_ns / 1e9)[0]:
                continue
            try:
                data = self._connection.recv(262144)
            except OSError:
                self._end("rst", time.monotonic_ns())
                return
            now_ns = time.monotonic_ns()
            if data:
                self._received(data, now_ns)
            else:
                self._end("closed" if self._body and self._body.by_close else "truncated", now_ns)

    def _received(self, data: bytes, now_ns: int) -> None:
        taken = self._taken
        if self._body is None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            taken.head_ns = now_ns
            taken.headers = head.decode("latin-1").lower()
            taken.status = int(head.split(b" ", 2)[1])
            self._body = _Body(taken.headers)
        body = self._body.feed(data)
        if body:
            taken.reads.append((now_ns, len(body)))
        self._text += body
        end = 0
        for found_event in _EVENT.finditer(self._text):
            taken.arrivals.setdefault(int(found_event[1]), now_ns)
            end = found_event.end()
        self._text = self._text[end:]
        if self._body.complete:
            self._end("complete", now_ns)

    def _end(self, how: str, now_ns: int) -> None:
        self._taken.ending, self._taken.ended_ns = how, now_ns


class _Body:
    """Undoes transfer chunks and gzip."""

    def __init__(self, headers: str) -> None:
        self._chunked = "transfer-encoding: chunked" in headers
        length = re.search(r"content-length: *(\d+)", headers)
        self._left = int(length[1]) if length else 0
        self._sized = length is not None
        self.by_close = not self._chunked and not self._sized
        self.complete = self._sized and not self._left
        self._raw = b""
        self._unzip = zlib.decompressobj(31) if "content-encoding: gzip" in headers else None

    def feed(self, data: bytes) -> bytes:
        if self._chunked:
            data = self._unchunk(data)
        elif self._sized:
            self._left -= len(data)
            self.complete = self._left <= 0
        return self._unzip.decompress(data) if self._unzip else data

    def _unchunk(self, data: bytes) -> bytes:
        self._raw += data
        out = b""
        while self._raw:
            if self._left > 2:
                piece = self._raw[: self._left - 2]
                out += piece
                self._raw = self._raw[len(piece) :]
                self._left -= len(piece)
            elif self._left:
                gone = min(self._left, len(self._raw))
                self._raw = self._raw[gone:]
                self._left -= gone
            else:
                line, found, rest = self._raw.partition(b"\r\n")
                if not found:
                    break
                size = int(line.split(b";")[0], 16)
                self._raw, self._left = rest, size + 2
                if size == 0:
                    self.complete = True
                    break
        return out
