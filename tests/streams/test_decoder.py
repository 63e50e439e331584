"""The verdict on an ending: every way a stream of openai-chat or plain can end."""

import json
import re
from typing import Any

import pytest

from sseprobe.dialects import by_name
from sseprobe.dialects.base import DeltaKind, payload
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Ending, Read
from sseprobe.sse import Event
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome
from sseprobe.streams.view import SilentView
from tests.support.openai import DONE, chunk, error, good

CLEAN = [BodyEnd.LAST_CHUNK, BodyEnd.CONTENT_LENGTH, BodyEnd.END_STREAM, BodyEnd.CLOSE, BodyEnd.LEFT_OPEN]
BROKEN = {
    BodyEnd.MISSING_LAST_CHUNK: Ending.TRUNCATED,
    BodyEnd.SHORT_BODY: Ending.TRUNCATED,
    BodyEnd.TLS_CUT: Ending.TRUNCATED,
    BodyEnd.PROTOCOL_ERROR: Ending.TRUNCATED,
    BodyEnd.RESET: Ending.RESET,
    BodyEnd.IDLE_TIMEOUT: Ending.IDLE_TIMEOUT,
    BodyEnd.TOTAL_TIMEOUT: Ending.TOTAL_TIMEOUT,
    BodyEnd.ABORT: Ending.ABORTED,
    BodyEnd.LIMIT: Ending.LIMIT,
}


def receive(
    *pieces: bytes, dialect: str | None = "openai-chat", end: BodyEnd = BodyEnd.LAST_CHUNK
) -> tuple[StreamDecoder, Outcome]:
    decoder = StreamDecoder(by_name(dialect) if dialect else None)
    for index, piece in enumerate(pieces):
        decoder.receive(Chunk(piece, Read(index, index * 1000, Clock.KERNEL, 10, 0)))
    decoder.receive_eof(SilentView())
    return decoder, decoder.finish(end, 10_000)


def test_every_body_end_is_judged() -> None:
    assert {*CLEAN, *BROKEN} == set(BodyEnd)


@pytest.mark.parametrize("end", CLEAN)
def test_a_good_stream_with_a_clean_end_is_complete(end: BodyEnd) -> None:
    decoder, outcome = receive(*good("a", "b"), end=end)
    assert (outcome.ending, outcome.reason, outcome.error) == (Ending.COMPLETE, None, None)
    assert (
        decoder.tally.answer.text_of(DeltaKind.TEXT),
        decoder.tally.meter.output_tokens,
        decoder.tally.finish_reasons,
    ) == (
        "ab",
        2,
        {0: "stop"},
    )


@pytest.mark.parametrize("end", BROKEN)
@pytest.mark.parametrize("whole", [True, False])
def test_a_broken_body_is_never_complete(end: BodyEnd, whole: bool) -> None:
    pieces = good("a") if whole else good("a")[:2]
    outcome = receive(*pieces, end=end)[1]
    assert outcome.ending is BROKEN[end]
    assert outcome.reason


FINISH = chunk(finish="stop")
TRUNCATED = {
    "nothing": [],
    "only comments": [b": hi\n\n"],
    "no finish, no terminator": [chunk("a")],
    "finish, no terminator": [chunk("a"), FINISH],
    "terminator without anything": [DONE],
    "terminator, no finish": [chunk("a"), DONE],
    "terminator, one of two finished": [chunk("a"), chunk("b", index=1), FINISH, DONE],
    "terminator without its blank line": [chunk("a"), FINISH, b"data: [DONE]\n"],
    "terminator without a line ending": [chunk("a"), FINISH, b"data: [DONE]"],
    "cut in an event": [chunk("a"), b'data: {"cho'],
    "terminator in a comment": [chunk("a"), FINISH, b": [DONE]\n\n"],
    "terminator in another field": [chunk("a"), FINISH, b"event: [DONE]\n\n"],
}


@pytest.mark.parametrize("name", TRUNCATED)
@pytest.mark.parametrize("end", CLEAN)
def test_truncated_streams(name: str, end: BodyEnd) -> None:
    outcome = receive(*TRUNCATED[name], end=end)[1]
    assert outcome.ending is Ending.TRUNCATED
    assert outcome.reason


