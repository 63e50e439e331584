"""The stamped socket: when bytes arrived, how late they were read, and what is kept of a failed write."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import closing

import pytest

from sseprobe.http_exchange import Clock
from sseprobe.net.client_socket import RawRead, StampedSocket, connect_tcp
from sseprobe.units import NS_PER_S
from tests.support.network import OPEN, RESET, T0_NS, WOULD_BLOCK, Connection, Item, Network, Pause
from tests.support.raw_server import LINGER_0

MS = NS_PER_S // 1000


async def all_reads(stamped: StampedSocket, wait_s: float = 0) -> list[RawRead]:
    """Everything up to the end, with a wait before each read."""
    reads = []
    while True:
        await asyncio.sleep(wait_s)
        reads.append(await stamped.read(100))
        if not reads[-1].data:
            return reads


def reads_of(
    *items: Item, wait_s: float = 0, stamp_error_ns: int | None = 0
) -> list[tuple[bytes, int, int | None, int]]:
    """Data, arrival in ms, lag in ms and blind time in ms of each read but the last, which is the end."""
    network = Network(Connection(items, stamp_error_ns=stamp_error_ns))

    async def read() -> list[RawRead]:
        return await all_reads(await network.connect("x"), wait_s)

    reads = network.run(read())[:-1]
    assert {read.clock for read in reads} == {Clock.USER if reads[0].lag_ns is None else Clock.KERNEL}
    return [
        (read.data, (read.t_ns - T0_NS) // MS, None if read.lag_ns is None else read.lag_ns // MS, read.blind_ns // MS)
        for read in reads
    ]


def test_a_read_that_waits_is_on_time_and_not_blind() -> None:
    assert reads_of(Pause(1), b"a", Pause(0.5), b"b") == [(b"a", 1000, 0, 0), (b"b", 1500, 0, 0)]


def test_a_read_that_waits_after_a_while_was_not_blind() -> None:
    assert reads_of(Pause(3), b"a", wait_s=1) == [(b"a", 3000, 0, 0)]


def test_a_read_that_comes_late_says_by_how_much() -> None:
    assert reads_of(b"a", Pause(0.1), b"b", wait_s=1) == [(b"a", 0, 1000, 1000), (b"b", 100, 1900, 1000)]


def test_without_a_stamp_the_time_is_that_of_the_read() -> None:
    assert reads_of(b"a", Pause(0.1), b"b", wait_s=1, stamp_error_ns=None) == [
        (b"a", 1000, None, 1000),
        (b"b", 2000, None, 1000),
    ]


@pytest.mark.parametrize("error_ns", [1, -3601 * NS_PER_S])
def test_a_stamp_of_a_clock_that_was_set_is_not_believed(error_ns: int) -> None:
    assert reads_of(Pause(1), b"a", stamp_error_ns=error_ns) == [(b"a", 1000, None, 0)]


def test_no_read_is_longer_than_wanted() -> None:
    network = Network([b"x" * 250])

    async def read() -> list[int]:
        return [len(read.data) for read in await all_reads(await network.connect("x"))]

    assert network.run(read()) == [100, 100, 50, 0]


# Writing


def written(connection: Connection) -> tuple[bytes, list[bytes], type[BaseException] | None]:
    """Writes twice, then reads to the end: what was sent, what was read, the error of the last read."""
    network = Network(connection)

    async def work() -> tuple[list[bytes], type[BaseException] | None]:
        stamped, read = await network.connect("x"), []
        await stamped.write(b"question")
        await stamped.write(b"more")
        try:
            while data := (await stamped.read(100)).data:
                read.append(data)
        except OSError as error:
            return read, type(error)
        return read, None

    read, error = network.run(work())
    return network.sockets[0].sent, read, error


@pytest.mark.parametrize(
    ("sends", "sent", "error"),
    [
        ([], b"questionmore", None),
        ([1, 2, 3], b"questionmore", None),
        ([WOULD_BLOCK, 3, WOULD_BLOCK, WOULD_BLOCK], b"questionmore", None),
        ([InterruptedError()], b"questionmore", None),
        ([BrokenPipeError()], b"", None),
        ([3, BrokenPipeError()], b"que", None),
        ([RESET], b"", ConnectionResetError),
        ([3, RESET], b"que", ConnectionResetError),
    ],
)
def test_what_came_before_the_other_side_went_is_read(
    sends: list[int | OSError], sent: bytes, error: type[BaseException] | None
) -> None:
    assert written(Connection([b"an", b"swer"], sends=sends)) == (sent, [b"an", b"swer"], error)


def test_other_errors_of_a_write_are_raised() -> None:
    with pytest.raises(OSError, match="No buffer space"):
        written(Connection([OPEN], sends=[OSError(errno.ENOBUFS, "No buffer space")]))


async def speak_to_one_who_has_gone(*, reset: bool) -> bytes:
    """Writes more than once to a server that has answered and left. Returns what is read then."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        client = await connect_tcp(*listener.getsockname())
        server, _ = listener.accept()
        server.sendall(b"an answer")
        if reset:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        server.close()
        read = b""
        with closing(client):
            for _ in range(3):
                await client.write(b"a question")
            try:
                while data := (await client.read(2)).data:
                    read += data
            except ConnectionResetError:
                read += b", and a reset"
        return read


