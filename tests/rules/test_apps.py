"""Family APP: which of its rules speak, pass or do not apply: what was not seen is never passed."""

from itertools import accumulate
from typing import NamedTuple

import pytest

from sseprobe.dialects.base import Dialect
from sseprobe.dialects.own.convention import Convention
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Head, Read, Request
from sseprobe.rules import RuleVerdict, all_rules, judge
from sseprobe.sse.framing import Framing
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.transcript import Transcript, read, transcribe, transcript_of
from tests.support.openai import good
from tests.support.own_bodies import DONE, RAW, USAGE, WHOLE, WORDS, raw, sse, tokens

RULES = [rule for rule in all_rules() if rule.id.startswith("APP")]
LETTERS = {RuleVerdict.PASS: "P", RuleVerdict.FAIL: "F", RuleVerdict.NOT_APPLICABLE: "-"}
HEAD = Head(200, "OK", "1.1", [("content-type", "text/event-stream")], "http://localhost/chat", 0)
SPOKEN_AT = own_dialect("plain", EventFormat.of(Convention(text=("text",))))


class Case(NamedTuple):
    """A stream, and the letters of what rules 1 to 8 say: pass, fail, or - for not applicable."""

    events: list[bytes]
    expected: str
    framing: Framing = Framing.SSE
    end: BodyEnd = BodyEnd.LAST_CHUNK
    dialect: Dialect | None = None


CASES = {
    "whole": Case([WHOLE], "P---PPPP"),
    "raw text": Case([RAW], "P-PFPP--"),
    "no end mark": Case(tokens(), "F---PPP-"),
    "a vendor's": Case(good("a", "b"), "--------"),
    "messages": Case([sse({"price": n}) for n in range(6)], "--------"),
    "nothing": Case([], "--------"),
    "comments alone": Case([b": hi\n\n"], "--------"),
    "cut by the transport": Case(tokens(), "----PPP-", end=BodyEnd.RESET),
    "an error event": Case([*tokens(), sse("overloaded", "error")], "-P--PPP-"),
    "an error event alone": Case([sse("overloaded", "error")], "-P------"),
    "an error as text": Case([*raw(), sse("Error: no credits left")], "-FPFPP--"),
    "raw text with line breaks kept": Case([*raw(), b"data: a\ndata: b\n\n", DONE], "P-PPPP--"),
    "a line break that is lost": Case([*raw(), b"data: a\nb\n\n", DONE], "P-F-PP--"),
    "a body of text": Case([word.encode() for word in WORDS], "F---PP--", Framing.TEXT),
    "a body of text in one piece": Case(["".join(WORDS * 9).encode()], "F---PP--", Framing.TEXT),
    "one long event": Case([sse({"token": "".join(WORDS * 9)}), DONE], "P---PFP-"),
    "growing": Case([*(sse({"text": text}) for text in accumulate(WORDS)), DONE], "P---PFP-"),
    "usage of many tokens": Case([*tokens(), sse({"usage": {"output": 36}}), DONE], "P---PPPF"),
    "usage of a few less": Case([*tokens(), sse({"usage": {"output": 35}}), DONE], "P---PPPP"),
    "usage of what was read": Case([*tokens(), sse({"usage": {"input": 90}}), DONE], "P---PPP-"),
    "usage without text": Case([USAGE, DONE], "--------"),
    "no text but at the given place": Case([*tokens(), DONE], "P---P-P-", dialect=SPOKEN_AT),
    "other fields beside the given place": Case(
        [*tokens(WORDS[:4], "text"), *tokens(), DONE], "P---PPP-", dialect=SPOKEN_AT
    ),
}


def transcript(case: Case) -> Transcript:
    chunks = [Chunk(each, Read(n, n * 1000, Clock.KERNEL, 0, 0)) for n, each in enumerate(case.events)]
    decoder = read(chunks, StreamDecoder(case.dialect, framing=case.framing, keep=True), HEAD)
    return transcript_of(
        decoder,
        chunks,
        request=Request("POST", HEAD.url, []),
        head=HEAD,
        body_end=case.end,
        outcome=decoder.finish(case.end, 10_000),
        end_ns=10_000,
    )


def letters_of(stream: Transcript) -> str:
    return "".join(LETTERS[judge(rule, stream).verdict] for rule in RULES)


@pytest.mark.parametrize("name", CASES)
def test_what_each_rule_says(name: str) -> None:
    assert letters_of(transcript(CASES[name])) == CASES[name].expected


def test_bytes_alone_prove_nothing() -> None:
    assert letters_of(transcribe(WHOLE)) == "-" * len(RULES)


@pytest.mark.parametrize(
    ("name", "rule", "reason"),
    [
        ("a vendor's", "APP001", "the stream is openai-chat, not an app's own format"),
        ("messages", "APP001", "no text was found in the payloads; set its place with --text-at"),
        ("cut by the transport", "APP001", "the stream ended as reset"),
        ("whole", "APP002", "the stream has no error"),
        ("whole", "APP003", "the text is JSON, which preserves every character"),
        ("a body of text", "APP003", "the body is plain text, which preserves every character"),
        ("a line break that is lost", "APP004", "a line break or a space is lost: see APP003"),
        ("no text but at the given place", "APP006", "the stream has no text"),
        ("raw text", "APP007", "the data is plain text, without field names"),
        ("no end mark", "APP008", "the stream does not report its token count"),
    ],
)
def test_why_a_rule_does_not_apply(name: str, rule: str, reason: str) -> None:
    (judged,) = (each for each in RULES if each.id == rule)
    assert judge(judged, transcript(CASES[name])).reason == reason
