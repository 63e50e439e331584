"""How a recorded ending is imitated, in HTTP/1.1 and in HTTP/1.0."""

import pytest

from sseprobe.http_exchange import BodyEnd
from sseprobe.replay.ending import Close, Framing, style_of


@pytest.mark.parametrize("end", BodyEnd)
def test_every_ending_can_be_imitated(end: BodyEnd) -> None:
    assert style_of(end, http10=False).framing in Framing
    assert style_of(end, http10=True).framing is not Framing.CHUNKED


@pytest.mark.parametrize(
    ("end", "last", "close"),
    [
        (BodyEnd.LAST_CHUNK, b"0\r\n\r\n", Close.FIN),
        (BodyEnd.MISSING_LAST_CHUNK, b"", Close.FIN),
        (BodyEnd.RESET, b"", Close.RST),
        (BodyEnd.LEFT_OPEN, b"", Close.HOLD),
        (BodyEnd.ABORT, b"", Close.FIN),
    ],
)
def test_what_follows_the_body(end: BodyEnd, last: bytes, close: Close) -> None:
    style = style_of(end, http10=False)
    assert (style.framing, style.last, style.close) == (Framing.CHUNKED, last, close)


def test_http10_shows_a_truncation_by_the_length() -> None:
    assert style_of(BodyEnd.LAST_CHUNK, http10=True).framing is Framing.CLOSE
    assert style_of(BodyEnd.MISSING_LAST_CHUNK, http10=True).framing is Framing.TOO_LONG
