"""What the receiving side adds to how a stream ended: its own limits, and compressed data without an end."""

import pytest

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.dialects import PLAIN, by_name
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Ending, Read
from sseprobe.probes.ending_advice import CODING_IS_CUT, EndOfBody, outcome_of
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome

OPTIONS = ConnectOptions(idle_timeout_s=3, timeout_s=9, content_timeout_s=2)


def ended(body_end: BodyEnd, *, problem: str | None = None, lacks_content: bool = False, cut: bool = False) -> Outcome:
    decoder = StreamDecoder(by_name(PLAIN), named=True)
    decoder.receive(Chunk(b"data: hello\n\n", Read(0, 0, Clock.USER, None, 0)))
    return outcome_of(decoder, EndOfBody(body_end, 1, problem, lacks_content, cut, 1 << 20, OPTIONS))


@pytest.mark.parametrize(
    ("body_end", "ending", "reason", "advice"),
    [
        (BodyEnd.IDLE_TIMEOUT, Ending.IDLE_TIMEOUT, "no bytes arrived for 3 s", "--idle-timeout"),
        (BodyEnd.TOTAL_TIMEOUT, Ending.TOTAL_TIMEOUT, "the stream had not ended after 9 s", "--timeout"),
        (BodyEnd.LIMIT, Ending.LIMIT, "the body exceeds --max-bytes (1 MiB)", "not an event stream"),
        (BodyEnd.RESET, Ending.RESET, "reset", "a restart"),
        (BodyEnd.MISSING_LAST_CHUNK, Ending.TRUNCATED, "last chunk", "a proxy timeout"),
    ],
)
def test_a_reason_and_advice(body_end: BodyEnd, ending: Ending, reason: str, advice: str) -> None:
    outcome = ended(body_end)
    assert outcome.ending is ending
    assert reason in str(outcome.reason)
    assert advice in str(outcome.reason)


def test_the_content_timeout_is_named() -> None:
    outcome = ended(BodyEnd.IDLE_TIMEOUT, lacks_content=True)
    assert (outcome.ending, outcome.reason) == (Ending.IDLE_TIMEOUT, "no content came for 2 s (--content-timeout)")


def test_what_broke_the_body_is_quoted() -> None:
    assert "(peer closed)" in str(ended(BodyEnd.MISSING_LAST_CHUNK, problem="peer closed").reason)


def test_compressed_data_without_an_end_is_truncated() -> None:
    assert ended(BodyEnd.LAST_CHUNK).ending is Ending.COMPLETE
    outcome = ended(BodyEnd.LAST_CHUNK, cut=True)
    assert (outcome.ending, outcome.reason) == (Ending.TRUNCATED, CODING_IS_CUT)
