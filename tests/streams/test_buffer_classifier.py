"""The classifier on streams that are made up: hops that hold, and wolves that only look like them."""

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.dialects import by_name
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Head, Read, Request
from sseprobe.proxy.fault import Fault, RequestHead, ResponseHead, Send
from sseprobe.proxy.faults.coalesce import Coalesce
from sseprobe.proxy.faults.flush_timer import FlushTimer
from sseprobe.proxy.faults.hold import Hold
from sseprobe.proxy.faults.hold_all import HoldAll
from sseprobe.proxy.pipeline import Pipeline
from sseprobe.rules import RuleVerdict, all_rules, judge
from sseprobe.streams.buffer_classifier import Confidence, Diagnosis, Holding, came_at_once, diagnose
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.transcript import Transcript, transcript_of
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
    stack = Pipeline([make() for make in hop])
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
    decoder = StreamDecoder(by_name("openai-chat"), keep=True)
    chunks = []
    for index, (at_ns, data) in enumerate(arrivals):
        chunks.append(Chunk(data, Read(index, at_ns, Clock.KERNEL, late_ms * MS, late_ms * MS)))
        decoder.receive(chunks[-1])
    decoder.receive_eof()
    end_ns = arrivals[-1][0]
    return transcript_of(
        decoder,
        chunks,
        request=Request("POST", "http://x/v1/chat/completions", []),
        head=head,
        body_end=BodyEnd.LAST_CHUNK,
        outcome=decoder.finish(BodyEnd.LAST_CHUNK, end_ns),
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
        assert (said.buffers, said.confidence) == (True, Confidence.CERTAIN)


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
    assert (said.buffers, said.kind, said.confidence) == (True, Holding.WHOLE_BODY, Confidence.CERTAIN)


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


def pieces(made: Arrivals, sizes: Sequence[int], *, every_ms: float, after_ms: float = 100) -> Arrivals:
    """The body cut into these sizes, over and over; one piece after the other."""
    body = b"".join(data for _, data in made)
    cut: Arrivals = []
    while body:
        size = sizes[len(cut) % len(sizes)]
        cut.append((round((after_ms + len(cut) * every_ms) * MS), body[:size]))
        body = body[size:]
    return cut


def lumps(made: Arrivals, at_ms: Sequence[float]) -> Arrivals:
    """What comes waits for the next of these times, or for the end."""
    times = [round(each * MS) for each in at_ms]
    return [(min((each for each in times if each >= at_ns), default=made[-1][0]), data) for at_ns, data in made]


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


class TestBesideTheDirectPath:
    def test_a_whole_body_takes_its_time_on_a_long_way(self) -> None:
        made = origin(200)
        over_ns = made[-1][0]
        path = [(over_ns + number * MS, data) for number, (_, data) in enumerate(made)]
        said = beside(path, made)
        assert (said.kind, said.confidence) == (Holding.WHOLE_BODY, Confidence.CERTAIN)
        assert said.evidence[0].startswith("200 events came within 199 ms")

    def test_a_quick_answer_after_a_long_wait_is_no_whole_body(self) -> None:
        """Both paths: 50 s for the prompt, then 40 tokens within 0.8 s; other words in each."""
        assert beside(origin(40, wait_ms=50_000, seed=1), origin(40, wait_ms=50_000, seed=2)).buffers is False

    def test_an_answer_that_is_quicker_than_the_direct_one_is_no_whole_body(self) -> None:
        assert beside(origin(60, 1, seed=1), origin(60, 20, seed=2)).kind is not Holding.WHOLE_BODY

    def test_a_short_answer_that_is_held_is_likely_held(self) -> None:
        made = origin(20, 20)
        said = beside(through(made, HoldAll), made)
        assert (said.kind, said.confidence) == (Holding.WHOLE_BODY, Confidence.LIKELY)

    @pytest.mark.parametrize(("blocks", "sure"), [(2, Confidence.LIKELY), (3, Confidence.CERTAIN)])
    def test_few_blocks_are_less_sure(self, blocks: int, sure: Confidence) -> None:
        made = origin(60)
        size = sum(len(data) for _, data in made) // blocks - 100
        path = pieces(made, [size], every_ms=500)
        assert len(path) == blocks + 1
        said = beside(path, made)
        assert (said.kind, said.confidence) == (Holding.BLOCK, sure)
        assert diagnose(seen(path)).buffers is (True if sure is Confidence.CERTAIN else None)

    @pytest.mark.parametrize("first", [50, 900, 3000])
    def test_the_first_block_may_have_another_size(self, first: int) -> None:
        made = origin(60)
        path = pieces(made, [first, *[2000] * 20], every_ms=300)
        said = beside(path, made)
        assert (said.kind, said.block_bytes) == (Holding.BLOCK, 2000)
        assert said.evidence[0].startswith(f"{len(path) - 2} bursts")

    @pytest.mark.parametrize(
        "sizes", [[400], [4000, 4400, 3700], [2000, 4000, 8000, 16000]], ids=["tiny", "of any size", "growing"]
    )
    def test_what_is_no_block(self, sizes: list[int]) -> None:
        made = origin(200)
        assert beside(pieces(made, sizes, every_ms=200), made).kind is not Holding.BLOCK

    def test_large_events_fill_several_blocks(self) -> None:
        made = origin(200)
        said = beside(pieces(made, [4096] * 5 + [8192], every_ms=200), made)
        assert (said.kind, said.block_bytes) == (Holding.BLOCK, 4096)

    def test_a_timer_keeps_time(self) -> None:
        made = origin(100)
        regular, irregular = (lumps(made, each) for each in (range(0, 2400, 200), [150, 700, 850, 1500, 1600, 2200]))
        assert beside(regular, made).kind is Holding.TIMER
        said = beside(irregular, made)
        assert (said.kind, said.buffers, said.confidence) == (Holding.BURSTS, True, Confidence.POSSIBLE)

    def test_a_timer_cuts_no_event_in_two(self) -> None:
        """Small blocks: that the path buffers is plain, how is not."""
        made = origin(100, 100)
        said = beside(pieces(made, [450], every_ms=230, after_ms=330), made)
        assert (said.kind, said.buffers, said.confidence) == (Holding.UNKNOWN, True, Confidence.LIKELY)

    def test_the_last_burst_of_a_timer_comes_when_the_stream_ends(self) -> None:
        made = origin(70)
        said = beside(lumps(made, [200, 600, 1000, 1400]), made)
        assert (said.kind, said.confidence) == (Holding.TIMER, Confidence.CERTAIN)
        assert said.period_ms == pytest.approx(400, abs=30)

    def test_lumps_that_keep_no_time_are_lumps(self) -> None:
        made = origin(45)
        assert beside(lumps(made, [200, 500, 800]), made).kind is Holding.BURSTS

    def test_lumps_of_another_answer_must_be_far_larger(self) -> None:
        made = origin(100, seed=2)
        irregular = [150, 700, 850, 1500, 1600, 2200]
        assert beside(lumps(origin(100, seed=1), irregular), made).kind is Holding.BURSTS
        pairs = [150 + 45 * n + (n * 37 % 30) for n in range(50)]
        assert beside(lumps(origin(100, seed=1), pairs), made).kind is not Holding.BURSTS

    @pytest.mark.parametrize("events", [26, 30, 40])
    def test_a_short_answer_fills_one_buffer(self, events: int) -> None:
        """nginx: 4,096 bytes with the answer's head in them, and the rest at the end."""
        made = origin(events, 50, seed=1)
        size = sum(len(data) for _, data in made)
        block = 1 << (size.bit_length() - 1)
        for other in (made, origin(events, 50, seed=2)):
            said = beside(through(made, lambda: Hold(block)), other)
            assert (said.kind, said.confidence, said.block_bytes) == (Holding.BLOCK, Confidence.LIKELY, block)

    def test_two_full_blocks_are_evidence_though_the_answers_differ(self) -> None:
        made = origin(50, 50, seed=1)
        size = sum(len(data) for _, data in made)
        said = beside(through(made, lambda: Hold(size * 2 // 5)), origin(50, 50, seed=2))
        assert (said.kind, said.confidence) == (Holding.BLOCK, Confidence.LIKELY)

    @pytest.mark.parametrize("seed", range(8))
    def test_irregular_models_are_no_lumps(self, seed: int) -> None:
        """Jitter, tokens by twos, and a pause for a tool: on both paths, in answers that differ."""

        def model(which: int) -> Arrivals:
            made = origin(80, 25, jitter_ms=60, together=1 + seed % 2, seed=2 * seed + which)
            return [
                (at_ns + (1500 * MS if number > 30 + 10 * which else 0), data)
                for number, (at_ns, data) in enumerate(made)
            ]

        assert beside(model(0), model(1)).buffers is not True

    def test_a_timer_without_the_same_answer_is_likely(self) -> None:
        said = beside(through(origin(200, seed=1), lambda: FlushTimer(300)), origin(200, seed=2))
        assert (said.kind, said.confidence) == (Holding.TIMER, Confidence.LIKELY)

    def test_bursts_of_one_event_are_no_timer(self) -> None:
        """A slower model, as the other path may have: as regular as a timer, and nothing gathered."""
        said = beside(origin(40, 200, seed=1), origin(40, 20, seed=2))
        assert said.kind is Holding.NONE

    def test_a_model_that_makes_as_many_at_once_on_the_direct_path_is_no_timer(self) -> None:
        said = beside(origin(80, 50, together=4, seed=1), origin(80, 20, together=4, seed=2))
        assert said.kind is Holding.NONE

    def test_answers_of_the_same_length_are_not_the_same(self) -> None:
        """The other answer is slower by itself: no event is late."""
        assert beside(origin(60, 40, seed=1), origin(60, 20, seed=2)).kind is Holding.NONE


class TestOnePath:
    def test_a_steady_model_keeps_time_without_gathering(self) -> None:
        assert diagnose(seen(origin())).evidence[0].startswith("no pattern that only a buffer causes")

    def test_a_whole_body_may_take_a_moment(self) -> None:
        made = origin(1000, 14)
        over_ns = made[-1][0]
        path = seen([(over_ns + number * MS // 10, data) for number, (_, data) in enumerate(made)])
        assert came_at_once(path)
        assert diagnose(path).kind is Holding.WHOLE_BODY

    def test_a_quick_answer_after_a_long_wait_is_left_open(self) -> None:
        path = seen(origin(40, wait_ms=50_000))
        assert not came_at_once(path)
        assert diagnose(path).buffers is None

    def test_a_whole_body_that_we_may_have_gathered_is_left_open(self) -> None:
        said = diagnose(seen(through(origin(), HoldAll), late_ms=400))
        assert said.buffers is None
        assert "read late" in said.evidence[0]

    def test_who_read_a_little_late_did_not_gather_what_was_long_waited_for(self) -> None:
        made = through(origin(100, 50), HoldAll)
        assert diagnose(seen(made, late_ms=100)).kind is Holding.WHOLE_BODY

    @pytest.mark.parametrize("every_ms", [3, 30])
    def test_an_answer_sent_at_once_comes_in_pieces_of_one_size(self, every_ms: float) -> None:
        """TLS records, or what one read takes."""
        assert diagnose(seen(pieces(origin(2000, 0), [16384], every_ms=every_ms))).buffers is None

    def test_pieces_that_we_read_late_may_be_of_our_making(self) -> None:
        made = through(origin(200), lambda: Hold(4096))
        assert diagnose(seen(made, late_ms=200)).buffers is None

    def test_blocks_are_no_models_doing(self) -> None:
        said = diagnose(seen(through(origin(200), lambda: Hold(4096))))
        assert (said.buffers, said.block_bytes) == (True, 4096)

    def test_a_long_wait_and_then_all(self) -> None:
        said = diagnose(seen(through(origin(100), HoldAll)))
        assert (said.kind, said.confidence) == (Holding.WHOLE_BODY, Confidence.POSSIBLE)

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

    @pytest.mark.parametrize(
        ("late_ms", "verdict"), [(0, RuleVerdict.FAIL), (200, RuleVerdict.INCONCLUSIVE)], ids=["in time", "late"]
    )
    def test_what_the_rule_says_of_pieces(self, late_ms: int, verdict: RuleVerdict) -> None:
        rule = next(each for each in all_rules() if each.id == "BUF002")
        made = through(origin(200), lambda: Hold(4096))
        assert judge(rule, seen(made, late_ms=late_ms)).verdict is verdict
