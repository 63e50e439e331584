"""From what was received to the report of a stream, credentials masked."""

from sseprobe.dialects import by_name
from sseprobe.http_exchange import BodyEnd, Redirect, Request
from sseprobe.redaction import Redactor
from sseprobe.report.from_stream import stream_report, target_of
from sseprobe.streams.transcript import transcript_of_cassette
from tests.support.openai import good
from tests.support.replays import cassette

REDACT = Redactor(["sk-secret"])


def test_the_target_is_masked() -> None:
    target = target_of(Request("POST", "http://me:pass-word@h/x?api_key=sk-1", []), "plain")
    assert (target.method, target.dialect) == ("POST", "plain")
    assert "pass-word" not in target.url
    assert "sk-1" not in target.url


def test_a_whole_stream() -> None:
    recorded = cassette(*good("Hello", " sk-secret"))
    decoder, stream = transcript_of_cassette(recorded, by_name("openai-chat"), named=True)
    assert stream.outcome is not None
    redirects = [Redirect(307, "http://me:pass-word@h/a", "http://h/b")]
    report = stream_report(
        decoder, stream.outcome, redact=REDACT, head=recorded.head, body_end=BodyEnd.LAST_CHUNK, redirects=redirects
    )
    assert (report.status, report.ending, report.ending_proven) == (200, "complete", True)
    assert (report.text, report.dialect) == ("Hello ***", "openai-chat")
    assert (report.events, report.reads) == (len(recorded.chunks), len(recorded.chunks))
    assert report.bytes == sum(len(chunk.data) for chunk in recorded.chunks)
    assert report.error is None
    assert "pass-word" not in report.redirects[0].url


def test_a_stream_that_is_cut_says_why() -> None:
    recorded = cassette(*good("Hello")[:2], end=BodyEnd.RESET)
    decoder, stream = transcript_of_cassette(recorded, by_name("openai-chat"), named=True)
    assert stream.outcome is not None
    report = stream_report(decoder, stream.outcome, redact=REDACT, error="refused")
    assert report.ending == "reset"
    assert report.ending_reason
    assert report.status is None
    assert report.error is not None
    assert report.error.message == "refused"
