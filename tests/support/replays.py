"""A cassette being replayed, in a thread of this process; and cassettes to replay."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Head, Read
from sseprobe.replay.response import Replay
from sseprobe.replay.server import listen, serve
from sseprobe.streams.cassette import Cassette, End, Opening

STREAM = [("Content-Type", "text/event-stream")]


def cassette(
    *pieces: bytes,
    end: BodyEnd = BodyEnd.LAST_CHUNK,
    times_ms: list[float] | None = None,
    end_ms: float | None = None,
    headers: list[tuple[str, str]] | None = None,
    url: str = "http://h/events",
    status: int = 200,
    reads: list[int] | None = None,
) -> Cassette:
    """A recording of these pieces, each with a read of its own, all at once unless times are given."""
    times = [int(at * 1e6) for at in times_ms or [0] * len(pieces)]
    indices = reads or list(range(len(pieces)))
    chunks = [
        Chunk(data, Read(index, t_ns, Clock.USER, None, 0))
        for data, index, t_ns in zip(pieces, indices, times, strict=True)
    ]
    end_ns = int(end_ms * 1e6) if end_ms is not None else max(times, default=0)
    opening = Opening(1, "", "GET", url, [], None, "plain")
    return Cassette(opening, Head(status, "OK", "1.1", headers or STREAM, url, 0), chunks, End(end, end_ns))


@contextlib.contextmanager
def replaying(recorded: Cassette, *, speed: float = 1.0) -> Iterator[str]:
    """Serves a cassette for as long as the block lasts; its URL, with the recorded path and query."""
    replay = Replay(recorded, "c.jsonl", speed=speed)
    loop = asyncio.new_event_loop()
    with listen("127.0.0.1", 0) as listener:
        serving = loop.create_task(serve(replay, listener))
        thread = threading.Thread(target=_run, args=(loop, serving))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{replay.target}"
        finally:
            loop.call_soon_threadsafe(serving.cancel)
            thread.join(timeout=20)
            assert not thread.is_alive()
            loop.close()
    assert serving.cancelled(), serving.exception()


def _run(loop: asyncio.AbstractEventLoop, serving: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError, Exception):
        loop.run_until_complete(serving)