@pytest.mark.parametrize("rest", [[], [DONE], [FINISH, DONE]])
@pytest.mark.parametrize("end", [BodyEnd.LAST_CHUNK, BodyEnd.MISSING_LAST_CHUNK, BodyEnd.RESET])
def test_an_in_band_error_explains_the_end(rest: list[bytes], end: BodyEnd) -> None:
    outcome = receive(chunk("a"), error("too hot", type="server_error", code=500), *rest, end=end)[1]
    assert outcome.ending is Ending.ERROR
    assert outcome.error is not None
    assert (outcome.error.text, outcome.error.type, outcome.error.code) == ("too hot", "server_error", "500")


def test_finish_reason_error_is_an_error() -> None:
    assert receive(chunk("a"), chunk(finish="error"), DONE)[1].ending is Ending.ERROR


@pytest.mark.parametrize(
    ("pieces", "ending"),
    [
        ([b"data: a\n\n"], Ending.COMPLETE),
        ([b"data: a\n\n: bye\n"], Ending.COMPLETE),
        ([b"data: a\n\ndata: b\n"], Ending.TRUNCATED),
        ([b"data: a\n\ndata: b"], Ending.TRUNCATED),
        ([b": only\n\n"], Ending.TRUNCATED),
        ([], Ending.TRUNCATED),
    ],
)
def test_plain_streams(pieces: list[bytes], ending: Ending) -> None:
    assert receive(*pieces, dialect="plain")[1].ending is ending


@pytest.mark.parametrize(
    ("first", "dialect"),
    [
        (chunk("a"), "openai-chat"),
        (b"data: hello\n\n", "openai-chat"),  # a greeting of the app's own
        (b'data: {"x":1}\n\n', "openai-chat"),
        (b'data: {"x":1}\n\n' * 4, "openai-chat"),
        (b'data: {"token":"a"}\n\n' * 5, "plain"),
        (b'data: {"type":"ping"}\n\n' * 20, "openai-chat"),
        (b'data: {"type":"message_start"}\n\n', "anthropic"),
    ],
)
def test_the_first_events_with_data_settle_the_dialect(first: bytes, dialect: str) -> None:
    decoder, _ = receive(b": hi\n\nevent: x\n\ndata:\n\n", first, chunk("b"), dialect=None)
    assert decoder.dialect.name == dialect


