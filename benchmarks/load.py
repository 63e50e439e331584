"""A load client for the mock: a bare protocol on uvloop, so that the client is not what is measured."""

import asyncio
import json
import os
import resource
import sys
import time
from typing import Final, cast

import uvloop

_RAMP_S: Final = 1.0
_TOKEN: Final = b'"delta":{"content":"'


class Stream(asyncio.Protocol):
    """Sends one request and notes when each token comes in (seconds, monotonic)."""

    def __init__(self, request: bytes, done: "asyncio.Future[None]") -> None:
        self._request = request
        self._done = done
        self.arrivals_s: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        cast(asyncio.WriteTransport, transport).write(self._request)  # uvloop's own class derives from neither

    def data_received(self, data: bytes) -> None:
        """Counts tokens; an event is never split over reads as small as these, or is counted with its beginning."""
        now_s = time.monotonic()
        self.arrivals_s.extend([now_s] * data.count(_TOKEN))

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is over."""
        del exc
        if not self._done.done():
            self._done.set_result(None)


async def run(port: int, streams: int, tokens: int, itl_ms: float) -> dict[str, float]:
    """Runs the streams at once; lateness in ms is against each stream's own earliest schedule."""
    body = json.dumps(
        {
            "model": f"mock/tokens={tokens},itl_ms={itl_ms},ttft_ms=100",
            "messages": [{"role": "user", "content": "go"}],
            "stream": True,
        }
    ).encode()
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    loop = asyncio.get_running_loop()
    running: list[Stream] = []
    ends = []
    for _ in range(streams):
        done: asyncio.Future[None] = loop.create_future()
        ends.append(done)
        stream = Stream(request, done)
        running.append(stream)
        await loop.create_connection(lambda stream=stream: stream, "127.0.0.1", port)  # type: ignore[misc]
        await asyncio.sleep(_RAMP_S / streams)  # users come one after the other
    async with asyncio.timeout(60):
        await asyncio.gather(*ends)
    late_ms: list[float] = []
    drift_ms: list[float] = []
    count = 0
    for stream in running:
        offsets = [at_s * 1000 - k * itl_ms for k, at_s in enumerate(stream.arrivals_s)]
        count += len(offsets)
        base = min(offsets)
        errors = [offset - base for offset in offsets]
        late_ms += errors
        tenth = max(1, len(errors) // 10)
        drift_ms.append(sum(errors[-tenth:]) / tenth - sum(errors[:tenth]) / tenth)
    late_ms.sort()
    return {
        "tokens": count,
        "p50_ms": late_ms[len(late_ms) // 2],
        "p99_ms": late_ms[int(len(late_ms) * 0.99)],
        "max_ms": late_ms[-1],
        "drift_ms": sum(drift_ms) / len(drift_ms),
        "client_cpu_us": 1e6 * sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) / max(1, count),
    }


def main() -> None:
    """`python -m benchmarks.load PORT STREAMS TOKENS ITL_MS` prints one JSON line."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    port, streams, tokens, itl_ms = sys.argv[1:5]
    print(json.dumps(uvloop.run(run(int(port), int(streams), int(tokens), float(itl_ms)))))


if __name__ == "__main__":
    main()
