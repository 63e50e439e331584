"""The classifier on streams that are made up: hops that hold, and wolves that only look like them."""

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.buffering import Diagnosis, Holding, Sureness, diagnose
from sseprobe.dialects import by_name
from sseprobe.proxy.base import Fault, RequestHead, ResponseHead, Send
from sseprobe.proxy.faults.coalesce import Coalesce
from sseprobe.proxy.faults.flush_timer import FlushTimer
from sseprobe.proxy.faults.hold import Hold
from sseprobe.proxy.faults.hold_all import HoldAll
from sseprobe.proxy.stack import Stack
from sseprobe.reception import Reception
from sseprobe.transcript import BodyEnd, Chunk, Clock, Head, Read, Request
from sseprobe.transcription import Transcript, transcript_of
from tests.support.openai import DONE, chunk

MS = 1_000_000
Arrivals = list[tuple[int, bytes]]
Hop = Callable[[], Fault]


def origin(
    events: int = 100, gap_ms: float = 20, *, jitter_ms: float = 0, together: int = 1, seed: int = 1, wait_ms: int = 100
) -> Arrivals:
    """A model: `together` tokens at a time, so that the rate is the same."""
    chance = random.Random(seed)
    made: Arrivals = []
    for number in range(events):
        at_ms = wait_ms + number // together * together * gap_ms + chance.random() * jitter_ms
        made.append((max(round(at_ms * MS), made[-1][0] if made else 0), chunk(f"word{chance.randrange(10**6)} ")))
    return [*made, (made[-1][0], chunk(None, finish="stop") + DONE)]


def through(arrivals: Arrivals, *hop: Hop, latency_ms: float = 0) -> Arrivals:
    """What comes out of a hop, and when."""
    stack = Stack([make() for make in hop])
    out: Arrivals = []

    def note(now_ns: int, sent: Sequence[object]) -> None:
        out.extend((round(now_ns + latency_ms * MS), each.data) for each in sent if isinstance(each, Send))

    def wake(until_ns: int) -> None:
        while stack.wake_ns is not None and stack.wake_ns <= until_ns:
            note(stack.wake_ns, stack.on_wake(stack.wake_ns))

    stack.on_request(RequestHead([], b"GET", b"/"), 0)
    stack.on_head(ResponseHead([(b"Content-Type", b"text/event-stream")], 200), 0)
    for at_ns, data in arrivals:
        wake(at_ns)
        note(at_ns, stack.on_body(data, at_ns))
    note(arrivals[-1][0], stack.on_end(arrivals[-1][0]))
    return out


def seen(arrivals: Arrivals, *, late_ms: int = 0, encoding: str | None = None) -> Transcript:
    """The transcript of a client. `late_ms`: for so long before each read it did something else."""
    headers = [("content-type", "text/event-stream"), *([("content-encoding", encoding)] if encoding else [])]
    head = Head(200, "OK", "1.1", headers, "http://x/v1/chat/completions", MS)
    reception = Reception(by_name("openai-chat"), content_type="text/event-stream", keep=True)
    chunks = []
    for index, (at_ns, data) in enumerate(arrivals):
        chunks.append(Chunk(data, Read(index, at_ns, Clock.KERNEL, late_ms * MS, late_ms * MS)))
        reception.receive(chunks[-1])
    reception.receive_eof()
    end_ns = arrivals[-1][0]
    return transcript_of(
        reception,
        chunks,
        request=Request("POST", "http://x/v1/chat/completions", []),
        head=head,
        body_end=BodyEnd.LAST_CHUNK,
        outcome=reception.finish(BodyEnd.LAST_CHUNK, end_ns),
        end_ns=end_ns,
    )


def beside(path: Arrivals, direct: Arrivals) -> Diagnosis:
    return diagnose(seen(path), seen(direct))


@settings(max_examples=40, deadline=None)
@given(size=st.integers(700, 5000), gap_ms=st.sampled_from([10, 20, 50]), jitter_ms=st.sampled_from([0, 5]))
def test_blocks_of_any_size(size: int, gap_ms: float, jitter_ms: float) -> None:
    made = origin(200, gap_ms, jitter_ms=jitter_ms)
    said = beside(through(made, lambda: Hold(size), latency_ms=30), made)
    if said.buffers is not None and said.kind is not Holding.NONE:
        assert (said.kind, said.block_bytes) == (Holding.BLOCK, size)
    if size >= 2000 and gap_ms >= 20:
        assert (said.buffers, said.sureness) == (True, Sureness.CERTAIN)


