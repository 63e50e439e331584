"""Faults without sockets and without waiting: what they may not lose, and what each does on purpose."""

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.proxy.fault import Break, Close, End, Fault, Refuse, RequestHead, ResponseHead, Send
from sseprobe.proxy.fault_wrappers import When
from sseprobe.proxy.faults import parse_fault
from sseprobe.proxy.faults.client_abort import ClientAbort
from sseprobe.proxy.faults.coalesce import Coalesce
from sseprobe.proxy.faults.gzip import Gzip
from sseprobe.proxy.faults.half_close import HalfClose
from sseprobe.proxy.faults.heartbeat import COMMENT, Heartbeat
from sseprobe.proxy.faults.hold import Hold
from sseprobe.proxy.faults.hold_all import HoldAll
from sseprobe.proxy.faults.latency import Latency
from sseprobe.proxy.faults.slow import Rate
from sseprobe.proxy.pipeline import Output, Pipeline

MS = 1_000_000
S = 1_000 * MS
Factory = Callable[[], Fault]

LOSSLESS = [
    "hold:1", "hold:7", "hold:4096", "hold-all", "hold-head", "flush-every:30", "coalesce:205", "split:1", "split:3", "slow:50",
    "slow:1000", "latency:20", "latency:5~30", "stall:2", "stall:1@5", "first-byte-timeout:50000", "idle-timeout:50000",
    "total-timeout:50000", "max-bytes:100000", "strip:X-Y", "add:X-Y:z", "http10", "close-delimited",
    "client-abort:next-write", "client-abort:never", "half-close:ignore",
]  # fmt: skip
"""What loses nothing and adds nothing."""


def head(*headers: tuple[bytes, bytes]) -> ResponseHead:
    return ResponseHead([(b"Content-Type", b"text/event-stream"), *headers], 200, b"OK")


def request(method: bytes = b"POST") -> RequestHead:
    return RequestHead([(b"Host", b"x"), (b"Accept-Encoding", b"gzip, br")], method, b"/")


class Run:
    """Drives a pipeline along a clock of its own: wakes are kept on time."""

    def __init__(self, *faults: Factory, answer: ResponseHead | None = None, asked: RequestHead | None = None) -> None:
        self.pipeline = Pipeline([make() for make in faults])
        self.now_ns = 5 * S
        self.out: list[tuple[int, Output]] = []
        self._note(self.pipeline.on_request(asked or request(), self.now_ns))
        self._note(self.pipeline.on_head(answer or head(), self.now_ns))

    def wait(self, until_ns: int) -> "Run":
        while (wake_ns := self.pipeline.wake_ns) is not None and wake_ns <= until_ns:
            assert wake_ns > self.now_ns - 1, "a wake in the past would never end"
            self.now_ns = max(self.now_ns, wake_ns)
            self._note(self.pipeline.on_wake(self.now_ns))
        self.now_ns = max(self.now_ns, until_ns)
        return self

    def body(self, data: bytes, after_ns: int = 0) -> "Run":
        self.wait(self.now_ns + after_ns)
        self._note(self.pipeline.on_body(data, self.now_ns))
        return self

    def end(self) -> "Run":
        self._note(self.pipeline.on_end(self.now_ns))
        return self.wait(self.now_ns + 100_000 * S)

    def cut(self, how: Close = Close.FIN) -> "Run":
        self._note(self.pipeline.on_break(Break(how), self.now_ns))
        return self.wait(self.now_ns + 100_000 * S)

    def _note(self, out: Sequence[Output]) -> None:
        self.out += [(self.now_ns, each) for each in out]

    @property
    def sent(self) -> bytes:
        return b"".join(each.data for _, each in self.out if isinstance(each, Send))

    @property
    def kinds(self) -> list[str]:
        return [type(each).__name__ for _, each in self.out]

    @property
    def bursts(self) -> list[bytes]:
        """What was sent at one time."""
        times: dict[int, bytes] = {}
        for at_ns, each in self.out:
            if isinstance(each, Send):
                times[at_ns] = times.get(at_ns, b"") + each.data
        return list(times.values())


pieces = st.lists(st.tuples(st.binary(min_size=1, max_size=60), st.integers(0, 400 * MS)), max_size=30)
stacks = st.lists(st.sampled_from(LOSSLESS), max_size=5)


