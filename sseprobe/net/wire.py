"""The record of one connection, shared by all its layers: its last read, and how it ended."""

import time
from collections.abc import Awaitable, Callable

import httpcore

from sseprobe.http_exchange import Clock, Read
from sseprobe.net.client_socket import RawRead, StampedSocket
from sseprobe.units import NS_PER_S


class TotalTimeout(httpcore.ReadTimeout):
    """--timeout is over, whatever is still arriving."""


class TlsTimeout(httpcore.ConnectTimeout):
    """Connected, but the TLS handshake was not answered in time."""


class Wire:
    """What the layers above cannot see through HTTP: the read behind a chunk, and how the connection closed.

    `t0_ns`: on the monotonic clock, just before connecting, None until then; all other times count from it, also
    `limit_ns`, the limit for the whole stream. `idle_timeout_s` may change while it runs. `http10`: the request says
    HTTP/1.0, which h11 cannot.
    """

    def __init__(self, t0_ns: int | None, limit_ns: int, idle_timeout_s: float, *, http10: bool = False) -> None:
        self.t0_ns = t0_ns
        self.limit_ns = limit_ns
        self.idle_timeout_s = idle_timeout_s
        self._http10 = http10
        self.read = Read(-1, 0, Clock.USER, None, 0)
        self.answered_ns: int | None = None  # arrival of the first bytes after what was last written
        self.eof = False
        self.tls_cut = False
        self.socket: StampedSocket | None = None
        self.write: Callable[[bytes], Awaitable[None]] | None = None
        """Writes as the topmost layer does: encrypted, where there is TLS."""

    def start(self) -> None:
        """Sets t0, before the first connection: a redirect is part of the time that the user waits."""
        if self.t0_ns is None:
            self.t0_ns = time.monotonic_ns()

    def outgoing(self, data: bytes) -> bytes:
        """What is written, before any encryption, as it is sent."""
        if self._http10 and not data.startswith(b"CONNECT "):
            self._http10 = False  # the first line is in what is written first
            return data.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
        return data

    def note(self, raw: RawRead) -> None:
        """Keeps a read: all bytes passed up until the next one came with it."""
        if raw.data:
            # TCP delivers in order: no byte was available before those in front of it, whatever its packet's stamp.
            t_ns = max(raw.t_ns - (self.t0_ns or 0), self.read.t_ns)
            self.read = Read(self.read.index + 1, t_ns, raw.clock, raw.lag_ns, raw.blind_ns)
        else:
            self.eof = True

    def note_answer(self) -> None:
        """The last read has bytes of the answer, after decryption."""
        if self.answered_ns is None:
            self.answered_ns = self.read.t_ns

    def wait_limit_s(self) -> float:
        """How long the next read may wait. Raises TotalTimeout once the limit for the whole stream is reached."""
        remaining_s = (self.limit_ns - self.now_ns()) / NS_PER_S
        if remaining_s <= 0:
            raise TotalTimeout("--timeout is over")
        return min(remaining_s, self.idle_timeout_s)

    def now_ns(self) -> int:
        """Time since t0."""
        return 0 if self.t0_ns is None else time.monotonic_ns() - self.t0_ns
