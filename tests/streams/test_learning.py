"""What several streams of one app show together: which end mark all of them should have."""

from typing import Any

import pytest

from sseprobe.dialects import by_name
from sseprobe.dialects.own.convention import Convention, done_when
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Ending, Head, Read, Request
from sseprobe.sse.framing import Framing
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.learning import final_marks, learn_together
from sseprobe.streams.transcript import Transcript, read, transcript_of
from tests.support.openai import good
from tests.support.own_bodies import DONE, USAGE, WORDS, sse, tokens

REQUEST = Request("POST", "http://localhost/chat", [])
HEAD = Head(200, "OK", "1.1", [("content-type", "text/event-stream")], "http://localhost/chat", 0)


def stream(
    *events: bytes, dialect: Any = None, end: BodyEnd = BodyEnd.LAST_CHUNK, framing: Framing = Framing.SSE
) -> Transcript:
    """A stream of these events, each in a read of its own."""
    chunks = [Chunk(each, Read(n, n * 1000, Clock.KERNEL, 0, 0)) for n, each in enumerate(events)]
    decoder = read(chunks, StreamDecoder(dialect, framing=framing, keep=True), HEAD)
    outcome = decoder.finish(end, 10_000)
    return transcript_of(decoder, chunks, request=REQUEST, head=HEAD, body_end=end, outcome=outcome, end_ns=10_000)


def endings(streams: list[Transcript], **options: int) -> list[Ending | None]:
    """How these streams end, once they are read by what they show together."""
    dialect = learn_together(streams, **options)
    assert dialect is not None
    return [stream(*(chunk.data for chunk in each.chunks), dialect=dialect).ending for each in streams]


TOKENS = tokens()
CUT = TOKENS[:4]
FLAG = sse({"token": "", "done": True})
END = sse({}, "end")
TITLE = sse({"type": "title", "title": "The lamp"})
LITERAL = sse({"id": 7})
C, T = Ending.COMPLETE, Ending.TRUNCATED


@pytest.mark.parametrize(
    ("streams", "expected", "marks", "alike"),
    [
        ([[*TOKENS, DONE], [*TOKENS, DONE], CUT], [C, C, T], ["[DONE]"], 2),
        ([[*TOKENS, DONE]] * 3, [C, C, C], ["[DONE]"], 3),
        ([CUT, [*TOKENS, DONE], [*TOKENS, DONE]], [T, C, C], ["[DONE]"], 2),
        ([[*TOKENS, FLAG], [*TOKENS, FLAG], CUT], [C, C, T], ["/done = true"], 2),
        ([[*TOKENS, END], [*TOKENS, END], CUT], [C, C, T], ["end"], 2),
        # One stream alone is never failed, nor one of two.
        ([[*TOKENS, DONE], CUT, CUT], [C, C, C], [], 0),
        ([[*TOKENS, DONE], CUT], [C, C], [], 0),
        ([CUT], [C], [], 0),
        ([TOKENS] * 3, [C, C, C], [], 0),
        # What comes behind the mark in some of them.
        ([[*TOKENS, DONE, USAGE], [*TOKENS, DONE], CUT], [C, C, T], ["[DONE]"], 2),
        ([[*TOKENS, DONE, TITLE], [*TOKENS, TITLE, DONE], [*TOKENS, TITLE]], [C, C, T], ["[DONE]"], 2),
        ([[*TOKENS, USAGE], [*TOKENS, TITLE], TOKENS], [C, C, C], [], 0),
        # Several marks: one of those that came is enough.
        ([[*TOKENS, FLAG, DONE], [*TOKENS, DONE], CUT], [C, C, T], ["/done = true", "[DONE]"], 2),
        ([[*TOKENS, FLAG, DONE]] * 2 + [[*TOKENS, FLAG]], [C, C, C], ["/done = true", "[DONE]"], 3),
        ([[*TOKENS, FLAG]] * 2 + [[*TOKENS, DONE]], [C, C, C], ["/done = true", "[DONE]"], 2),
        ([[*TOKENS, FLAG], [*TOKENS, DONE], CUT], [C, C, C], [], 0),
        # A mark that comes before the last text as well ends nothing.
        ([[END, *TOKENS, END], [END, *TOKENS, END], [END, *CUT]], [C, C, C], [], 0),
        ([[*TOKENS[:4], DONE, *TOKENS[4:]]] * 2 + [CUT], [C, C, C], [], 0),
        # Nobody's mark, but the last data of all that ended: it says nothing else, and comes nowhere before.
        ([[*TOKENS, LITERAL], [*TOKENS, LITERAL], CUT], [C, C, T], ["event with id"], 2),
        ([[*TOKENS, LITERAL], [*TOKENS, LITERAL], [*TOKENS, *TOKENS]], [C, C, C], [], 0),  # longer: it lacks nothing
        ([[*TOKENS, LITERAL], CUT, CUT], [C, C, C], [], 0),
        ([[LITERAL, *TOKENS, LITERAL]] * 2 + [CUT], [C, C, C], [], 0),
        ([[*TOKENS, LITERAL], [*TOKENS, sse({"id": 8})], CUT], [C, C, T], ["event with id"], 2),
        ([[*TOKENS, LITERAL, TITLE], [*TOKENS, LITERAL], CUT], [C, C, C], [], 0),
        ([[*TOKENS, USAGE], [*TOKENS, USAGE], CUT], [C, C, T], ["event with usage"], 2),
        ([TOKENS, TOKENS, CUT], [C, C, C], [], 0),  # text is no mark
        ([[LITERAL]] * 3, [C, C, C], [], 0),  # nothing before it
        # A finish reason, whichever it is.
        (
            [[*TOKENS, sse({"finish_reason": reason})] for reason in ("stop", "length")] + [CUT],
            [C, C, T],
            ["/finish_reason"],
            2,
        ),
        # In the last event with text.
        ([[*TOKENS[:-1], sse({"token": " night.", "done": True})]] * 2 + [CUT], [C, C, T], ["/done = true"], 2),
    ],
)  # fmt: skip
def test_streams_together(streams: list[list[bytes]], expected: list[Ending], marks: list[str], alike: int) -> None:
    transcripts = [stream(*events) for events in streams]
    assert all(each.ending is C for each in transcripts)
    dialect = learn_together(transcripts)
    assert dialect is not None
    assert dialect.event_format is not None
    assert (sorted(mark.words for mark in dialect.event_format.given.done), dialect.event_format.ended_alike) == (
        marks,
        alike,
    )
    assert endings(transcripts) == expected


