"""An origin and its clients in one process, with a hop between them: how much later events come than they were sent.

`python -m benchmarks.relay ORIGIN_PORT HOP_PORT STREAMS EVENTS GAP_MS`; prints one line of JSON. Each event carries the
time of its sending, on the one clock that both ends share.
"""

import asyncio
import json
import socket
import sys
import time
from typing import Final

import uvloop

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_REQUEST: Final = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
_PADDING: Final = b"x" * 150  # an OpenAI chunk has some 200 bytes
_MARK: Final = b"data: "


class Origin(asyncio.Protocol):
    """Sends events on absolute deadlines."""

    def __init__(self, events: int, gap_s: float) -> None:
        self._events = events
        self._gap_s = gap_s
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A hop, or a client."""
        self._transport = transport  # type: ignore[assignment]  # a socket's

    def data_received(self, data: bytes) -> None:
        """The request."""
        if data.endswith(b"\r\n\r\n"):
            asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        transport = self._transport
        assert transport is not None
        transport.write(_HEAD)
        start_s = time.monotonic() + self._gap_s
        for number in range(self._events):
            await asyncio.sleep(max(0.0, start_s + number * self._gap_s - time.monotonic()))
            event = b"data: %d %s\n\n" % (time.monotonic_ns(), _PADDING)
            transport.write(b"%x\r\n%s\r\n" % (len(event), event))
        transport.write(b"0\r\n\r\n")
        transport.close()


class Client(asyncio.Protocol):
    """Notes how late each event is."""

    def __init__(self, late_ns: list[int], over: asyncio.Future[None]) -> None:
        self._late_ns = late_ns
        self._over = over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        transport.write(_REQUEST)  # type: ignore[attr-defined]  # a socket's

    def data_received(self, data: bytes) -> None:
        """One event or several; on loopback none comes in pieces."""
        now_ns = time.monotonic_ns()
        for piece in data.split(_MARK)[1:]:
            self._late_ns.append(now_ns - int(piece[: piece.index(b" ")]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Over."""
        del exc
        if not self._over.done():
            self._over.set_result(None)


async def main(origin_port: int, hop_port: int, streams: int, events: int, gap_ms: float) -> None:
    """Serves, asks, prints."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Origin(events, gap_ms / 1000), "127.0.0.1", origin_port, backlog=1024, reuse_address=True
    )
    late_ns: list[int] = []
    over = []
    for _ in range(streams):
        done = loop.create_future()
        await loop.create_connection(lambda done=done: Client(late_ns, done), "127.0.0.1", hop_port)  # type: ignore[misc]
        over.append(done)
        await asyncio.sleep(gap_ms / 1000 / streams)
    await asyncio.gather(*over)
    server.close()
    late_ns.sort()
    count = len(late_ns)
    figures = {"events": count, "p50_ms": late_ns[count // 2] / 1e6, "p99_ms": late_ns[count * 99 // 100] / 1e6}
    print(json.dumps(figures))


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    origin_port, hop_port, streams, events = (int(word) for word in sys.argv[1:5])
    uvloop.run(main(origin_port, hop_port, streams, events, float(sys.argv[5])))
