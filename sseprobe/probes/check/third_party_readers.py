"""How third-party parsers read the first stream."""

import asyncio
from typing import Final

from msgspec.structs import replace

from sseprobe.http_exchange import Ending
from sseprobe.probes.check.run import CheckRun
from sseprobe.readers.run import Stop, read_all
from sseprobe.report import ReaderReport
from sseprobe.streams.transcript import Transcript

READ_BYTES: Final = 2**19
"""Of a larger body they read only the beginning: a difference shows early, and they are slow."""


async def read_by_third_parties(check: CheckRun, stop: Stop) -> list[ReaderReport]:
    """The views of all readers, read in a thread until `stop`. None with --select, which asks for rules alone."""
    asks_rules_alone = bool(check.judging.selection.select)
    if check.error is not None or check.interrupted or not check.transcripts or asks_rules_alone:
        return []
    reports = await asyncio.to_thread(_read, check.transcripts[0], stop)
    return [replace(each, differences=[check.redact(text) for text in each.differences]) for each in reports]


def _read(stream: Transcript, stop: Stop) -> list[ReaderReport]:
    chunks, end = _beginning(stream)
    whole = end == len(stream.body)
    return read_all(
        chunks,
        stream.events if whole else [event for event in stream.events if event.end <= end],
        dialect=stream.dialect,
        framing=stream.framing,
        content_type=stream.head.header("content-type") if stream.head else None,
        ended_in_error=whole and stream.ending is Ending.ERROR,
        stop=stop,
    )


def _beginning(stream: Transcript) -> tuple[list[bytes], int]:
    """The chunks up to the last whole event within `READ_BYTES`, and where that ends."""
    if len(stream.body) <= READ_BYTES:
        return [chunk.data for chunk in stream.chunks], len(stream.body)
    end = max((frame.end for frame in stream.frames if frame.end <= READ_BYTES), default=0)
    kept, start = [], 0
    for chunk in stream.chunks:
        if start >= end:
            break
        kept.append(chunk.data[: end - start])
        start += len(chunk.data)
    return kept, end
