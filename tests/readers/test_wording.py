"""Sentences: what, where, and why where the bytes tell. Pure."""

import re
from collections.abc import Sequence

import pytest

from sseprobe import dialects
from sseprobe.dialects.traits import Scope
from sseprobe.readers.base import CANARY, OutputShape, Reader
from sseprobe.readers.comparison import Difference, DifferenceKind
from sseprobe.readers.expectation import expectation
from sseprobe.readers.location import Body
from sseprobe.readers.wording import sentences
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing, new_parser


def body_of(
    *chunks: bytes, framing: Framing = Framing.SSE, content_type: str = "text/event-stream", dialect: str = "plain"
) -> Body:
    """A body and its events."""
    parser = new_parser(framing)
    items = [item for chunk in chunks for item in parser.receive(chunk)]
    items += parser.receive_eof()
    return Body(
        chunks, [item for item in items if isinstance(item, Event)], framing, content_type, dialects.by_name(dialect)
    )


def why(body: Body, difference: Difference, reader: str = "x", shape: OutputShape = OutputShape.EVENTS) -> str:
    """The cause in the only sentence, empty if none is named."""
    (said,) = sentences(body, reader, shape, [difference])
    return said.partition(": ")[2]


def rule(clause: str) -> str:
    """The id of the rule in a cause, or the cause itself where no rule is named."""
    named = re.search(r"\(([A-Z]+[0-9]{3})\)", clause)
    return named[1] if named else clause


AB = b"data: a\n\n", b"data: b\n\n"
LOST, CHANGED, EMPTY = (
    Difference(DifferenceKind.LOST, 1),
    Difference(DifferenceKind.CHANGED, 1, 1, "so"),
    Difference(DifferenceKind.INVENTED, 0),
)
RAISED = Difference(DifferenceKind.RAISED, 1, 1, "E")
CAUSES: list[tuple[Sequence[bytes], Difference, str]] = [
    (AB, LOST, ""),
    ((b"\xef\xbb\xbfdata: a\n\n",), Difference(DifferenceKind.LOST, 0), "SSE002"),
    ((AB[0], b"event: x\n\n", AB[1]), EMPTY, "SSE013"),
    ((AB[0], b"id: x\nretry: 1\n\n", AB[1]), EMPTY, "SSE013"),
    ((b"id: 1\n", AB[0], b":\n\n", AB[1]), EMPTY, "SSE013"),
    ((b"id: 1\n", AB[0], b"\n", AB[1]), EMPTY, "SSE013"),
    ((AB[0], b":\n\n", AB[1]), EMPTY, ""),
    ((b"id: 1\r\ndata: a\r\n\r\n", b"data: b\r\n\r\n"), EMPTY, ""),
    ((AB[0], b"data: \xff\n\n"), CHANGED, "SSE001"),
    ((b"data: \xff\n\n", AB[1]), CHANGED, ""),
    ((AB[0], b"data: \xe2\x80\xa8\n\n"), CHANGED, "SSE016"),
    ((*AB, b"data: c\n"), Difference(DifferenceKind.INVENTED, 1), "SSE007"),
    ((AB[0], b"event: x\r", b"\ndata: b\r\n\r\n"), CHANGED, "a CRLF is split between two chunks (byte 18)"),
    ((AB[0], b"event: x\rdata: b\r\r"), CHANGED, "SSE004"),
    ((b"data: a\n\r\n", b"data: b\n\r\n"), Difference(DifferenceKind.MERGED, 0, 2), "SSE005"),
    ((AB[0], b"id: a\0\ndata: b\n\n"), CHANGED, "SSE011"),
    ((AB[0], b"data:  b\n\n"), CHANGED, "its data begins with a space, of which only the first belongs to the field"),
    ((AB[0], b"data: b\ndata:\n\n"), CHANGED, "its last data line is empty, and part of it"),
    ((AB[0], b"data:\n\n"), RAISED, "its data is empty"),
    ((AB[0], b"data: " + b"x" * 200_000 + b"\n\n"), RAISED, "SSE015"),
]  # fmt: skip


@pytest.mark.parametrize(("chunks", "difference", "cause"), CAUSES)
def test_causes(chunks: Sequence[bytes], difference: Difference, cause: str) -> None:
    assert rule(why(body_of(*chunks), difference)) == cause


def test_causes_that_concern_one_client() -> None:
    comment = body_of(AB[0], b": x\n\n", AB[1])
    assert why(comment, RAISED, "google-genai").endswith(": this SDK takes a comment for JSON (SSE014)")
    assert why(comment, RAISED, "openai") == ""
    field = body_of(AB[0], b"id: 1\n", AB[1])
    assert why(field, RAISED, "google-genai") == "a field other than data, which this SDK takes for JSON"
    tight = body_of(AB[0], b"data:b\n\n")
    assert why(tight, RAISED, "google-genai").endswith(", and this SDK wants one (SSE010)")
    assert why(body_of(*AB), LOST, "anthropic") == "it has no event field, and this SDK ignores such events"
    assert why(body_of(*AB), RAISED, "openai", OutputShape.PAYLOADS) == "its data is not JSON"
    crlf = body_of(*(each.replace(b"\n", b"\r\n") for each in AB))
    assert rule(why(crlf, RAISED, "@ag-ui/client")) == "SSE006"
    assert why(crlf, RAISED) == ""