@settings(max_examples=300, deadline=None)
@given(specs=stacks, body=pieces)
def test_nothing_is_lost_by_any_stack_of_faults_that_mean_no_harm(
    specs: list[str], body: list[tuple[bytes, int]]
) -> None:
    run = Run(*map(parse_fault, specs))
    for data, after_ns in body:
        run.body(data, after_ns)
    run.end()
    assert run.sent == b"".join(data for data, _ in body)
    assert run.kinds[0] == "ResponseHead"
    assert run.kinds[-1] == "End"
    assert set(run.kinds[1:-1]) <= {"Send"}


@settings(max_examples=100, deadline=None)
@given(specs=stacks, body=pieces)
def test_a_cut_brings_what_is_held_and_then_the_cut(specs: list[str], body: list[tuple[bytes, int]]) -> None:
    run = Run(*map(parse_fault, specs))
    for data, after_ns in body:
        run.body(data, after_ns)
    run.cut(Close.RST)
    assert run.sent == b"".join(data for data, _ in body)
    assert run.out[-1][1] == Break(Close.RST)


@settings(max_examples=100, deadline=None)
@given(body=pieces, mode=st.sampled_from(["gzip", "gzip:sync", "gzip:blocked"]), more=stacks)
def test_compression_gives_back_what_it_got(body: list[tuple[bytes, int]], mode: str, more: list[str]) -> None:
    run = Run(*map(parse_fault, [mode, *more]))
    for data, after_ns in body:
        run.body(data, after_ns)
    run.end()
    assert zlib.decompress(run.sent, 31) == b"".join(data for data, _ in body)


@settings(max_examples=100, deadline=None)
@given(body=pieces, after=st.integers(1, 300), spec=st.sampled_from(["eof-after", "rst-after"]), before=stacks)
def test_a_truncation_loses_exactly_what_it_means_to(
    body: list[tuple[bytes, int]], after: int, spec: str, before: list[str]
) -> None:
    run = Run(*map(parse_fault, [*before, f"{spec}:{after}"]))
    for data, after_ns in body:
        run.body(data, after_ns)
    run.end()
    whole = b"".join(data for data, _ in body)
    assert run.sent == whole[:after]
    assert run.kinds[-1] == ("Break" if len(whole) >= after else "End")


EVENTS = [b"data: %d\n\n" % number for number in range(5)]


