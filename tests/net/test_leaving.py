"""The ways to leave, as a server's socket sees them."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable

import pytest

from sseprobe.net.hangup import HangUp
from sseprobe.net.opening import OpenStream
from sseprobe.net.options import ConnectOptions
from sseprobe.net.stamped import StampedSocket
from sseprobe.transcript import Request
from tests.support.raw_server import Peer, RawServer

EVENT = b"data: hello\n\n"
MUCH = b": " + b"x" * 300_000 + b"\n\n"
PATIENCE_S = 0.3

Serve = Callable[..., RawServer]


async def leave(
    server: RawServer, how: HangUp, *, read_on: bool = False, all_sent: threading.Event | None = None
) -> bytes:
    """Leaves after the first piece of body, and after all was sent. Returns what is read after that."""
    later, request = b"", Request("GET", server.url, [])
    async with OpenStream(request, ConnectOptions()) as stream:
        chunks = stream.chunks()
        await anext(chunks)
        if all_sent is not None:
            await asyncio.to_thread(all_sent.wait)
        assert await stream.hang_up(how) is not None
        if read_on:
            later = b"".join([chunk.data async for chunk in chunks])
        else:
            await asyncio.sleep(2 * PATIENCE_S)
        await chunks.aclose()
    return later


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
    all_sent = threading.Event()

    def script(peer: Peer) -> None:
        peer.stream(EVENT, MUCH)  # more than the client has read when it leaves
        all_sent.set()
        seen.append(what_comes(peer))

    server = serve(script)
    asyncio.run(leave(server, how, all_sent=all_sent))
    server.wait()
    assert seen == [expected]


def test_half_closed_is_still_received(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.stream(EVENT)
        peer.wait_for_close()
        peer.stream_more(EVENT, EVENT)

    assert asyncio.run(leave(serve(script), HangUp.HALF_CLOSE, read_on=True)) == EVENT * 2


class SlowSocket(socket.socket):
    """Reads more slowly than a server can send."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Reads after a moment."""
        time.sleep(0.005)
        return super().recv(size, flags)


def test_a_server_that_never_pauses_does_not_keep_the_client(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        until_s = time.monotonic() + 8
        while time.monotonic() < until_s:
            peer.send(MUCH)

    async def leave_at_once(port: int) -> float:
        with SlowSocket() as sock:
            sock.connect(("127.0.0.1", port))
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            sock.setblocking(False)
            await asyncio.sleep(PATIENCE_S)
            begun_s = time.monotonic()
            StampedSocket(sock).finish()
            return time.monotonic() - begun_s

    server = serve(script)
    assert asyncio.run(leave_at_once(server.port)) < 4
    server.wait()
