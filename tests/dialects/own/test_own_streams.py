"""Streams of an app's own from bytes to an ending: the same however the body is cut."""

from io import StringIO
from itertools import accumulate
from typing import Any

import pytest

from sseprobe.dialects import by_url
from sseprobe.dialects.base import DeltaKind, Dialect
from sseprobe.dialects.own.convention import Convention, done_when
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.dialects.own.learner import LEARNED_WITHIN
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Ending, Read
from sseprobe.redaction import Redactor
from sseprobe.reporters.live import JsonView, TextView
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome
from sseprobe.streams.view import Received, SilentView
from tests.sse.cuts import CUTS, Cut, by, whole
from tests.support.own_bodies import DONE, RAW, USAGE, WHOLE, WORDS, raw, sse, tokens

ANSWER = "".join(WORDS)


def plain(**given: Any) -> Dialect:
    return own_dialect("plain", EventFormat.of(Convention(**given)))


class BothViews(SilentView):
    """What `--show text` and `--json` write, of one stream."""

    def __init__(self) -> None:
        self.text, self.lines = StringIO(), StringIO()
        self._views = (TextView(self.text, Redactor(), colour=False), JsonView(self.lines, Redactor()))

    def received(self, chunk: Chunk, received: list[Received], dialect: Dialect) -> None:
        """Passes it on."""
        for view in self._views:
            view.received(chunk, received, dialect)

    def close(self) -> None:
        """Passes it on."""
        for view in self._views:
            view.close()


class Seen:
    """A body that was received: what it said, what became of it, and what two views showed meanwhile."""

    def __init__(
        self, body: bytes, cut: Cut = whole, dialect: Dialect | None = None, end: BodyEnd = BodyEnd.LAST_CHUNK
    ) -> None:
        views = BothViews()
        self.decoder = StreamDecoder(dialect, framing=Framing.SSE, keep=True)
        self.received: list[Received] = []
        for index, piece in enumerate(cut(body)):
            chunk = Chunk(piece, Read(index, index * 1000, Clock.KERNEL, 10, 0))
            received = self.decoder.receive(chunk)
            self.received += received
            views.received(chunk, received, self.decoder.dialect)
        self.decoder.receive_eof(views)
        views.close()
        self.outcome: Outcome = self.decoder.finish(end, 10_000)
        self.shown = views.text.getvalue()
        self.lines = views.lines.getvalue().splitlines()

    @property
    def summary(self) -> dict[str, Any]:
        """All that must not depend on how the body was cut."""
        decoder, reading = self.decoder, self.decoder.event_format
        return {
            "text": decoder.tally.answer.text_of(DeltaKind.TEXT),
            "reasoning": decoder.tally.answer.text_of(DeltaKind.REASONING),
            "outcome": self.outcome,
            "dialect": decoder.dialect.name,
            "end": (decoder.end_mark, decoder.end_is_proven, decoder.is_certainly_over),
            "reading": reading and (reading.payloads, reading.text, reading.grows, reading.flows),
            "counts": (
                decoder.tally.meter.events,
                decoder.tally.meter.content_events,
                decoder.tally.content_deltas,
                decoder.tally.heartbeats,
                decoder.tally.comments,
                decoder.tally.unknown_events,
            ),
            "usage": (decoder.tally.meter.output_tokens, decoder.tally.meter.input_tokens),
            "finish": decoder.tally.finish_reasons,
            "deltas": [message.deltas for message in decoder.messages],
        }


def joined(*events: bytes) -> bytes:
    return b"".join(events)


