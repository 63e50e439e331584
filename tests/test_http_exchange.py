"""Which ends of a body HTTP calls complete, and headers by name."""

from sseprobe.http_exchange import BodyEnd, Head

CUT = {
    BodyEnd.MISSING_LAST_CHUNK,
    BodyEnd.SHORT_BODY,
    BodyEnd.TLS_CUT,
    BodyEnd.RESET,
    BodyEnd.PROTOCOL_ERROR,
    BodyEnd.IDLE_TIMEOUT,
    BodyEnd.TOTAL_TIMEOUT,
    BodyEnd.ABORT,
    BodyEnd.LIMIT,
}


def test_every_end_is_clean_or_a_cut() -> None:
    assert {end for end in BodyEnd if not end.is_clean} == CUT


def test_the_first_header_whatever_its_case() -> None:
    head = Head(200, "OK", "1.1", [("X-A", "1"), ("x-a", "2")], "http://h/", 0)
    assert (head.header("x-a"), head.header("x-b")) == ("1", None)
