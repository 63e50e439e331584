"""Beyond the limits: a clear item, bounded memory, linear time, and on with the next frame."""

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from sseprobe.sse import Event, EventStreamParser, Frame, Item, LimitExceeded, Tail
from tests.sse.cuts import CUTS, Cut, parse

LIMITS = {"max_line_bytes": 20, "max_event_bytes": 30}


@pytest.fixture
def untraced() -> Iterator[None]:
    """Counting lines, as for coverage, makes the parser ten times as slow."""
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)


def _limits(items: list[Item]) -> list[tuple[str, int]]:
    return [(item.kind, item.limit_bytes) for item in items if isinstance(item, LimitExceeded)]


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize(
    ("body", "kind", "limit"),
    [
        (b"data: " + b"x" * 30 + b"\n\n", "line", 20),
        (b": " + b"x" * 30 + b"\r\n\r\n", "line", 20),
        (b"data: 0123456789\n" * 4 + b"\n", "event", 30),
        (b"data: " + b"x" * 30 + b"\ndata: " + b"y" * 30 + b"\n\n", "line", 20),
    ],
)
def test_the_frame_is_skipped_and_said_once(body: bytes, kind: str, limit: int, cut: Cut) -> None:
    body = b"data: before\n\n" + body + b"data: after\n\n"
    items, _ = parse(cut(body), **LIMITS)
    assert _limits(items) == [(kind, limit)]
    assert [item.data for item in items if isinstance(item, Event)] == ["before", "after"]
    frames = [item for item in items if isinstance(item, Frame)]
    assert [frame.start for frame in frames[1:]] == [frame.end for frame in frames[:-1]]
    assert frames[-1].end == len(body)


@pytest.mark.parametrize("size", [20, 21])
def test_the_limit_itself_is_allowed(size: int) -> None:
    items, _ = parse([b"data: " + b"x" * (size - 6) + b"\n\n"], **LIMITS)
    assert bool(_limits(items)) == (size > 20)


def test_a_line_without_end_takes_no_memory() -> None:
    parser = EventStreamParser(max_line_bytes=100_000)
    piece = b"x" * 65536
    tracemalloc.start()
    try:
        found = [item for _ in range(1000) for item in parser.receive(piece)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert _limits(found) == [("line", 100_000)]
    assert peak < 2_000_000
    assert isinstance(parser.receive_eof()[-1], Tail)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    "piece", [b"data\n" * 1000, b"data:xy\n" * 1000, b": ping\n" * 1000, b"id: 7\nevent: e\n" * 500]
)
def test_a_frame_without_end_takes_no_memory(piece: bytes) -> None:
    parser = EventStreamParser(max_event_bytes=200_000)
    tracemalloc.start()
    try:
        for _ in range(150):
            parser.receive(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000


HOSTILE: dict[str, Callable[[int], list[bytes]]] = {
    "a big event byte by byte": lambda n: [b"data: ", *[b"x"] * n, b"\n\n"],
    "a long line in small pieces": lambda n: [b"data: ", *[b"x" * 40] * n],
    "CR and LF in turn": lambda n: [b"\r\n\n\r" * n],
    "mixed endings at once": lambda n: [b"data: a\n\ndata: b\r\rdata: c\r\n\r\n" * n],
    "lines without a colon": lambda n: [b"x\n" * n],
    "many data lines": lambda n: [b"data\n" * n],
    "a retry of digits": lambda n: [b"retry: " + b"1" * n + b"\n\n"],
    "odd frames among plain ones": lambda n: [b"data: a\n\n: x\nfoo\ndata: b\nretry: x\n\n" * n],
}


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear(name: str) -> None:
    """CPU time for eight times the bytes: 64 times if it were quadratic. The best of several, against noise."""

    def cost_ns(size: int) -> int:
        pieces = HOSTILE[name](size)
        best = 2**63
        for _ in range(3):
            start = time.process_time_ns()
            parse(pieces)
            best = min(best, time.process_time_ns() - start)
        return best

    ratios = []
    for _ in range(3):
        ratios.append(cost_ns(32_000) / max(1, cost_ns(4_000)))
        if ratios[-1] < 24:
            return
    pytest.fail(f"eight times the bytes took {min(ratios):.0f} times as long")
