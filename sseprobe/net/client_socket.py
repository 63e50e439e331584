"""The stamped socket: reads with the time at which the kernel received the bytes. The only home of raw sockets.

On Linux each `recvmsg` brings SCM_TIMESTAMPING, the software receive time of the last segment it returns
(https://docs.kernel.org/networking/timestamping.html). It is CLOCK_REALTIME: both clocks are read right after the
call, and the stamp is moved onto the monotonic one. Elsewhere, on unix sockets, and where a stamp is absent, the time
is the monotonic clock right after the read; each read names its clock.
"""

import asyncio
import contextlib
import errno
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from sseprobe.http_exchange import Clock
from sseprobe.tcp_reset import reset_on_close
from sseprobe.units import NS_PER_S

# Python 3.11 lacks the constants; include/uapi/asm-generic/socket.h and linux/net_tstamp.h.
_SO_TIMESTAMPING: Final = getattr(socket, "SO_TIMESTAMPING", 37)
_RX_SOFTWARE: Final = 1 << 3
_SOFTWARE: Final = 1 << 4
_STAMPS: Final = struct.Struct("@qqqqqq")  # three timespecs; the first is the software stamp
_ANCILLARY_BYTES: Final = socket.CMSG_SPACE(_STAMPS.size) + socket.CMSG_SPACE(64) if sys.platform != "win32" else 0
_DRAIN_BYTES: Final = 256 * 1024
_DRAIN_LIMIT_BYTES: Final = 16 * 1024 * 1024
_MAX_PLAUSIBLE_LAG_NS: Final = 3600 * NS_PER_S  # beyond: the wall clock was set meanwhile


class RawRead(Struct, frozen=True, gc=False):
    """One return from the socket. Times on the monotonic clock, ns; see `http_exchange.Read`."""

    data: bytes
    t_ns: int
    clock: Clock
    lag_ns: int | None
    blind_ns: int