@pytest.mark.parametrize("dialect", ["openai-chat", None])
def test_a_payload_is_parsed_once(dialect: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = 0

    def count(event: Event) -> object:
        nonlocal parsed
        parsed += 1
        return payload(event)

    monkeypatch.setattr("sseprobe.streams.decoder.payload", count)
    decoder, _ = receive(*good("a", "b"), dialect=dialect)
    assert parsed == decoder.tally.meter.events == 6


def test_a_long_text_is_cut_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sseprobe.streams.kept_answer.MAX_TEXT_CHARS", 10)
    decoder, _ = receive(*good("12345", "67890", "x", "y"))
    assert (decoder.tally.answer.text_of(DeltaKind.TEXT), decoder.tally.answer.is_cut) == ("1234567890", True)


def test_choices_without_end_are_not_followed_for_ever() -> None:
    pieces = [chunk("a", index=index, finish="stop") for index in range(1100)]
    decoder, outcome = receive(*pieces, DONE)
    assert outcome.ending is Ending.TRUNCATED
    assert "1,024 choices" in (outcome.reason or "")
    assert len(decoder.tally.finish_reasons) <= 1025


def test_what_the_dialect_does_not_define_is_counted() -> None:
    decoder, outcome = receive(chunk("a"), b"data: {broken\n\n", b'data: {"new": 1}\n\n', FINISH, DONE)
    assert (decoder.tally.unknown_events, outcome.ending) == (2, Ending.COMPLETE)


def gemini(*candidates: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps({"candidates": list(candidates)}).encode() + b"\n\n"


STOP: dict[str, Any] = {"finishReason": "STOP"}
MAX: dict[str, Any] = {"finishReason": "MAX_TOKENS"}
A: dict[str, Any] = {"content": {"parts": [{"text": "a"}]}}


@pytest.mark.parametrize(
    ("pieces", "ending", "incomplete"),
    [
        ([gemini(A), gemini(STOP)], Ending.COMPLETE, None),
        ([gemini(A), gemini({**A, **MAX})], Ending.COMPLETE, "length"),
        ([gemini(A)], Ending.TRUNCATED, None),
        ([], Ending.TRUNCATED, None),
        # Old models put STOP in every response: the last one counts.
        ([gemini({**A, **STOP}), gemini(A)], Ending.TRUNCATED, None),
        ([gemini({**A, **STOP}), gemini({**A, **STOP})], Ending.COMPLETE, None),
        # What follows a finish without adding to the answer takes nothing back.
        ([gemini(A), gemini(STOP), gemini({"groundingMetadata": {}})], Ending.COMPLETE, None),
        ([gemini(A), gemini(STOP), b'data: {"usageMetadata": {"totalTokenCount": 1}}\n\n'], Ending.COMPLETE, None),
        ([gemini({**A, **MAX}, {**A, "index": 1}), gemini({**A, **STOP, "index": 1})], Ending.COMPLETE, "length"),
        ([gemini({**A, **STOP}, {**A, "index": 1})], Ending.TRUNCATED, None),
        ([b'data: {"promptFeedback": {"blockReason": "SAFETY"}}\n\n'], Ending.COMPLETE, "content-filter"),
        ([gemini(A), gemini(STOP)[:-1]], Ending.TRUNCATED, None),
    ],
)
def test_a_dialect_without_terminator(pieces: list[bytes], ending: Ending, incomplete: str | None) -> None:
    decoder, outcome = receive(*pieces, dialect="gemini")
    assert (outcome.ending, decoder.tally.incomplete) == (ending, incomplete)
    assert (outcome.reason is None) == (ending is Ending.COMPLETE)


def test_runs_follow_each_other() -> None:
    started, finished = b'data: {"type": "RUN_STARTED"}\n\n', b'data: {"type": "RUN_FINISHED"}\n\n'
    assert receive(started, finished, started, finished, dialect="ag-ui")[1].ending is Ending.COMPLETE
    assert receive(started, finished, started, dialect="ag-ui")[1].ending is Ending.TRUNCATED
    opened = b'data: {"type": "STEP_STARTED", "stepName": "s"}\n\n'
    outcome = receive(started, opened, finished, dialect="ag-ui")[1]
    assert (outcome.ending, outcome.reason) == (Ending.TRUNCATED, "RUN_FINISHED came, but step s is still open")


APP = b"".join(b'id: %d\nevent: token\ndata: {"token": "w%d "}\n\n' % (number, number) for number in range(4))


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_body_that_is_cut_inside_an_event_is_truncated_wherever_that_is(newline: bytes) -> None:
    body = APP.replace(b"\n", newline)
    boundaries = {match.end() for match in re.finditer(newline * 2, body)}
    if newline == b"\r\n":
        boundaries |= {end - 1 for end in boundaries}  # a CR ends a line, too
    complete = {
        size for size in range(1, len(body) + 1) if receive(body[:size], dialect=None)[1].ending is Ending.COMPLETE
    }
    assert complete == boundaries


@pytest.mark.parametrize(
    ("tail", "ending"),
    [
        (b"Internal Server Error", Ending.ERROR),
        (b"Traceback (most recent call last):", Ending.ERROR),
        (b"error: upstream closed", Ending.ERROR),
        (b'{"error": {"message": "no more"}}', Ending.ERROR),
        (b"<html><title>502 Bad Gateway</title>", Ending.ERROR),
        (b'{"token": "lost"}', Ending.TRUNCATED),
        (b": keep-alive", Ending.COMPLETE),
        (b"retry: 3000", Ending.COMPLETE),
    ],
)
@pytest.mark.parametrize("newline", [b"", b"\n"])
def test_the_last_line_says_the_same_with_an_end_and_without(tail: bytes, newline: bytes, ending: Ending) -> None:
    assert receive(APP, tail + newline, dialect=None)[1].ending is ending


def test_a_last_line_that_is_no_utf_8_has_its_own_place() -> None:
    decoder = receive(APP, b"\xff\xff\xff oops", dialect=None)[0]
    assert decoder.tally.tail is not None
    assert decoder.tally.tail.ignored is not None
    assert decoder.tally.tail.ignored.span == (len(APP), len(APP) + 8)
