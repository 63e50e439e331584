"""`slow-reader`: reads for a while, then stops reading: does the server pause, or cut the connection?"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import BodyEnd, Chunk
from sseprobe.net.fetch import Fetcher, FetchError
from sseprobe.net.open_stream import OpenStream
from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, Skipped
from sseprobe.rules.probe_results import SlowReading

_READ_FIRST: Final = 10
_STALL_S: Final = 3.0
_REST_S: Final = 0.5
_MOST_BYTES: Final = 16 * 2**20
_CUTS: Final = frozenset({BodyEnd.RESET, BodyEnd.MISSING_LAST_CHUNK, BodyEnd.SHORT_BODY, BodyEnd.TLS_CUT})
# Some 40 MB: more than the socket buffers hold.
_MOCK_TOKENS: Final = 20_000
_MOCK_KNOBS: Final = f"tokens={_MOCK_TOKENS},ttft_ms=0,itl_ms=0,text={'x' * 2000}"
_LOOK_EVERY_S: Final = 0.2
_STILL_LOOKS: Final = 3
_LOOK_LIMIT_S: Final = 20.0


class _Record(msgspec.Struct, frozen=True):
    generated_tokens: int
    state: str


async def _run(context: ProbeContext) -> ProbeResult:
    if context.truth_url is not None:
        plan = context.with_knobs(_MOCK_KNOBS)
        evidence = await _watched(OpenStream(plan.request, plan.options), context.truth_url, plan.options)
        return ProbeResult([evidence], "stopped reading until generation paused")
    evidence = await _stalled(OpenStream(context.plan.request, context.plan.options))
    return ProbeResult([evidence], f"read nothing for {_STALL_S:g} s")


async def _stalled(opening: OpenStream) -> SlowReading:
    async with opening as stream, contextlib.aclosing(stream.chunks()) as chunks:
        await _begin(chunks)
        begun_ns = time.monotonic_ns()
        await asyncio.sleep(_STALL_S)
        stalled_ms = (time.monotonic_ns() - begun_ns) / 1e6
        stream.expect_silence(_REST_S)
        taken = 0
        async for chunk in chunks:
            taken += len(chunk.data)
            if taken > _MOST_BYTES:
                break
        return SlowReading(stalled_ms, stream.body_end in _CUTS)


async def _watched(opening: OpenStream, truth_url: str, options: ConnectOptions) -> SlowReading:
    """The same, watching the mock's own record: how much it generated before it paused."""
    async with opening as stream, contextlib.aclosing(stream.chunks()) as chunks:
        await _begin(chunks)
        begun_s = time.monotonic()
        url = f"{truth_url}/{stream.head.header('x-mock-id')}"
        fetcher = Fetcher(url, options, _LOOK_LIMIT_S)
        try:
            looks: list[_Record] = []
            while time.monotonic() - begun_s < _LOOK_LIMIT_S:
                document = await asyncio.to_thread(fetcher.get)
                looks.append(msgspec.json.decode(document.body, type=_Record))
                last = looks[-_STILL_LOOKS:]
                still = len(last) == _STILL_LOOKS and len({look.generated_tokens for look in last}) == 1
                if still or looks[-1].state != "running":
                    break
                await asyncio.sleep(_LOOK_EVERY_S)
            else:
                raise Skipped(f"generation did not pause within {_LOOK_LIMIT_S:g} s")
        except (FetchError, msgspec.DecodeError) as error:
            raise Skipped(f"the mock's record could not be read ({error})") from error
        finally:
            fetcher.close()
        stalled_ms = (time.monotonic() - begun_s) * 1e3
        cut = looks[-1].state in ("stopped", "failed")
        return SlowReading(stalled_ms, cut, looks[-1].generated_tokens, _MOCK_TOKENS)


async def _begin(chunks: AsyncGenerator[Chunk, None]) -> None:
    for _ in range(_READ_FIRST):
        if await anext(chunks, None) is None:
            raise Skipped("the answer ended before reading could stop: ask for a longer one")


PROBE = ActiveProbe("slow-reader", (SlowReading,), _run)
