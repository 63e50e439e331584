"""What is counted of a stream: events and content per read, ends, and what an answer lacks."""

from sseprobe import dialects
from sseprobe.dialects.base import Delta, DeltaKind
from sseprobe.http_exchange import Clock, Read
from sseprobe.sse import Comment
from sseprobe.sse.framing import Framing
from sseprobe.streams.recognition import Recognition
from sseprobe.streams.tally import StreamTally

TEXT = Delta(DeltaKind.TEXT, "a")


def tally(dialect: str = "openai-chat") -> StreamTally:
    return StreamTally(Recognition(dialects.by_name(dialect), Framing.SSE, named=True), 5)


def read(index: int) -> Read:
    return Read(index, 1000 * (index + 1), Clock.KERNEL, 0, 0)


def test_events_and_content_are_counted_for_the_read_that_completed_them() -> None:
    counts = tally()
    counts.add_event((TEXT, TEXT))
    counts.add_event(())
    counts.add_read(read(0))
    counts.add_event((TEXT,))
    counts.add_read(read(1))
    counts.meter.settle()
    assert (counts.content_deltas, counts.meter.events, counts.meter.content_events) == (3, 3, 2)
    assert (counts.meter.ttfb_ns, counts.meter.ttft_ns, counts.meter.itl.percentile(50)) == (5, 1000, 1000)


def test_an_end_before_more_content_in_one_read_does_not_end_it() -> None:
    counts = tally()
    counts.add_event((Delta(DeltaKind.END),))
    counts.add_event((TEXT,))
    counts.add_read(read(0))
    assert (counts.ended, counts.meter.content_end_ns) == (True, None)
    counts.add_event((Delta(DeltaKind.END),))
    counts.add_read(read(1))
    assert counts.meter.content_end_ns == 2000


def test_a_finish_ends_where_the_dialect_ends_by_it() -> None:
    ends = []
    for dialect in ("gemini", "openai-chat"):
        counts = tally(dialect)
        counts.add_event((Delta(DeltaKind.OPEN), TEXT, Delta(DeltaKind.FINISH, "STOP")))
        counts.add_read(read(0))
        ends.append(counts.meter.content_end_ns)
    assert ends == [1000, None]


def test_the_first_incomplete_choice_is_named_and_a_finish_of_no_choice_is_dropped() -> None:
    counts = tally()
    for choice in (2, 1):
        finish = Delta(DeltaKind.FINISH, "length", choice=choice, incomplete=f"length of {choice}")
        counts.add_event((Delta(DeltaKind.OPEN, choice=choice), finish))
    counts.add_event((Delta(DeltaKind.FINISH, "stop", choice=7),))
    assert (counts.incomplete, counts.finish_reasons) == ("length of 1", {2: "length", 1: "length"})


def test_items_that_are_no_events_and_unknown_events_are_counted() -> None:
    counts = tally()
    counts.add_item(Comment("ping", 0, 6))
    for number in range(7):
        counts.add_event((Delta(DeltaKind.UNKNOWN, type=f"t{number}"),))
    assert (counts.comments, counts.unknown_events, list(counts.unknown_types)) == (
        1,
        7,
        ["t0", "t1", "t2", "t3", "t4"],
    )
