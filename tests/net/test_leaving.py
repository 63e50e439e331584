"""The ways to leave, as a server's socket sees them."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable

import pytest

from sseprobe.config.connection import ConnectOptions
from sseprobe.net.hangup import HangUp
from sseprobe.net.opening import OpenStream
from sseprobe.net.stamped import StampedSocket
from sseprobe.transcript import Request
from tests.support.raw_server import Peer, RawServer

EVENT = b"data: hello\n\n"
MUCH = b": " + b"x" * 300_000 + b"\n\n"
PATIENCE_S = 0.3

Serve = Callable[..., RawServer]


async def leave(
    server: RawServer, how: HangUp, *, after: threading.Event, then: threading.Event, until: threading.Event
) -> None:
    """Leaves after the first piece of body, and after that; says so, and keeps what it has open until then."""
    async with OpenStream(Request("GET", server.url, []), ConnectOptions()) as stream:
        chunks = stream.chunks()
        await anext(chunks)
        await asyncio.to_thread(after.wait)
        assert await stream.hang_up(how) is not None
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
    [(HangUp.FIN, "eof"), (HangUp.RST, "reset"), (HangUp.HALF_CLOSE, "eof"), (HangUp.STALL, "nothing")],
)
def test_what_a_server_sees(how: HangUp, expected: str, serve: Serve) -> None:
    seen: list[str] = []
    all_sent, left, looked = threading.Event(), threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.stream(EVENT, MUCH)  # more than the client has read when it leaves
        all_sent.set()
        left.wait()
        seen.append(what_comes(peer))
        looked.set()

    asyncio.run(leave(serve(script), how, after=all_sent, then=left, until=looked))
    assert seen == [expected]


def test_half_closed_is_still_received(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.stream(EVENT)
        peer.wait_for_close()
        peer.stream_more(EVENT, EVENT)

    async def read_on(url: str) -> bytes:
        async with OpenStream(Request("GET", url, []), ConnectOptions()) as stream:
            chunks = stream.chunks()
            await anext(chunks)
            assert await stream.hang_up(HangUp.HALF_CLOSE) is not None
            return b"".join([chunk.data async for chunk in chunks])

    assert asyncio.run(read_on(serve(script).url)) == EVENT * 2


class SlowSocket(socket.socket):
    """Reads more slowly than a server can send."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Reads after a moment."""
        time.sleep(0.005)
        return super().recv(size, flags)


def test_a_server_that_never_pauses_does_not_keep_the_client(serve: Serve) -> None:
    flows, has_left = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        while not has_left.is_set():
            peer.send(MUCH)
            flows.set()

    async def leave_at_once(port: int) -> None:
        with SlowSocket() as sock:
            sock.connect(("127.0.0.1", port))
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            sock.setblocking(False)
            await asyncio.to_thread(flows.wait)
            StampedSocket(sock).finish()

    try:
        asyncio.run(leave_at_once(serve(script).port))  # or never, and the test's own time runs out
    finally:
        has_left.set()