class StampedSocket:
    """A connected, non-blocking stream socket on the running asyncio loop."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._returned_ns = time.monotonic_ns()
        self._stalled = False
        self._wanted: asyncio.Future[None] | None = None  # a read is waiting for bytes
        self._unwritable: OSError | None = None  # why nothing can be written any more

    @property
    def raw(self) -> socket.socket:
        """The socket itself, for direct use."""
        return self._sock

    @staticmethod
    def stamping(sock: socket.socket) -> None:
        """Asks the kernel for stamps; to be called before connecting. Silently without effect where it has none."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _RX_SOFTWARE | _SOFTWARE)

    async def read(self, max_bytes: int) -> RawRead:
        """Waits for bytes; `data` is empty at the end of the stream. Raises OSError as the socket does.

        A reset that a write met is raised here, once all that came before it has been read.
        """
        blind_ns = time.monotonic_ns() - self._returned_ns
        while True:
            if self._stalled:
                await asyncio.Event().wait()
            try:
                data, stamp_ns = self._receive(max_bytes)
            except (BlockingIOError, InterruptedError):
                blind_ns = 0  # nothing was queued: from here on this process listens
                self._wanted = self._loop.create_future()
                await self._ready(self._wanted, self._loop.add_reader, self._loop.remove_reader)
                self._wanted = None
                continue
            if not data and isinstance(self._unwritable, ConnectionResetError):
                raise self._unwritable  # the kernel reports a reset once, and the write got it
            now_ns = time.monotonic_ns()
            lag_ns = time.time_ns() - stamp_ns if stamp_ns else -1
            self._returned_ns = now_ns
            if 0 <= lag_ns <= _MAX_PLAUSIBLE_LAG_NS:
                return RawRead(data, now_ns - lag_ns, Clock.KERNEL, lag_ns, blind_ns)
            return RawRead(data, now_ns, Clock.USER, None, blind_ns)

    async def write(self, data: bytes) -> None:
        """Writes all of it. Raises OSError as the socket does, but not where the other side has closed.

        It may have answered before it closed, and that answer is still to be read: the next reads show how it closed.
        """
        view = memoryview(data)
        while view and self._unwritable is None:
            try:
                view = view[self._sock.send(view) :]
            except (BrokenPipeError, ConnectionResetError) as error:
                self._unwritable = error
            except (BlockingIOError, InterruptedError):
                ready = self._loop.create_future()
                await self._ready(ready, self._loop.add_writer, self._loop.remove_writer)
        self._returned_ns = time.monotonic_ns()

    def close(self) -> None:
        self._sock.close()

    def abort_with_fin(self) -> None:
        """Aborts with FIN: closing with unread bytes would send RST (RFC 1122 4.2.2.13), so these are read first.

        Not without bound: a server may send as fast as they are read.
        """
        remaining = self._drain(_DRAIN_LIMIT_BYTES)
        self._shutdown(socket.SHUT_RDWR)
        self._drain(remaining)  # what arrived in between: FIN is sent already
        self._close_and_wake()

    def abort_with_rst(self) -> None:
        """Aborts with RST."""
        reset_on_close(self._sock)
        self._close_and_wake()

    def half_close(self) -> None:
        """Sends FIN and continues to read (RFC 9293 3.6)."""
        self._shutdown(socket.SHUT_WR)

    def stall(self) -> None:
        """Stops reading and stays connected: a read that waits never returns."""
        self._stalled = True
        if self._wanted is not None:
            self._loop.remove_reader(self._sock.fileno())

    def _drain(self, limit: int) -> int:
        """Reads what is there, up to about the limit. Returns what remains of it."""
        with contextlib.suppress(OSError):
            while limit > 0 and (data := self._sock.recv(_DRAIN_BYTES)):
                limit -= len(data)
        return limit

    def _shutdown(self, how: int) -> None:
        with contextlib.suppress(OSError):  # the other side closed first
            self._sock.shutdown(how)

    def _close_and_wake(self) -> None:
        """Closes, and wakes a waiting read."""
        if self._wanted is not None:
            self._loop.remove_reader(self._sock.fileno())
            if not self._wanted.done():
                self._wanted.set_exception(OSError(errno.EBADF, "the socket was closed here"))
        self._sock.close()

    def _receive(self, max_bytes: int) -> tuple[bytes, int]:
        if not _ANCILLARY_BYTES:
            return self._sock.recv(max_bytes), 0
        data, ancillary, _, _ = self._sock.recvmsg(max_bytes, _ANCILLARY_BYTES)
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPING and len(payload) >= _STAMPS.size:
                seconds, nanoseconds = _STAMPS.unpack_from(payload)[:2]
                return data, seconds * NS_PER_S + nanoseconds
        return data, 0

    async def _ready(
        self, ready: "asyncio.Future[None]", add: Callable[..., None], remove: Callable[[int], bool]
    ) -> None:
        number = self._sock.fileno()
        if number < 0:
            raise OSError(errno.EBADF, "the socket was closed here")
        add(number, _wake, ready)
        try:
            await ready
        finally:
            if self._sock.fileno() == number:  # else the number may be another socket's by now
                remove(number)


def _wake(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


Connect = Callable[["tuple[str, int] | str"], Awaitable[StampedSocket]]
"""Connects to a host and port, or to the unix socket at a path. Raises OSError."""


async def connect(address: tuple[str, int] | str) -> StampedSocket:
    """Connects to a host and port, or to the unix socket at a path. Raises OSError."""
    return await (connect_unix(address) if isinstance(address, str) else connect_tcp(*address))


async def connect_tcp(host: str, port: int) -> StampedSocket:
    """Connects to the first address of the host that answers. Raises OSError: that of the last address tried."""
    try:  # an address needs no resolver and no thread
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = OSError(errno.EADDRNOTAVAIL, "the host name has no address")
    for family, kind, protocol, _, address in addresses:
        try:
            return await _connect(socket.socket(family, kind, protocol), address)
        except OSError as error:
            failure = error
    raise failure


async def connect_unix(path: str) -> StampedSocket:
    """Connects to a unix socket. Raises OSError."""
    return await _connect(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), path)


async def _connect(sock: socket.socket, address: "tuple[str | int | bytes, ...] | str") -> StampedSocket:
    try:
        sock.setblocking(False)
        if sock.family != getattr(socket, "AF_UNIX", None):
            StampedSocket.stamping(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address)
        return StampedSocket(sock)
    except BaseException:
        sock.close()
        raise
