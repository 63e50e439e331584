"""Takes: recordings made of the mock's streams, whole or with one thing broken, for proving rules.

`tests/support/recordings.py` records the takes of `tests/rules/proofs/`; the mutation tests edit recordings of clean
streams.
"""

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from sseprobe import dialects
from sseprobe.config.options.connection import ConnectOptions
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Read
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.redaction import Redactor
from sseprobe.sse.framing import Framing
from sseprobe.streams.cassette import Cassette, load
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.transcript import Transcript, transcript_of_cassette
from sseprobe.streams.view import SilentView
from tests.support.streams import request_for

Blocks = list[bytes]
"""A body cut after each blank line (after each line, where lines are the framing)."""

Edit = Callable[[Blocks], Blocks]
Headers = list[tuple[str, str]]
QUICK = "tokens=3,ttft_ms=1,itl_ms=1"


class Take(NamedTuple):
    """A stream: what the mock sends in a dialect with these knobs; then, if given, edits of body, head and end.

    `body`: the whole body instead of the mock's. `gaps_ms`: the time before each chunk, instead of the recorded.
    """

    dialect: str = "plain"
    knobs: str = QUICK
    edit: Edit | None = None
    headers: Callable[[Headers], Headers] | None = None
    status: int | None = None
    end: BodyEnd | None = None
    body: bytes | None = None
    gaps_ms: Callable[[int], float] | None = None
    data: dict[str, Any] | None = None
    """Keys that the request's body has beside its own."""
    asking: tuple[tuple[str, str], ...] = ()
    """Headers that the request has beside its own."""


def record(url: str, take: Take) -> Cassette:
    """Records a take from the mock at this URL."""
    dialect = dialects.by_name(take.dialect)
    headers = [f"X-Mock: {take.knobs}", *(f"{name}: {value}" for name, value in take.asking)]
    prompt = "hi" if dialect.request is not None else None
    request, _, _ = request_for(url + dialect.path, headers=headers, dialect=take.dialect, prompt=prompt)
    if take.data is not None:
        asked = json.loads(request.body or b"{}") | take.data
        request = msgspec.structs.replace(request, body=json.dumps(asked).encode())
    tape = io.BytesIO()
    options = ConnectOptions(use_environment=False)
    plan = StreamPlan(request, options, dialect, Redactor(), 2**24, named=True, record_to=tape)
    asyncio.run(StreamRun(plan, SilentView()).go())
    # The mock's port is another each time.
    recorded = tape.getvalue().replace(url.encode(), b"http://127.0.0.1:8000")
    return edited(load(io.BytesIO(recorded), take.dialect), take)


def edited(cassette: Cassette, take: Take) -> Cassette:
    """The recording with the edits of a take; each block is a chunk, and comes when its namesake came."""
    framing = dialects.by_name(take.dialect).framing
    head, end = cassette.head, cassette.end
    chunks = cassette.chunks
    if take.body is not None or take.edit is not None:
        blocks = blocks_of(cassette.body if take.body is None else take.body, framing)
        blocks = blocks if take.edit is None else take.edit(blocks)
        chunks = _timed([block for block in blocks if block], cassette.chunks)
    if take.gaps_ms is not None:
        t_ns, moved = head.t_ns, []
        for index, chunk in enumerate(chunks):
            t_ns += int(take.gaps_ms(index) * 1e6)
            moved.append(Chunk(chunk.data, Read(index, t_ns, Clock.KERNEL, 0, 0)))
        chunks = moved
    if chunks:
        end = msgspec.structs.replace(end, t_ns=max(end.t_ns, chunks[-1].read.t_ns))
    if take.end is not None:
        end = msgspec.structs.replace(end, end=take.end)
    headers = head.headers if take.headers is None else take.headers(list(head.headers))
    head = msgspec.structs.replace(head, headers=headers, status=take.status or head.status)
    return Cassette(cassette.opening, head, chunks, end)


