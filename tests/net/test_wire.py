"""The record of one connection."""

import pytest

from sseprobe.http_exchange import Clock
from sseprobe.net.client_socket import RawRead
from sseprobe.net.wire import TotalTimeout, Wire
from sseprobe.units import NS_PER_S


def noted(wire: Wire, t_ns: int, data: bytes = b"x") -> int:
    """The time of the read as the record has it."""
    wire.note(RawRead(data, t_ns, Clock.KERNEL, 7, 8))
    return wire.read.t_ns


def test_arrivals_never_run_backwards() -> None:
    """A packet that was overtaken is handed over late; the wall clock may be set while a stamp is on its way."""
    wire = Wire(1000, 10**12, 60)
    assert [noted(wire, t_ns) for t_ns in (900, 1500, 1400, 1600)] == [0, 500, 500, 600]


def test_the_end_of_the_stream_is_no_read() -> None:
    wire = Wire(0, 10**12, 60)
    assert (noted(wire, 5), wire.eof) == (5, False)
    assert (noted(wire, 9, b""), wire.eof) == (5, True)
    assert (wire.read.index, wire.read.clock, wire.read.lag_ns, wire.read.blind_ns) == (0, Clock.KERNEL, 7, 8)


def test_the_answer_begins_with_the_first_read() -> None:
    wire = Wire(0, 10**12, 60)
    for t_ns in (5, 9):
        noted(wire, t_ns)
        wire.note_answer()
    assert wire.answered_ns == 5


def test_t0_is_that_of_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic_ns", lambda: 100)
    wire = Wire(None, 10**12, 60)
    assert wire.now_ns() == 0
    wire.start()
    monkeypatch.setattr("time.monotonic_ns", lambda: 130)
    wire.start()
    assert (wire.t0_ns, wire.now_ns()) == (100, 30)


@pytest.mark.parametrize(("after_s", "limit_s"), [(0, 60), (239, 60), (241, 59), (299.5, 0.5)])
def test_the_shorter_limit_counts(monkeypatch: pytest.MonkeyPatch, after_s: float, limit_s: float) -> None:
    wire = Wire(10**9, 300 * NS_PER_S, 60)
    monkeypatch.setattr("time.monotonic_ns", lambda: 10**9 + int(after_s * NS_PER_S))
    assert wire.wait_limit_s() == limit_s


def test_the_time_of_the_whole_stream_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(0, 300 * NS_PER_S, 60)
    monkeypatch.setattr("time.monotonic_ns", lambda: 300 * NS_PER_S)
    with pytest.raises(TotalTimeout):
        wire.wait_limit_s()


LINE = b" /x HTTP/1.1\r\nX: a HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("http10", "written", "leaves"),
    [
        (False, [b"GET" + LINE], [b"GET" + LINE]),
        (True, [b"GET" + LINE, b"body" + LINE], [b"GET /x HTTP/1.0\r\nX: a HTTP/1.1\r\n", b"body" + LINE]),
        (True, [b"CONNECT" + LINE, b"GET" + LINE], [b"CONNECT" + LINE, b"GET /x HTTP/1.0\r\nX: a HTTP/1.1\r\n"]),
    ],
)
def test_the_version_in_the_request(http10: bool, written: list[bytes], leaves: list[bytes]) -> None:
    wire = Wire(0, 10**12, 60, http10=http10)
    assert [wire.outgoing(data) for data in written] == leaves
