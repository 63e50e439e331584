"""A network without sockets: a connection is a list of what is received on it, time is a number that jumps.

Everything above `socket.socket` is the real code. What would wait skips to the moment at which it would go on.
"""

import asyncio
import errno
import math
import selectors
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple, TypeVar, TypeVarTuple, cast
from unittest.mock import patch

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import BodyEnd, Chunk, Head, Redirect, Request
from sseprobe.net.client_socket import StampedSocket
from sseprobe.net.open_stream import OpenStream
from sseprobe.units import NS_PER_S

T0_NS: Final = 5000 * NS_PER_S
"""What the monotonic clock shows first."""
_WALL_NS: Final = 1_700_000_000 * NS_PER_S  # the wall clock is ahead by so much
_SO_TIMESTAMPING: Final = getattr(socket, "SO_TIMESTAMPING", 37)
_T = TypeVar("_T")
_Arguments = TypeVarTuple("_Arguments")


class Pause(NamedTuple):
    """Nothing arrives for so long."""

    seconds: float


OPEN: Final = Pause(math.inf)
"""As the last item: the connection stays open. Without it, the list ends with the end of the stream."""
RESET: Final = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
WOULD_BLOCK: Final = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
Item = bytes | Pause | OSError


class Connection(NamedTuple):
    """What is received, in order: each piece by a read of its own. `delay_s`: how long connecting takes.

    `sends`: what the first calls of `send` do, take at most so many bytes or fail; later ones take all.
    `stamp_error_ns`: by how much the kernel's stamps are wrong; None: it stamps nothing.
    """

    items: Sequence[Item]
    delay_s: float = 0
    sends: Sequence[int | OSError] = ()
    stamp_error_ns: int | None = 0


