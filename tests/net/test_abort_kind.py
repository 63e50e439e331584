"""The ways to abort: as a server's socket sees them, and over a list of bytes."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from sseprobe.http_exchange import BodyEnd, Chunk, Request
from sseprobe.net.abort_kind import AbortKind
from sseprobe.net.open_stream import OpenStream
from tests.support.network import DIRECT, GET, OPEN, Network, Pause
from tests.support.raw_server import HEAD, LAST_CHUNK, Peer, RawServer, transfer_chunk

EVENT = b"data: hello\n\n"
MUCH = b": " + b"x" * 300_000 + b"\n\n"
PATIENCE_S = 0.3

Serve = Callable[..., RawServer]


async def abort(
    server: RawServer, how: AbortKind, *, after: threading.Event, then: threading.Event, until: threading.Event
) -> None:
    """Aborts after the first piece of body and `after`; sets `then`, and keeps what it has open until `until`."""
    async with OpenStream(Request("GET", server.url, []), DIRECT) as stream:
        chunks = stream.chunks()
        await anext(chunks)
        await asyncio.to_thread(after.wait)
        assert await stream.abort(how) is not None
        then.set()
        await asyncio.to_thread(until.wait)
        await chunks.aclose()


def what_comes(peer: Peer) -> str:
    """What the server's next read says."""
    peer.connection.settimeout(PATIENCE_S)
    try:
        return "bytes" if peer.connection.recv(1) else "eof"
    except TimeoutError:
        return "nothing"
    except ConnectionResetError:
        return "reset"


@pytest.mark.parametrize(
    ("how", "expected"),
    [(AbortKind.FIN, "eof"), (AbortKind.RST, "reset"), (AbortKind.HALF_CLOSE, "eof"), (AbortKind.STALL, "nothing")],
)
def test_what_a_server_sees(how: AbortKind, expected: str, serve: Serve) -> None:
    seen: list[str] = []
    all_sent, aborted, looked = threading.Event(), threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.stream(EVENT, MUCH)  # more than the client has read when it aborts
        all_sent.set()
        aborted.wait()
        seen.append(what_comes(peer))
        looked.set()

    asyncio.run(abort(serve(script), how, after=all_sent, then=aborted, until=looked))
    assert seen == [expected]


def test_half_closed_is_still_received(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.stream(EVENT)
        peer.wait_for_close()
        peer.stream_more(EVENT, EVENT)

    async def read_on(url: str) -> bytes:
        async with OpenStream(Request("GET", url, []), DIRECT) as stream:
            chunks = stream.chunks()
            await anext(chunks)
            assert await stream.abort(AbortKind.HALF_CLOSE) is not None
            return b"".join([chunk.data async for chunk in chunks])

    assert asyncio.run(read_on(serve(script).url)) == EVENT * 2


async def aborted_after_one_chunk(
    network: Network, how: AbortKind, *, waiting: bool
) -> tuple[list[Chunk], BodyEnd | None]:
    """Aborts after the first chunk, while the next is waited for or before. Returns what came after it, and the end."""
    async with OpenStream(GET, DIRECT, network.connect) as stream:
        chunks = stream.chunks()
        await anext(chunks)

        async def rest() -> list[Chunk]:
            return [chunk async for chunk in chunks]

        if waiting:
            reading = asyncio.ensure_future(rest())
            await asyncio.sleep(1)
            assert await stream.abort(how) == network.clock.now_ns
            return await reading, stream.body_end
        assert await stream.abort(how) == network.clock.now_ns
        return await rest(), stream.body_end


@pytest.mark.parametrize("waiting", [True, False])
@pytest.mark.parametrize(
    ("how", "closed_by", "comes", "end"),
    [
        (AbortKind.FIN, ["shut", "close"], [], BodyEnd.RESET),
        (AbortKind.RST, ["linger 0", "close"], [], BodyEnd.RESET),
        (AbortKind.HALF_CLOSE, ["shut writing", "close"], [b"more"], BodyEnd.LAST_CHUNK),
        (AbortKind.STALL, ["close"], [], BodyEnd.IDLE_TIMEOUT),
    ],
)
def test_ways_to_leave(how: AbortKind, closed_by: list[str], comes: list[bytes], end: BodyEnd, waiting: bool) -> None:
    network = Network([HEAD, transfer_chunk(b"x"), Pause(2), transfer_chunk(b"more") + LAST_CHUNK])
    chunks, ended = network.run(aborted_after_one_chunk(network, how, waiting=waiting))
    assert ([chunk.data for chunk in chunks], ended) == (comes, end)
    assert network.sockets[0].closed_by == closed_by


def test_there_is_nothing_to_abort_before_and_after() -> None:
    network = Network([HEAD, LAST_CHUNK])

    async def abort() -> None:
        stream = OpenStream(GET, DIRECT, network.connect)
        assert await stream.abort(AbortKind.FIN) is None
        async with stream:
            assert await stream.abort(AbortKind.RST) is not None
            assert await stream.abort(AbortKind.RST) is None
        assert await stream.abort(AbortKind.FIN) is None

    network.run(abort())


def test_one_stream_of_http1_cannot_be_reset() -> None:
    network = Network([HEAD, OPEN])

    async def abort() -> None:
        async with OpenStream(GET, DIRECT, network.connect) as stream:
            await stream.abort(AbortKind.H2_RESET)

    with pytest.raises(ValueError, match=r"the server chose HTTP/1\.1"):
        network.run(abort())
    assert network.sockets[0].closed_by == ["close"]


def test_a_server_that_never_pauses_does_not_keep_the_client() -> None:
    network = Network([HEAD, transfer_chunk(b"x"), *[b"x" * 2**18] * 1000])
    network.run(aborted_after_one_chunk(network, AbortKind.FIN, waiting=False))
    unread = 1001 * 2**18 - network.sockets[0].received
    assert unread > 900 * 2**18
    assert network.sockets[0].closed_by == ["shut", "close"]


def test_what_has_come_is_read_before_fin() -> None:
    network = Network([HEAD, transfer_chunk(b"x"), *[b"x" * 2**18] * 9, OPEN])
    network.run(aborted_after_one_chunk(network, AbortKind.FIN, waiting=False))
    assert network.sockets[0].received > 9 * 2**18, "closing with unread bytes would send RST"
