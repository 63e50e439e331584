"""Witnesses that cannot be read, that are not idle, and the pace of their work."""

from sseprobe.stop_detection.answers import Answer
from sseprobe.stop_detection.judge import has_worked, not_idle, pace_after
from sseprobe.stop_detection.samples import Failed
from tests.support.trial_samples import ABORTED, MS, STARTED, at, course, see


def test_who_cannot_be_asked_says_nothing() -> None:
    failed = [Failed(t * MS, t * MS + MS, "no answer within 2 s") for t in range(2100, 6000, 500)]
    said = see([*course(until=ABORTED), *failed])
    assert (said.answer, said.broken) == (Answer.UNKNOWN, True)
    assert "could not be read after the abort: no answer within 2 s" in said.evidence
    assert "before the stream" in see(failed).evidence


def test_idle() -> None:
    now = 900 * MS
    assert not_idle([], 0) == "it does not answer"
    assert not_idle([Failed(0, now, "no")], 0) == "no"
    assert not_idle([at(900, None, 2)], 0) == "2 requests in progress"
    assert not_idle([at(900, None, 0)], 0) is None
    assert not_idle([at(900, 5)], 0) == "it has not been watched for long enough"
    assert not_idle([at(500, 5), at(900, 5)], 0) is None
    assert (
        not_idle([at(500, 4), at(800, 5), at(900, 5)], 0)
        == "the counter changes while no request is running (from 4 to 5)"
    )
    assert not_idle([at(900, 0, 0, ())], 0) is None
    assert not_idle([at(500, 5), at(900, 5)], 1000 * MS) == "it does not answer"


def test_working_is_seen_in_either_figure() -> None:
    assert not has_worked([at(900, 1, 0), at(1100, 1, 0)], STARTED * MS)
    assert has_worked([at(900, 1, 0), at(1100, 1, 1)], STARTED * MS)
    assert has_worked([at(900, 1, 0), at(1100, 2, 0)], STARTED * MS)
    assert not has_worked([at(1100, 2, 0)], STARTED * MS)


def test_a_burst_has_its_pace() -> None:
    samples = [at(900, 0), at(1990, 10), at(2010, 210), at(3000, 210)]
    assert pace_after(samples, STARTED * MS, ABORTED * MS) == 10 * MS / 200
    assert pace_after(samples[:2], STARTED * MS, ABORTED * MS) is None