class FakeSocket:
    """One end of a connection, with those methods of `socket.socket` that are used.

    `sent`: the bytes; `received`: their number; `closed_by`: what was called to leave.
    """

    def __init__(self, clock: "Clock", number: int, connection: Connection) -> None:
        self.sent = b""
        self.received = 0
        self.closed_by: list[str] = []
        self._clock = clock
        self._number = number
        self._sends = deque(connection.sends)
        self._stamp_error_ns = connection.stamp_error_ns
        self._stays_open = OPEN in connection.items
        self._queue: deque[tuple[int, bytes | OSError]] = deque()
        t_ns = clock.now_ns
        for item in connection.items:
            if item is OPEN:
                break
            if isinstance(item, Pause):
                t_ns += round(item.seconds * NS_PER_S)
            else:
                self._queue.append((t_ns, item))
        self._end_ns = t_ns

    def arrival_ns(self) -> int | None:
        """When there is something to receive; None: never."""
        if self._queue:
            return self._queue[0][0]
        return None if self._stays_open else self._end_ns

    def recvmsg(self, size: int, ancillary: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, None]:
        """As the kernel's, with SCM_TIMESTAMPING."""
        t_ns = self.arrival_ns()
        data = self.recv(size)
        if t_ns is None or not data or self._stamp_error_ns is None:
            return data, [], 0, None
        seconds, ns = divmod(t_ns + _WALL_NS + self._stamp_error_ns, NS_PER_S)
        stamp = struct.pack("@qqqqqq", seconds, ns, 0, 0, 0, 0)
        return data, [(socket.SOL_SOCKET, _SO_TIMESTAMPING, stamp)], 0, None

    def recv(self, size: int) -> bytes:
        """What has arrived; raises the errors among the items."""
        t_ns = self.arrival_ns()
        if self.fileno() < 0:
            raise OSError(errno.EBADF, "Bad file descriptor")
        if t_ns is None or t_ns > self._clock.now_ns:
            raise WOULD_BLOCK
        if not self._queue:
            return b""
        _, item = self._queue.popleft()
        if isinstance(item, OSError):
            raise item
        if rest := item[size:]:
            self._queue.appendleft((t_ns, rest))
        self.received += min(len(item), size)
        return item[:size]

    def send(self, data: memoryview) -> int:
        """Takes all, or does what `sends` says."""
        taken = self._sends.popleft() if self._sends else len(data)
        if isinstance(taken, OSError):
            raise taken
        self.sent += data[:taken]
        return min(taken, len(data))

    def fileno(self) -> int:
        """Its number, -1 once it is closed."""
        return -1 if "close" in self.closed_by else self._number

    def shutdown(self, how: int) -> None:
        """Keeps a record."""
        self.closed_by.append({socket.SHUT_WR: "shut writing", socket.SHUT_RDWR: "shut"}[how])

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """Keeps a record of a linger time of 0, which makes closing send RST."""
        assert (level, option, value) == (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closed_by.append("linger 0")

    def close(self) -> None:
        """Keeps a record, of the first time."""
        if self.fileno() >= 0:
            self.closed_by.append("close")


class Clock:
    """Stands still until somebody waits."""

    def __init__(self) -> None:
        self.now_ns = T0_NS

    def monotonic_ns(self) -> int:
        """As that of `time`."""
        return self.now_ns

    def time_ns(self) -> int:
        """As that of `time`."""
        return self.now_ns + _WALL_NS


class _Selector(selectors.DefaultSelector):
    """Does not wait, but sets the clock forward."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if ready := super().select(0):
            return ready
        assert timeout is not None, "everybody waits, and nothing will come"
        self._clock.now_ns += math.ceil(max(timeout, 0) * NS_PER_S)
        return []


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, network: "Network") -> None:
        super().__init__(_Selector(network.clock))
        self._network = network
        self._waiting: dict[int, asyncio.Handle] = {}

    def time(self) -> float:
        return self._network.clock.now_ns / NS_PER_S

    def add_reader(self, fd: Any, callback: Callable[[*_Arguments], Any], *args: *_Arguments) -> None:
        t_ns = self._network.sockets[fd].arrival_ns()
        if t_ns is not None:
            self._waiting[fd] = self.call_at(t_ns / NS_PER_S, callback, *args)

    def remove_reader(self, fd: Any) -> bool:
        if waiting := self._waiting.pop(fd, None):
            waiting.cancel()
        return waiting is not None

    def add_writer(self, fd: Any, callback: Callable[[*_Arguments], Any], *args: *_Arguments) -> None:
        self.call_soon(callback, *args)

    def remove_writer(self, fd: Any) -> bool:
        return True


class Network:
    """Hands out one connection after the other; an error instead of a connection: connecting fails with it.

    `addresses`: what was connected to. `sockets`: the connections that came up.
    """

    def __init__(self, *connections: Connection | Sequence[Item] | OSError) -> None:
        self.clock = Clock()
        self.addresses: list[tuple[str, int] | str] = []
        self.sockets: list[FakeSocket] = []
        self._connections = deque(connections)

    async def connect(self, address: tuple[str, int] | str) -> StampedSocket:
        """As `stamped.connect`."""
        self.addresses.append(address)
        connection = self._connections.popleft()
        if isinstance(connection, OSError):
            raise connection
        if not isinstance(connection, Connection):
            connection = Connection(connection)
        await asyncio.sleep(connection.delay_s)
        self.sockets.append(self.new_socket(len(self.sockets), connection))
        return StampedSocket(cast(socket.socket, self.sockets[-1]))

    def new_socket(self, number: int, connection: Connection) -> FakeSocket:
        """The other side of a connection; a subclass may have another."""
        return FakeSocket(self.clock, number, connection)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs it on this network's clock."""
        with (
            patch("time.monotonic_ns", self.clock.monotonic_ns),
            patch("time.time_ns", self.clock.time_ns),
            asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner,
        ):
            return runner.run(work)


URL: Final = "http://h.example/chat"
GET: Final = Request("GET", URL, [])
DIRECT: Final = ConnectOptions(use_environment=False)


class Received(NamedTuple):
    """What became of one request."""

    head: Head
    chunks: list[Chunk]
    body_end: BodyEnd | None
    problem: str | None
    redirects: list[Redirect]
    gzip_members: int
    coding_is_cut: bool

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(chunk.data for chunk in self.chunks)


def receive(network: Network, request: Request = GET, options: ConnectOptions = DIRECT) -> Received:
    """Sends a request over the network, and reads the answer to its end."""

    async def read() -> Received:
        async with OpenStream(request, options, network.connect) as stream:
            chunks = [chunk async for chunk in stream.chunks()]
            ended = stream.body_end, stream.problem, stream.redirects
            return Received(stream.head, chunks, *ended, stream.gzip_members, stream.coding_is_cut)

    return network.run(read())


def received(*items: Item, options: ConnectOptions = DIRECT) -> Received:
    """What is received on one connection."""
    return receive(Network(items), options=options)