OTHER = tokens(field="txt")
BODIES: dict[str, tuple[bytes, str, Ending, str | None]] = {
    "tokens": (WHOLE, ANSWER, Ending.COMPLETE, "[DONE]"),
    "no end mark": (joined(*tokens()), ANSWER, Ending.COMPLETE, None),
    "a field of another name": (joined(*OTHER, DONE), ANSWER, Ending.COMPLETE, "[DONE]"),
    "two events of it": (joined(*OTHER[:2]), "The keeper", Ending.COMPLETE, None),
    "raw text": (RAW, ANSWER, Ending.COMPLETE, "[DONE]"),
    "strings": (joined(*(sse(f'"{word}"') for word in WORDS), DONE), ANSWER, Ending.COMPLETE, "[DONE]"),
    "named events": (
        joined(*(sse({"text": word}, "token") for word in WORDS), sse({}, "done")),
        ANSWER,
        Ending.COMPLETE,
        "done",
    ),
    "a flag": (joined(*tokens(), sse({"token": "", "done": True})), ANSWER, Ending.COMPLETE, "/done = true"),
    "a flag in each": (
        joined(*(sse({"token": word, "done": word is WORDS[-1]}) for word in WORDS)),
        ANSWER,
        Ending.COMPLETE,
        "/done = true",
    ),
    "a recap": (joined(*tokens(), sse({"done": True, "token": ANSWER})), ANSWER, Ending.COMPLETE, "/done = true"),
    "usage behind the mark": (joined(*tokens(), DONE, USAGE), ANSWER, Ending.COMPLETE, "[DONE]"),
    "text behind the mark": (joined(DONE, *tokens()), ANSWER, Ending.COMPLETE, None),
    "growing": (
        joined(*(sse({"text": text}) for text in accumulate(WORDS)), DONE),
        ANSWER,
        Ending.COMPLETE,
        "[DONE]",
    ),
    "comments and pings": (
        joined(b": hi\n\n", sse({}, "ping"), *tokens(), b": hi\n\n", sse({"type": "ping"}), DONE),
        ANSWER,
        Ending.COMPLETE,
        "[DONE]",
    ),
    "prices": (
        joined(*(sse({"price": n}) for n in range(5))),
        "".join(f'{{"price": {n}}}' for n in range(5)),
        Ending.COMPLETE,
        None,
    ),
    "prices, then text": (
        joined(*(sse({"price": n}) for n in range(6)), *tokens(), DONE),
        ANSWER,
        Ending.COMPLETE,
        "[DONE]",
    ),
    "an error event": (joined(*tokens(), sse({"message": "overloaded"}, "error")), ANSWER, Ending.ERROR, None),
    "an error, then the mark": (joined(*tokens(), sse({"error": "overloaded"}), DONE), ANSWER, Ending.ERROR, "[DONE]"),
    "an error alone": (sse({"error": "overloaded"}), "", Ending.ERROR, None),
    "an error as text": (
        joined(*raw(), sse("Error: no credits left")),
        ANSWER + "Error: no credits left",
        Ending.ERROR,
        None,
    ),
    "an error as text among JSON": (joined(*tokens(), sse("Error: no credits left")), ANSWER, Ending.ERROR, None),
    "a title first": (joined(sse({"text": "Title: "}), *OTHER, DONE), "Title: " + ANSWER, Ending.COMPLETE, "[DONE]"),
    "a greeting in plain text": (joined(sse("Hello"), *tokens(), DONE), ANSWER, Ending.COMPLETE, "[DONE]"),
    "cut in an event": (joined(*tokens())[:-3], "".join(WORDS[:-1]), Ending.TRUNCATED, None),
    "the mark without its blank line": (joined(*tokens(), DONE[:-1]), ANSWER, Ending.TRUNCATED, None),
    "nothing": (b"", "", Ending.TRUNCATED, None),
    "heartbeats alone": (joined(b": hi\n\n", sse({}, "ping")), "", Ending.COMPLETE, None),
    "CRLF": (WHOLE.replace(b"\n", b"\r\n"), ANSWER, Ending.COMPLETE, "[DONE]"),
    "a model that writes JSON": (
        joined(*raw(), sse('{"a": 1}'), *raw(), DONE),
        ANSWER + '{"a": 1}' + ANSWER,
        Ending.COMPLETE,
        "[DONE]",
    ),
    "more than is looked at": (joined(*tokens() * 12, DONE), ANSWER * 12, Ending.COMPLETE, "[DONE]"),
    "reasoning": (joined(sse({"reasoning": "hm"}), *tokens(), DONE), ANSWER, Ending.COMPLETE, "[DONE]"),
    "a finish reason": (
        joined(*tokens(), sse({"token": "", "finish_reason": "length"})),
        ANSWER,
        Ending.COMPLETE,
        "/finish_reason",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_read(name: str) -> None:
    body, text, ending, mark = BODIES[name]
    seen = Seen(body)
    assert seen.decoder.tally.answer.text_of(DeltaKind.TEXT) == text
    assert (seen.outcome.ending, seen.decoder.end_mark) == (ending, mark)
    assert (seen.outcome.reason is None) == (ending is Ending.COMPLETE)
    assert seen.decoder.end_is_proven is (mark is not None)


@pytest.mark.parametrize("cut", CUTS[1:], ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("name", BODIES)
def test_every_way_to_cut_it(name: str, cut: Cut) -> None:
    body = BODIES[name][0]
    assert Seen(body, cut).summary == Seen(body).summary


@pytest.mark.parametrize("cut", [by(1), by(40), whole], ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("name", BODIES)
def test_each_event_is_shown_once(name: str, cut: Cut) -> None:
    """However often the stream is read again from its beginning."""
    seen = Seen(BODIES[name][0], cut)
    assert len(seen.lines) == seen.decoder.tally.meter.events
    spans = [each.item.span for each in seen.received if isinstance(each.item, Event) and not each.again]
    assert spans == sorted(set(spans))


SHOWN_MORE = ("prices", "error", "reasoning", "growing", "title", "greeting")
"""Where more than the text of the answer is shown, or it was shown before it was known how it is read."""


@pytest.mark.parametrize("name", [name for name in BODIES if not any(word in name for word in SHOWN_MORE)])
def test_text_is_shown_as_it_comes(name: str) -> None:
    body, text, *_ = BODIES[name]
    assert Seen(body, by(7)).shown == (text + "\n" if text else "")


def test_text_is_there_after_the_event_that_tells_where_it_is() -> None:
    """Nothing is shown early; the events before it are read again then."""
    decoder = StreamDecoder(None)
    so_far = []
    for index, piece in enumerate(OTHER[:4]):
        decoder.receive(Chunk(piece, Read(index, index, Clock.KERNEL, 0, 0)))
        so_far.append(
            (decoder.tally.answer.text_of(DeltaKind.TEXT), decoder.tally.content_deltas, decoder.tally.meter.ttft_ns)
        )
    assert so_far == [("", 0, None), ("", 0, None), ("The keeper lit", 3, 0), ("The keeper lit the", 4, 0)]


def test_what_is_kept_to_be_read_again_is_bounded() -> None:
    prices = [sse({"price": n}) for n in range(LEARNED_WITHIN + 1)]
    late = Seen(joined(*prices, *tokens()), by(50)).decoder
    assert late.event_format is not None
    assert late.event_format.text is None
    big = joined(sse("x" * 2_000_000), *tokens())
    assert Seen(big, by(100_000)).decoder.tally.meter.events == 1 + len(WORDS)


# --- what is given


GIVEN: dict[str, tuple[dict[str, Any], bytes, str, Ending, str | None]] = {
    "text": ({"text": ("b",)}, joined(*(sse({"token": "x", "b": word}) for word in WORDS)), ANSWER, Ending.COMPLETE, None),
    "text that is not there": ({"text": ("b",)}, joined(*tokens()), "", Ending.COMPLETE, None),
    "an error": ({"error": ("fault",)}, joined(*tokens(), sse({"fault": "overloaded"})), ANSWER, Ending.ERROR, None),
    "an error elsewhere": ({"error": ("fault",)}, joined(*tokens(), sse({"error": "no"})), ANSWER, Ending.ERROR, None),
    "a mark": ({"done": (done_when("/n=1"),)}, joined(*tokens(), sse({"n": 1})), ANSWER, Ending.COMPLETE, "/n = 1"),
    "a literal": ({"done": (done_when("bye"),)}, joined(*tokens(), sse("bye")), ANSWER, Ending.COMPLETE, "bye"),
    "a mark that is missing": ({"done": (done_when("/n=1"),)}, joined(*tokens(), DONE), ANSWER, Ending.TRUNCATED, None),
    "one of two marks": (
        {"done": (done_when("/n=1"), done_when("bye"))},
        joined(*tokens(), sse({"n": 1})),
        ANSWER,
        Ending.COMPLETE,
        "/n = 1",
    ),
    "usage behind the mark": ({"done": (done_when("[DONE]"),)}, joined(*tokens(), DONE, USAGE), ANSWER, Ending.COMPLETE, "[DONE]"),
    "the mark in an unfinished event": ({"done": (done_when("[DONE]"),)}, joined(*tokens(), DONE[:-1]), ANSWER, Ending.TRUNCATED, None),
    "all of it": (
        {"text": ("b",), "error": ("c",), "done": (done_when("/d=true"),), "tokens": ("n",)},
        joined(*tokens(field="b"), sse({"d": True, "n": 9})),
        ANSWER,
        Ending.COMPLETE,
        "/d = true",
    ),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("name", GIVEN)
def test_given_conventions(name: str, cut: Cut) -> None:
    given, body, text, ending, mark = GIVEN[name]
    seen = Seen(body, cut, plain(**given))
    assert seen.decoder.tally.answer.text_of(DeltaKind.TEXT) == text
    assert (seen.outcome.ending, seen.decoder.end_mark) == (ending, mark)
    assert seen.summary == Seen(body, whole, plain(**given)).summary
    assert len(seen.lines) == seen.decoder.tally.meter.events


def test_given_places_are_counted_by() -> None:
    decoder = Seen(GIVEN["all of it"][1], by(1), plain(**GIVEN["all of it"][0])).decoder
    assert (decoder.tally.meter.output_tokens, decoder.tally.meter.content_events) == (9, len(WORDS))
    assert decoder.event_format is not None
    assert (decoder.event_format.text_at, decoder.event_format.learned_from) == ("/b", None)


@pytest.mark.parametrize(
    ("pending", "reason"),
    [
        (b"", "the body ended without the end mark /n = 1"),
        (b"data: x", "the body ended inside an event, and without the end mark /n = 1"),
        (b'data: {"n": 1}\n', "the body ended inside an event, and without the end mark /n = 1"),
    ],
)
def test_a_missing_mark_is_named(pending: bytes, reason: str) -> None:
    outcome = Seen(joined(*tokens(), pending), dialect=plain(done=(done_when("/n=1"),))).outcome
    said = f'{reason}; the last event is {{"token": " night."}}'
    assert (outcome.ending, outcome.reason) == (Ending.TRUNCATED, said)


@pytest.mark.parametrize("end", [BodyEnd.RESET, BodyEnd.MISSING_LAST_CHUNK, BodyEnd.SHORT_BODY, BodyEnd.IDLE_TIMEOUT])
def test_a_mark_does_not_excuse_a_broken_body(end: BodyEnd) -> None:
    assert Seen(WHOLE, end=end).outcome.ending is not Ending.COMPLETE
    assert Seen(WHOLE, dialect=plain(done=(done_when("[DONE]"),)), end=end).outcome.ending is not Ending.COMPLETE


@pytest.mark.parametrize(
    ("dialect", "body", "over"),
    [
        (None, WHOLE, True),
        (None, joined(*tokens(), sse({"done": True})), False),  # an app's own word: more may follow
        (plain(done=(done_when("/done=true"),)), joined(*tokens(), sse({"done": True})), True),
        (None, joined(*tokens()), False),
    ],
)
def test_whether_more_is_to_be_expected(dialect: Dialect | None, body: bytes, over: bool) -> None:
    assert Seen(body, dialect=dialect).decoder.is_certainly_over is over


# --- paths that a vendor shares with any app


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
@pytest.mark.parametrize("name", [name for name in BODIES if name not in ("nothing", "heartbeats alone")])
def test_a_path_alone_makes_no_vendor(name: str, path: str, cut: Cut) -> None:
    body, text, ending, mark = BODIES[name]
    dialect = by_url(f"http://localhost{path}")
    assert dialect is not None
    assert dialect.shared_paths
    seen = Seen(body, cut, dialect)
    assert (seen.decoder.dialect.name, seen.decoder.tally.answer.text_of(DeltaKind.TEXT)) == ("plain", text)
    assert (seen.outcome.ending, seen.decoder.end_mark) == (ending, mark)