def test_the_sentence_tells_what_the_others_did() -> None:
    streams = [stream(*TOKENS, DONE), stream(*TOKENS, DONE), stream(*CUT)]
    cut = stream(*CUT, dialect=learn_together(streams))
    assert cut.outcome is not None
    assert cut.outcome.reason == (
        "the body ended without the end mark [DONE], with which 2 streams of the same request ended"
    )


@pytest.mark.parametrize(("enough", "expected"), [(1, [C, T, T]), (2, [C, C, C])])
def test_how_many_are_enough_can_be_said(enough: int, expected: list[Ending]) -> None:
    streams = [stream(*TOKENS, DONE), stream(*CUT), stream(*CUT)]
    assert endings(streams, enough=enough) == expected


def test_a_literal_needs_two_streams_whatever_is_enough() -> None:
    assert endings([stream(*TOKENS, LITERAL), stream(*CUT)], enough=1) == [C, C]


@pytest.mark.parametrize("end", [BodyEnd.RESET, BodyEnd.MISSING_LAST_CHUNK, BodyEnd.ABORT])
def test_only_streams_that_ended_well_count(end: BodyEnd) -> None:
    broken = stream(*TOKENS, DONE, end=end)
    assert endings([stream(*TOKENS, DONE), broken, stream(*CUT)]) == [C, C, C]


def test_a_stream_that_failed_does_not_count() -> None:
    failed = stream(*CUT, sse({"error": "overloaded"}), DONE)
    assert failed.ending is Ending.ERROR
    assert endings([stream(*TOKENS, DONE), failed, stream(*CUT)]) == [C, Ending.ERROR, C]


def test_where_the_text_stands_is_learned_from_all_of_them() -> None:
    short = [stream(sse({"foo": word})) for word in WORDS[:3]]
    assert [each.dialect.event_format.text for each in short if each.dialect.event_format] == [None] * 3
    dialect = learn_together(short)
    assert dialect is not None
    assert dialect.event_format is not None
    assert (dialect.event_format.text_at, dialect.event_format.learned_from) == ("/foo", 3)


def test_vendors_streams_teach_nothing() -> None:
    vendor = stream(*good("a", "b"), dialect=by_name("openai-chat"))
    assert learn_together([]) is None
    assert learn_together([vendor]) is None
    assert learn_together([stream(*TOKENS, DONE), vendor]) is None


def test_what_is_given_stays() -> None:
    given = own_dialect("mine", EventFormat.of(Convention(text=("b",), done=(done_when("/n=1"),))), "/mine")
    streams = [stream(*TOKENS, DONE, dialect=given) for _ in range(3)]
    dialect = learn_together(streams)
    assert dialect is not None
    assert dialect.event_format is not None
    assert (dialect.name, dialect.path, dialect.event_format.text_at) == ("mine", "/mine", "/b")
    assert ([mark.words for mark in dialect.event_format.given.done], dialect.event_format.ended_alike) == (
        ["/n = 1"],
        0,
    )


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([*TOKENS, DONE], ["[DONE]"]),
        ([*TOKENS, FLAG, END, DONE], ["/done = true", "end", "[DONE]"]),
        ([*TOKENS, DONE, DONE], ["[DONE]", "[DONE]"]),
        ([DONE], ["[DONE]"]),
        ([DONE, *TOKENS, DONE], []),
        ([DONE, *TOKENS], []),
        (TOKENS, []),
        ([], []),
    ],
)
def test_final_marks(events: list[bytes], words: list[str]) -> None:
    assert [mark.words for mark in final_marks(stream(*events))] == words


def test_text_bodies_have_no_marks() -> None:
    streams = [stream(*(word.encode() for word in WORDS), framing=Framing.TEXT) for _ in range(3)]
    dialect = learn_together(streams)
    assert dialect is not None
    assert dialect.event_format is not None
    assert dialect.event_format.given.done == ()