@settings(max_examples=200, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 60), max_size=8),
    newline=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    number=st.integers(1, 7),
)
def test_one_event_comes_twice_and_no_other(cuts: list[int], newline: bytes, number: int) -> None:
    events = [event.replace(b"\n", newline) for event in EVENTS]
    body = b"".join(events)
    run = Run(parse_fault(f"dup-event:{number}"))
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    for start, end in pairwise(edges):
        run.body(body[start:end])
    run.end()
    came = run.sent
    expected = [b"0", b"1", b"2", b"3", b"4"]
    if number <= 5:
        expected.insert(number, b"%d" % (number - 1))
    assert [line[6:] for line in came.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n") if line] == expected


@settings(max_examples=100, deadline=None)
@given(by=st.integers(1, 20), number=st.integers(1, 5))
def test_one_event_is_damaged_and_no_other(by: int, number: int) -> None:
    run = Run(parse_fault(f"bad-utf8:{number}"))
    body = b"".join(EVENTS)
    for start in range(0, len(body), by):
        run.body(body[start : start + by])
    run.end()
    assert run.sent.count(b"\xff") == 1
    assert run.sent.replace(b"\xff", b"") == body
    assert b"\xff" in run.sent.split(b"\n\n")[number - 1]


class TestHolding:
    def test_blocks_of_a_size(self) -> None:
        run = Run(lambda: Hold(10)).body(b"a" * 25)
        assert run.bursts == [b"a" * 20]
        assert run.wait(6 * S).end().bursts == [b"a" * 20, b"a" * 5]

    def test_the_head_takes_room_in_the_first_block(self) -> None:
        run = Run(lambda: Hold(100, with_head=True))
        room = 100 - len(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        run.body(b"a" * (room - 1))
        assert run.kinds == []
        run.body(b"b" * 101)
        assert [len(each.data) for _, each in run.out if isinstance(each, Send)] == [room, 100]

    def test_nothing_before_the_end(self) -> None:
        run = Run(HoldAll).body(b"a").body(b"b", 60 * S)
        assert run.out == []
        assert run.end().kinds == ["ResponseHead", "Send", "End"]

    def test_a_kernel_that_waits_for_more(self) -> None:
        """HAProxy: an event every 50 ms comes in bursts of five, the head with the first."""
        run = Run(lambda: Coalesce(205))
        for number in range(20):
            run.body(b"%02d" % number, 50 * MS if number else 0)
        run.end()
        assert [len(burst) // 2 for burst in run.bursts] == [5, 5, 5, 5]
        assert run.out[0][0] == 5 * S + 205 * MS

    def test_the_head_waits_no_longer_than_anything(self) -> None:
        run = Run(lambda: Coalesce(205)).wait(6 * S)
        assert run.out[0][0] == 5 * S + 205 * MS
        assert run.kinds == ["ResponseHead"]

    def test_full_segments_wait_for_nothing(self) -> None:
        run = Run(lambda: Coalesce(205, segment_bytes=10)).body(b"a" * 25)
        assert run.sent == b"a" * 20
        run.wait(6 * S)
        assert run.sent == b"a" * 25

    def test_a_clock_ticks_whatever_comes(self) -> None:
        run = Run(parse_fault("flush-every:100"))
        run.body(b"a", 30 * MS).body(b"b", 20 * MS).body(b"c", 60 * MS).wait(6 * S)
        assert [(at_ns - 5 * S) // MS for at_ns, each in run.out if isinstance(each, Send)] == [100, 200]
        assert run.bursts == [b"ab", b"c"]

    def test_a_narrow_line_has_its_rate(self) -> None:
        run = Run(lambda: Rate(1000)).body(b"a" * 500).wait(5 * S + 250 * MS)
        assert 200 <= len(run.sent) <= 250
        run.wait(5 * S + 520 * MS)
        assert len(run.sent) == 500
        assert run.kinds[-1] == "Send"

    def test_it_is_wide_at_first(self) -> None:
        run = Run(lambda: Rate(1, after_bytes=100)).body(b"a" * 101)
        assert len(run.sent) == 100

    def test_latency_keeps_the_order(self) -> None:
        run = Run(lambda: Latency(10, 500, seed=3))
        for number in range(9):
            run.body(b"%d" % number, MS)
        run.end()
        assert run.sent == b"012345678"
        assert run.out[0][0] >= 5 * S + 10 * MS


class TestLimits:
    @pytest.mark.parametrize(
        ("spec", "after_s"), [("first-byte-timeout:2", 2), ("idle-timeout:3", 3), ("total-timeout:4", 4)]
    )
    def test_without_an_answer_the_hop_answers(self, spec: str, after_s: int) -> None:
        pipeline = Pipeline([parse_fault(spec)()])
        pipeline.on_request(request(), 0)
        assert pipeline.wake_ns == after_s * S
        [refusal] = pipeline.on_wake(after_s * S)
        assert isinstance(refusal, Refuse)
        assert refusal.status == 504
        assert pipeline.on_head(head(), 9 * S) == []

    @pytest.mark.parametrize(("ending", "how"), [("", Close.FIN), (",eof", Close.FIN), (",rst", Close.RST)])
    def test_silence_in_mid_stream_is_cut(self, ending: str, how: Close) -> None:
        run = Run(parse_fault(f"idle-timeout:2{ending}")).body(b"a", S).body(b"b", S).wait(100 * S)
        assert run.sent == b"ab"
        assert run.out[-1] == (9 * S, Break(how))

    def test_what_is_held_goes_before_the_cut(self) -> None:
        run = Run(parse_fault("idle-timeout:2"), HoldAll).body(b"held").wait(100 * S)
        assert isinstance(run.out[-1][1], Refuse), "no head has gone: the hop can still answer"
        run = Run(parse_fault("idle-timeout:2,eof"), HoldAll).body(b"held").wait(100 * S)
        assert run.kinds == ["ResponseHead", "Send", "Break"]

    def test_a_first_byte_in_time_is_all_it_asks(self) -> None:
        run = Run(parse_fault("first-byte-timeout:2")).wait(1000 * S).body(b"a").end()
        assert run.kinds == ["ResponseHead", "Send", "End"]

    def test_a_long_answer_is_cut_however_lively(self) -> None:
        run = Run(parse_fault("total-timeout:3"))
        for _ in range(20):
            run.body(b".", S // 2)
        assert run.out[-1] == (8 * S, Break(Close.FIN))
        assert len(run.sent) <= 6

    def test_bodies_over_a_size(self) -> None:
        run = Run(parse_fault("max-bytes:5")).body(b"abc").body(b"defg")
        assert (run.sent, run.kinds[-1]) == (b"abcde", "Break")


class TestHeartbeats:
    def test_only_between_events_and_only_in_silence(self) -> None:
        run = Run(lambda: Heartbeat(1)).body(b"data: a\n\n").wait(7 * S)
        assert run.sent == b"data: a\n\n" + 2 * COMMENT
        run.body(b"data: ").wait(20 * S)
        assert run.sent.endswith(COMMENT + b"data: ")
        run.body(b"b\n\n", S // 2).wait(21 * S + S // 2)
        assert run.sent.endswith(b"data: b\n\n" + COMMENT)

    @pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
    def test_other_line_ends(self, newline: bytes) -> None:
        run = Run(lambda: Heartbeat(1)).body(b"data: a" + newline).wait(7 * S)
        assert run.sent.count(COMMENT) == 0
        run.body(newline).wait(8 * S)
        assert run.sent.count(COMMENT) == 1

    @pytest.mark.parametrize(
        "answer",
        [
            head((b"Content-Length", b"9")),
            head((b"Content-Encoding", b"gzip")),
            ResponseHead([(b"Content-Type", b"application/json")], 200),
        ],
        ids=["length", "encoded", "json"],
    )
    def test_nowhere_else(self, answer: ResponseHead) -> None:
        assert Run(lambda: Heartbeat(1), answer=answer).body(b"{}").wait(60 * S).sent == b"{}"


class TestConditions:
    @pytest.mark.parametrize(
        ("conditions", "answer", "method", "acts"),
        [
            ({"honour_xab": True}, head((b"x-accel-buffering", b"No")), b"GET", False),
            ({"honour_xab": True}, head((b"X-Accel-Buffering", b"yes")), b"GET", True),
            ({}, head((b"X-Accel-Buffering", b"no")), b"GET", True),
            ({"honour_no_transform": True}, head((b"Cache-Control", b"no-cache, no-transform")), b"GET", False),
            ({"honour_no_transform": True}, head((b"Cache-Control", b"no-cache")), b"GET", True),
            ({"only_types": (b"text/event-stream",)}, head(), b"GET", False),
            ({"only_types": (b"text/plain",)}, head(), b"GET", True),
            ({"methods": (b"GET",)}, head(), b"GET", True),
            ({"methods": (b"GET",)}, head(), b"POST", False),
        ],
    )
    def test_a_hop_honours_what_real_ones_do(
        self, conditions: dict[str, object], answer: ResponseHead, method: bytes, acts: bool
    ) -> None:
        run = Run(lambda: When(HoldAll(), **conditions), answer=answer, asked=request(method)).body(b"a")  # type: ignore[arg-type]
        assert run.sent == (b"" if acts else b"a")
        assert run.kinds == ([] if acts else ["ResponseHead", "Send"])
        assert run.end().sent == b"a"

    def test_compression_asks_first(self) -> None:
        plain = RequestHead([], b"GET", b"/")
        assert Run(Gzip, asked=plain).body(b"a").end().sent == b"a"
        encoded = head((b"Content-Encoding", b"br"))
        assert Run(Gzip, answer=encoded).body(b"a").end().sent == b"a"
        answer = head((b"Content-Length", b"1"))
        Run(Gzip, answer=answer)
        assert answer.header(b"content-length") is None
        assert (answer.header(b"content-encoding"), answer.header(b"vary")) == (b"gzip", b"Accept-Encoding")

    def test_who_leaves_and_who_hears_of_it(self) -> None:
        assert Pipeline([ClientAbort("next-write")]).reads_client is False
        assert Pipeline([ClientAbort("at-once")]).reads_client is True
        assert Pipeline([ClientAbort("never")]).closes_upstream_on(Close.RST) is False
        assert Pipeline([HalfClose("ignore")]).closes_upstream_on(Close.FIN) is False
        assert Pipeline([HalfClose("ignore")]).closes_upstream_on(Close.RST) is True


def test_an_error_page_comes_amidst_the_body() -> None:
    run = Run(parse_fault("502-html-midway:4")).body(b"data: a\n\n").body(b"data: b\n\n")
    assert run.sent.startswith(b"data<html>")
    assert run.kinds[-1] == "End"


def test_line_ends_and_the_mark() -> None:
    assert Run(parse_fault("crlf")).body(b"a\nb\r\nc\r").body(b"\n\n").sent == b"a\r\nb\r\nc\r\n\r\n"
    assert Run(parse_fault("cr")).body(b"a\n\n").sent == b"a\r\r"
    assert Run(parse_fault("bom")).body(b"a").body(b"b").sent == b"\xef\xbb\xbfab"


def test_after_an_end_nothing_comes() -> None:
    run = Run(parse_fault("eof-after:3")).body(b"abcdef").body(b"ghi").end()
    assert run.kinds == ["ResponseHead", "Send", "Break"]
    assert run.out[-1][1] == Break(Close.FIN)
    assert End() not in [each for _, each in run.out]
