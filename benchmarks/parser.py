"""The parser against other people's, on the same 50,000 events: `python -m benchmarks.parser`.

Only what stands between the bytes of a body and its events is measured: no sockets, no JSON. The contestants take turns
within a round, so that a busy machine slows all of them, and the best of the rounds counts. Ratios travel between
machines; nanoseconds do not. sseprobe also reports spans, frames and line endings, the others do not.
"""

import codecs
import gc
import json
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final, NamedTuple

import httpx2._sse
import httpx_sse._decoders
import openai._streaming
import sseclient
from rich.console import Console
from rich.table import Table

from sseprobe import __version__
from sseprobe.sse import Event, EventStreamParser

EVENTS: Final = 50_000
ROUNDS: Final = 7
READ_BYTES: Final = 64 * 1024
YARDSTICK: Final = "httpx-sse"
_HTTPX2_MAX_EVENT_BYTES: Final = 2**20  # its default


class Row(NamedTuple):
    """One contestant on one shape of stream. `ratio`: its events per second ÷ those of httpx-sse."""

    contestant: str
    shape: str
    ns_per_event: float
    ratio: float


class Shape(NamedTuple):
    """The same events, written and cut in one way."""

    name: str
    pieces: list[bytes]


def sseprobe_events(pieces: Iterable[bytes]) -> int:
    """Our parser, spans included."""
    parser = EventStreamParser()
    count = 0
    for piece in pieces:
        for item in parser.receive(piece):
            if type(item) is Event:
                count += 1
    parser.receive_eof()
    return count


def httpx_sse_events(pieces: Iterable[bytes]) -> int:
    """What `EventSource.iter_sse` does behind `Response.iter_text`."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    lines = httpx_sse._decoders.SSELineDecoder()
    decoder = httpx_sse._decoders.SSEDecoder()
    count = 0
    for piece in pieces:
        for line in lines.decode(decode(piece)):
            if decoder.decode(line.rstrip("\n")) is not None:
                count += 1
    return count


def httpx2_events(pieces: Iterable[bytes]) -> int:
    """What `httpx2.EventSource` does behind `Response.iter_text`, with its default limit."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    parser = httpx2._sse._SSEParser(_HTTPX2_MAX_EVENT_BYTES)
    count = 0
    for piece in pieces:
        for _ in parser.decode(decode(piece)):
            count += 1
    return count


def openai_events(pieces: Iterable[bytes]) -> int:
    """The openai SDK's decoder."""
    return sum(1 for _ in openai._streaming.SSEDecoder().iter_bytes(iter(pieces)))


def sseclient_events(pieces: Iterable[bytes]) -> int:
    """sseclient-py, which takes any iterable of bytes."""
    return sum(1 for _ in sseclient.SSEClient(iter(pieces)).events())


CONTESTANTS: Final[dict[str, Callable[[Iterable[bytes]], int]]] = {
    "sseprobe": sseprobe_events,
    YARDSTICK: httpx_sse_events,
    "httpx2": httpx2_events,
    "openai": openai_events,
    "sseclient-py": sseclient_events,
}


def measure(events: int = EVENTS, rounds: int = ROUNDS) -> list[Row]:
    """Runs every contestant on every shape; the best round of each counts."""
    return [row for shape in shapes(events) for row in _measure_shape(shape, events, rounds)]


def shapes(events: int) -> Iterator[Shape]:
    """The streams, one at a time: OpenAI's style, the same with CRLF, and Anthropic's two lines an event."""
    plain = [b"data: %b\n\n" % payload for payload in _payloads(events)]
    crlf = [event.replace(b"\n", b"\r\n") for event in plain]
    named = [b"event: content_block_delta\n" + event for event in plain]
    for style, written in ("data, LF", plain), ("data, CRLF", crlf), ("event + data, LF", named):
        yield Shape(f"{style}, 64 KiB", _in_reads(b"".join(written)))
        yield Shape(f"{style}, one event", written)


def main() -> None:
    """Prints the table."""
    rows = measure()
    table = Table(
        title=f"{EVENTS:,} events, best of {ROUNDS} rounds",
        caption=f"Python {platform.python_version()}, {platform.machine()}, {datetime.now(UTC):%Y-%m-%d}. "
        f"× {YARDSTICK}: events per second, relative; more is better.",
    )
    table.add_column("stream, piece")
    table.add_column("parser")
    table.add_column("version")
    table.add_column("ns/event", justify="right")
    table.add_column(f"× {YARDSTICK}", justify="right")
    shape = ""
    for row in rows:
        if row.shape != shape:
            table.add_section()
        table.add_row(
            "" if row.shape == shape else row.shape,
            row.contestant,
            __version__ if row.contestant == "sseprobe" else version(row.contestant),
            f"{row.ns_per_event:,.0f}",
            f"{row.ratio:.2f}",
        )
        shape = row.shape
    Console().print(table)


def _measure_shape(shape: Shape, events: int, rounds: int) -> list[Row]:
    best = dict.fromkeys(CONTESTANTS, float("inf"))
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in CONTESTANTS.items():
                gc.collect()
                began_ns = time.perf_counter_ns()
                count = run(shape.pieces)
                took_ns = time.perf_counter_ns() - began_ns
                assert count == events, f"{name} found {count} events in {shape.name!r}, expected {events}"
                best[name] = min(best[name], took_ns / events)
    finally:
        if was_enabled:
            gc.enable()
    return [Row(name, shape.name, best[name], best[YARDSTICK] / best[name]) for name in CONTESTANTS]


def _payloads(count: int) -> Iterator[bytes]:
    """Chat completion chunks as OpenAI sends them, one word each, some of them not ASCII."""
    words = ("Hello", " world", ",", " the", " Größe", " 東京", " stream", "\\n", " 42", " 🙂", " of", " tokens")
    for index in range(count):
        chunk = {
            "id": "chatcmpl-CwX0Y7Qm3bJ5t8uK2nLr9sVfZaEd1",
            "object": "chat.completion.chunk",
            "created": 1_794_268_190,
            "model": "gpt-4o-mini-2024-07-18",
            "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
            "choices": [
                {"index": 0, "delta": {"content": words[index % len(words)]}, "logprobs": None, "finish_reason": None}
            ],
            "usage": None,
            "obfuscation": "r4N7vQ2m"[: 1 + index % 8],
        }
        yield json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode()


def _in_reads(body: bytes) -> list[bytes]:
    return [body[start : start + READ_BYTES] for start in range(0, len(body), READ_BYTES)]


if __name__ == "__main__":
    main()