def test_causes_in_lines_of_json() -> None:
    def cause(*chunks: bytes) -> str:
        body = body_of(*chunks, framing=Framing.LINES, dialect="ollama")
        return rule(why(body, RAISED, "ollama", OutputShape.PARTS))

    assert cause(b"{}\n", b"\n{}\n") == "OLL002"
    assert cause(b"{}\n", b'"\xe2\x80\xa8"\n') == "OLL003"
    marked = body_of(b"\xef\xbb\xbf{}\n", framing=Framing.LINES, dialect="ollama")
    assert (
        why(marked, Difference(DifferenceKind.RAISED, 0, 1, "E"), "ollama")
        == "the stream begins with a byte order mark"
    )


def test_what_a_rule_finds_elsewhere_is_no_cause() -> None:
    marked = body_of(b"\xef\xbb\xbfdata: a\n\n", b"data: b\r\r", *(AB * 30), b"event: x\n\n", AB[0])
    assert [rule(why(marked, Difference(DifferenceKind.LOST, number))) for number in range(4)] == [
        "SSE002",
        "SSE004",
        "",
        "",
    ]
    assert rule(why(marked, Difference(DifferenceKind.INVENTED, 61, 1, "x"))) == "SSE013"
    before = body_of(b"data: a\r\n\r\n", AB[1])  # the LF of its blank line belongs to event 0
    assert why(before, CHANGED) == ""
    taken = body_of(b"id: 1\n", AB[0], b"id: 2\0\n", *AB, AB[0])
    found = [why(taken, Difference(DifferenceKind.CHANGED, number, 1, "so")) for number in range(4)]
    assert [rule(each) for each in found] == ["", "SSE011", "SSE011", "SSE011"]


def test_causes_in_the_content_type() -> None:
    latin = body_of("data: é\n\n".encode(), AB[1], content_type="text/event-stream; Charset=latin-1")
    first = Difference(DifferenceKind.CHANGED, 0, 1, "so")
    assert why(latin, first).startswith("the Content-Type names the charset latin-1")
    assert why(latin, CHANGED) == ""
    html = body_of(*AB, content_type="text/html")
    (said,) = sentences(html, "x", OutputShape.EVENTS, [Difference(DifferenceKind.RAISED, 0, 2, "E: no")])
    assert said == "raises E: no instead of event 0 (byte 0); 1 more lost: the Content-Type is 'text/html'"


def test_sentences() -> None:
    body = body_of(b"data: a\n\n", b"data: b\n\n", b"data: c\n\n")
    said = [
        sentences(body, "x", OutputShape.EVENTS, [each])[0]
        for each in (
            Difference(DifferenceKind.LOST, 1, 2),
            Difference(DifferenceKind.MERGED, 0, 2),
            Difference(DifferenceKind.DOUBLED, 2),
            Difference(DifferenceKind.INVENTED, -1, 1, "an empty event"),
            Difference(DifferenceKind.CHANGED, 0, 1, "with data 'x' instead of 'a'"),
            Difference(DifferenceKind.RAISED, None, 0, "Boom: \x1b[31m"),
        )
    ]
    assert said == [
        "loses 2 events from event 1 (byte 9) on",
        "delivers 2 events from event 0 (byte 0) on as one",
        "delivers event 2 (byte 18) once more",
        "delivers an empty event before the first event",
        "delivers event 0 (byte 0) with data 'x' instead of 'a'",
        "raises Boom: ␛[31m at the end of the stream",
    ]


def test_what_has_the_same_cause_is_said_once_and_five_sentences_are_enough() -> None:
    body = body_of(b"id: 1\n", *(b"data: a\n\n:\n\n" for _ in range(9)))
    empty = [Difference(DifferenceKind.INVENTED, number, 1, "an empty event") for number in range(8)]
    (line,) = sentences(body, "x", OutputShape.EVENTS, empty)
    assert re.fullmatch(r"delivers an empty event after event 0 \(byte 0\): .+ \(SSE013\) \(7 more like this\)", line)
    others = [Difference(kind, 8, 1, "so") for kind in DifferenceKind if kind is not DifferenceKind.INVENTED]
    said = sentences(body, "x", OutputShape.EVENTS, [*empty, *others])
    assert len(said) == 6
    assert said[-1] == "and 1 more kind of difference"


def expected_of(dialect: str, body: Body, shape: OutputShape = OutputShape.PAYLOADS) -> tuple[list[int], bool]:
    """The events that a reader of the dialect must deliver, and whether it may raise."""
    spoken = dialects.by_name(dialect)
    reader = Reader("x", "x", shape, CANARY, dialects=Scope((spoken.wire,)))
    made = expectation(reader, body.events, spoken, ended_in_error=False)
    return [each.event for each in made.items if each.needed], made.may_raise


CHUNK = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'


def test_what_an_sdk_must_deliver() -> None:
    assert expected_of("openai-chat", body_of(CHUNK, CHUNK, b"data: [DONE]\n\n", CHUNK)) == ([0, 1], False)
    assert expected_of("openai-chat", body_of(CHUNK, CHUNK)) == ([0, 1], True)
    error = b'data: {"error":{"message":"no"}}\n\n'
    assert expected_of("openai-chat", body_of(CHUNK, error, CHUNK, b"data: [DONE]\n\n")) == ([0], True)
    assert expected_of("openai-chat", body_of(CHUNK, b"data: {nonsense\n\n", b"data: [DONE]\n\n")) == ([0, 1], False)
    ping, stop = b'event: ping\ndata: {"type":"ping"}\n\n', b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert expected_of("anthropic", body_of(ping, stop, ping)) == ([1], False)