@settings(max_examples=30, deadline=None)
@given(timer_ms=st.integers(100, 600), armed=st.booleans(), jitter_ms=st.sampled_from([0, 4]))
def test_timers_of_any_length(timer_ms: int, armed: bool, jitter_ms: float) -> None:
    made = origin(200, 20, jitter_ms=jitter_ms)
    hop: Hop = (lambda: Coalesce(timer_ms)) if armed else (lambda: FlushTimer(timer_ms))
    said = beside(through(made, hop), made)
    assert (said.buffers, said.kind) == (True, Holding.TIMER)
    assert said.period_ms == pytest.approx(timer_ms, abs=30)


@pytest.mark.parametrize("gap_ms", [10, 50])
def test_the_whole_body(gap_ms: float) -> None:
    made = origin(60, gap_ms)
    said = beside(through(made, HoldAll), made)
    assert (said.buffers, said.kind, said.sureness) == (True, Holding.WHOLE_BODY, Sureness.CERTAIN)


def test_a_compressor_that_holds() -> None:
    made = origin()
    said = diagnose(seen(through(made, HoldAll), encoding="gzip"), seen(made))
    assert (said.buffers, said.kind) == (True, Holding.COMPRESSION)
    said = diagnose(seen(made, encoding="gzip"), seen(made))
    assert (said.buffers, said.kind) == (False, Holding.NONE)


def test_answers_that_differ_are_compared_by_their_shape() -> None:
    said = beside(through(origin(200, 20, seed=1), lambda: Hold(4096)), origin(200, 20, seed=2))
    assert (said.buffers, said.block_bytes) == (True, 4096)
    assert beside(origin(seed=1), origin(seed=2)).buffers is False


@pytest.mark.parametrize(
    ("path", "direct"),
    [
        (origin(together=4), origin(together=4)),
        (origin(together=10), origin(together=10)),
        (through(origin(), latency_ms=300), origin()),
        (origin(gap_ms=3), origin(gap_ms=3)),
        (origin(jitter_ms=15, seed=1), origin(jitter_ms=15, seed=1)),
        (through(origin(), lambda: Coalesce(40)), origin()),
    ],
    ids=["four at once", "ten at once", "a long way", "fast", "jitter", "delayed acknowledgements"],
)
def test_what_only_looks_like_a_proxy_is_none(path: Arrivals, direct: Arrivals) -> None:
    said = beside(path, direct)
    assert said.buffers is False, said.evidence


def hiccup(made: Arrivals, at: int, for_ms: int) -> Arrivals:
    """All that comes within a pause comes at its end."""
    over_ns = made[at][0] + for_ms * MS
    return [(max(at_ns, over_ns) if index >= at else at_ns, data) for index, (at_ns, data) in enumerate(made)]


@pytest.mark.parametrize("for_ms", [300, 1000])
def test_one_pause_on_the_way_is_no_buffer(for_ms: int) -> None:
    made = origin()
    assert beside(hiccup(made, 30, for_ms), made).buffers is not True


@pytest.mark.parametrize(
    ("path", "direct"),
    [(origin(5), origin(5)), (origin(19), origin(19)), (origin(60, 0), origin(60, 0))],
    ids=["five events", "nineteen", "a canned answer"],
)
def test_too_little_to_tell(path: Arrivals, direct: Arrivals) -> None:
    assert beside(path, direct).buffers is None


def test_where_we_were_late_the_bursts_may_be_ours() -> None:
    made = origin()
    assert diagnose(seen(through(made, lambda: Coalesce(205)), late_ms=200), seen(made)).buffers is None


class TestOnePath:
    def test_blocks_are_no_models_doing(self) -> None:
        said = diagnose(seen(through(origin(200), lambda: Hold(4096))))
        assert (said.buffers, said.block_bytes) == (True, 4096)

    def test_a_long_wait_and_then_all(self) -> None:
        said = diagnose(seen(through(origin(100), HoldAll)))
        assert (said.kind, said.sureness) == (Holding.WHOLE_BODY, Sureness.POSSIBLE)

    @pytest.mark.parametrize(
        "path",
        [
            origin(),
            origin(together=4),
            through(origin(), lambda: Coalesce(205)),
            origin(60, 0, wait_ms=300),
            hiccup(origin(), 30, 1000),
        ],
        ids=["healthy", "four at once", "a timer", "a canned answer", "a pause"],
    )
    def test_all_else_is_left_open(self, path: Arrivals) -> None:
        assert diagnose(seen(path)).buffers is None