@pytest.mark.parametrize(("reset", "read"), [(False, b"an answer"), (True, b"an answer, and a reset")])
def test_what_was_said_is_read_from_a_real_socket(reset: bool, read: bytes) -> None:
    assert asyncio.run(speak_to_one_who_has_gone(reset=reset)) == read


# Closing while somebody waits


@pytest.mark.parametrize("leave", [StampedSocket.abort_with_fin, StampedSocket.abort_with_rst])
def test_leaving_wakes_the_reader(leave: Callable[[StampedSocket], None]) -> None:
    network = Network([OPEN])

    async def work() -> None:
        stamped = await network.connect("x")
        reading = asyncio.ensure_future(stamped.read(10))
        await asyncio.sleep(1)
        leave(stamped)
        with pytest.raises(OSError, match="closed here"):
            await reading
        with pytest.raises(OSError, match="Bad file descriptor"):
            await stamped.read(10)

    network.run(work())


def test_whoever_stalls_reads_no_more() -> None:
    network = Network([Pause(1), b"a", OPEN])

    async def work() -> None:
        stamped = await network.connect("x")
        reading = asyncio.ensure_future(stamped.read(10))
        await asyncio.sleep(0)
        stamped.stall()
        for waiting in (reading, stamped.read(10)):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(waiting, 100)

    network.run(work())
    assert network.sockets[0].received == 0


# Connecting


async def connecting(monkeypatch: pytest.MonkeyPatch, refusing: list[str]) -> list[str]:
    """Connects to a host of two addresses, of which some refuse. Returns those tried."""
    loop, tried = asyncio.get_running_loop(), []

    async def addresses(host: str, port: int, **options: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(socket.AF_INET, options["type"], 0, "", (address, port)) for address in ("192.0.2.1", "192.0.2.2")]

    async def connect(sock: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[0])
        if address[0] in refusing:
            raise ConnectionRefusedError(address[0])

    monkeypatch.setattr(loop, "getaddrinfo", addresses)
    monkeypatch.setattr(loop, "sock_connect", connect)
    (await connect_tcp("two.example", 80)).close()
    return tried


def test_the_first_address_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(connecting(monkeypatch, [])) == ["192.0.2.1"]
    assert asyncio.run(connecting(monkeypatch, ["192.0.2.1"])) == ["192.0.2.1", "192.0.2.2"]
    with pytest.raises(ConnectionRefusedError, match=r"192\.0\.2\.2"):
        asyncio.run(connecting(monkeypatch, ["192.0.2.1", "192.0.2.2"]))
