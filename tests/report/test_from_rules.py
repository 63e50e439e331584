"""From judgements to results: one a rule, the worst of what it says, with the bytes of each finding, masked."""

from collections.abc import Iterator

import pytest

from sseprobe.redaction import Redactor
from sseprobe.report import RuleResult
from sseprobe.report.from_rules import RuleInput, result_of
from sseprobe.rules import Rule, RuleVerdict, Severity
from sseprobe.rules.base import Finding, Inconclusive, Kind, NotApplicable
from sseprobe.streams.transcript import transcribe

SAYS = {
    b"pass": RuleVerdict.PASS,
    b"fail": RuleVerdict.FAIL,
    b"open": RuleVerdict.INCONCLUSIVE,
    b"none": RuleVerdict.NOT_APPLICABLE,
    b"crash": RuleVerdict.CRASHED,
}


def check(stream: object) -> Iterator[Finding]:
    """Says what the stream asks for."""
    body: bytes = stream.body  # type: ignore[attr-defined]
    word = body.split()[1]
    if word == b"fail":
        yield Finding("a-key", "found sk-secret", (6, len(body) - 2), "sk-secret", None)
    elif word == b"open":
        raise Inconclusive("no sk-secret")
    elif word == b"none":
        raise NotApplicable("nothing there")
    elif word == b"crash":
        raise ValueError("oh")


RULE = Rule("SSE099", Severity.WARNING, Kind.CONFORMANCE, "https://example.org", "Title.", "", check)
REDACT = Redactor(["sk-secret"])


def said_of(*words: bytes) -> RuleResult:
    asked = [RuleInput(transcribe(b"data: %s\n\n" % word), index) for index, word in enumerate(words)]
    return result_of(RULE, asked, REDACT, absent="there is no stream")


@pytest.mark.parametrize("word", SAYS)
def test_what_is_said_of_one_stream(word: bytes) -> None:
    assert said_of(word).verdict is SAYS[word]


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ([b"pass", b"fail", b"open"], RuleVerdict.FAIL),
        ([b"pass", b"open"], RuleVerdict.INCONCLUSIVE),
        ([b"none", b"pass"], RuleVerdict.PASS),
        ([b"fail", b"crash"], RuleVerdict.CRASHED),
    ],
)
def test_the_worst_is_said_of_several(words: list[bytes], verdict: RuleVerdict) -> None:
    assert said_of(*words).verdict is verdict


def test_a_reason_says_of_how_many() -> None:
    assert said_of(b"open", b"pass", b"open").reason == "no *** (in 2 of 3 streams)"
    assert said_of(b"open", b"open").reason == "no ***"
    assert said_of(b"pass").reason is None


def test_nothing_to_ask_about_is_not_applicable() -> None:
    found = said_of()
    assert (found.verdict, found.reason) == (RuleVerdict.NOT_APPLICABLE, "there is no stream")


def test_a_finding_has_its_key_its_place_and_its_bytes_without_credentials() -> None:
    [finding] = said_of(b"pass", b"fail sk-secret").findings
    assert (finding.key, finding.stream, finding.span) == ("SSE099/a-key", 1, (6, 20))
    assert (finding.message, finding.expected, finding.actual) == ("found ***", "***", None)
    assert finding.excerpt is not None
    assert (finding.excerpt.before, finding.excerpt.marked[:4]) == ("data: ", "fail")
    assert "secret" not in str(finding.excerpt)


def test_bytes_are_shown_in_one_line() -> None:
    excerpt = said_of(b"fail \xff\x1b\n\ndata: y").findings[0].excerpt
    assert excerpt is not None
    assert excerpt.marked.isprintable()
    assert "\\xff" in excerpt.marked