def blocks_of(body: bytes, framing: Framing = Framing.SSE) -> Blocks:
    """The blocks of a body whose lines all end alike."""
    if framing is Framing.LINES:
        return body.splitlines(keepends=True)
    end = b"\r\n\r\n" if b"\r\n" in body else b"\n\n"
    whole = [block + end for block in body.split(end)]
    last = whole.pop()[: -len(end)]
    return [*whole, last] if last else whole


def _timed(blocks: Blocks, chunks: list[Chunk]) -> list[Chunk]:
    last = chunks[-1].read if chunks else Read(0, 1_000_000, Clock.USER, None, 0)
    reads = [chunk.read for chunk in chunks[: len(blocks)]]
    for late in range(len(blocks) - len(reads)):
        reads.append(
            msgspec.structs.replace(last, index=last.index + late + 1, t_ns=last.t_ns + (late + 1) * 1_000_000)
        )
    return [Chunk(block, read) for block, read in zip(blocks, reads, strict=True)]


def received(cassette: Cassette) -> tuple[StreamDecoder, Transcript]:
    """The transcript of a recording, its dialect as it was when it was recorded."""
    return transcript_of_cassette(cassette, dialects.by_name(cassette.opening.dialect), named=True)


# Edits, to be combined: each takes blocks and returns blocks.


def drop(index: int, count: int = 1) -> Edit:
    """Without these blocks; a negative index counts from the end."""

    def edit(blocks: Blocks) -> Blocks:
        start = index % len(blocks)
        return blocks[:start] + blocks[start + count :]

    return edit


def insert(index: int, *new: bytes) -> Edit:
    """With these blocks before that one; `len` and negative indices as lists have them."""
    return lambda blocks: [*blocks[:index], *new, *blocks[index:]]


def append(*new: bytes) -> Edit:
    """With these blocks at the end."""
    return lambda blocks: [*blocks, *new]


def double(index: int) -> Edit:
    """With this block twice."""
    return lambda blocks: [*blocks[:index], blocks[index], *blocks[index:]]


def swap(first: int, second: int) -> Edit:
    """With these two blocks in each other's place."""

    def edit(blocks: Blocks) -> Blocks:
        blocks = list(blocks)
        blocks[first], blocks[second] = blocks[second], blocks[first]
        return blocks

    return edit


def replace(index: int, old: bytes, new: bytes) -> Edit:
    """With this text replaced in that block; it must stand there."""

    def edit(blocks: Blocks) -> Blocks:
        assert old in blocks[index], (old, blocks[index])
        return [
            *blocks[:index],
            blocks[index].replace(old, new),
            *blocks[len(blocks) + index + 1 if index < 0 else index + 1 :],
        ]

    return edit


def everywhere(old: bytes, new: bytes) -> Edit:
    """With this text replaced in all blocks."""
    return lambda blocks: [block.replace(old, new) for block in blocks]


def changed(index: int, change: Callable[[Any], Any]) -> Edit:
    """With the payload of that block changed: `change` gets the JSON and edits it, or returns another."""

    def edit(blocks: Blocks) -> Blocks:
        blocks = list(blocks)
        blocks[index] = with_payload(blocks[index], change)
        return blocks

    return edit


def with_payload(block: bytes, change: Callable[[Any], Any]) -> bytes:
    """The block with another payload."""
    lines = block.split(b"\n")
    at = next((n for n, line in enumerate(lines) if line.startswith(b"data:")), 0)
    mark = b"data: " if lines[at].startswith(b"data:") else b""
    value = json.loads(lines[at].removeprefix(b"data:"))
    returned = change(value)
    value = value if returned is None else returned
    lines[at] = mark + json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return b"\n".join(lines)


def event_with(data: Any, name: str | None = None) -> bytes:
    """A block of one event with this payload (a string: as it is)."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def both(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(blocks: Blocks) -> Blocks:
        for each in edits:
            blocks = each(blocks)
        return blocks

    return edit
