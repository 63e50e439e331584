"""Records of each request: which show a stop, and which do not."""

import msgspec

from sseprobe.stop_detection.answers import Answer, Detection
from sseprobe.stop_detection.samples import Call, Healthy, Sample
from tests.support.trial_samples import ABORTED, GRACE, MS, at, see


def call(  # noqa: PLR0917  as the record lists them
    name: str = "a",
    arrived: int = 1050,
    made: float = 0,
    ended: int | None = None,
    closed: int | None = None,
    after: int = 0,
) -> Call:
    """Times in ms. One that was closed and ended has stopped."""
    return Call(
        name, arrived * MS, int(made), 750, None if closed is None else closed * MS, after,
        None if ended is None else ended * MS, stopped=closed is not None and ended is not None,
    )  # fmt: skip


def record(t: int, *calls: Call) -> Sample:
    return at(t, sum(each.made for each in calls), sum(each.running for each in calls), calls=calls)


IDLE = record(900)
RUNNING = [IDLE, record(1100, call(made=1)), record(1990, call(made=18))]


def test_a_record_needs_no_waiting() -> None:
    end = record(2020, call(made=18, ended=2001, closed=2001))
    said = see([*RUNNING, end], over=False, received=18)
    assert (said.answer, said.stop_ns, said.overrun, said.settled) == (Answer.STOPPED, 2001 * MS, 0, True)
    assert not said.needs_reference


def test_the_chain_is_told_by_its_records() -> None:
    end = record(2500, call(made=38, ended=2300, closed=2200, after=5))
    said = see([*RUNNING, end], received=18)
    assert (said.overrun, said.notice.t_ns, said.notice.made_until, said.notice.made_after) == (20, 2200 * MS, 15, 5)


def test_an_answer_made_to_its_end_is_running() -> None:
    samples = [*RUNNING, record(2100, call(made=60)), record(2900, call(made=200, ended=2900))]
    assert see(samples, over=False).answer is Answer.UNKNOWN
    assert (see(samples).answer, see(samples).overrun) == (Answer.RUNNING, 182)


def test_an_answer_that_was_made_before_the_abort_is_no_stop() -> None:
    whole = call(made=395, ended=1100)
    said = see([IDLE, record(1100, whole), record(2050, whole)], received=18)
    assert (said.answer, said.broken) == (Answer.UNKNOWN, False)
    assert "nothing was left to stop" in said.evidence
    at_once = [*RUNNING, record(2010, call(made=19, ended=2010))]
    assert see(at_once).answer is Answer.UNKNOWN  # its last token was on its way


def test_a_record_that_ended_before_the_client_left_proves_nothing() -> None:
    given_up = call(made=18, ended=1500, closed=1500)
    assert see([IDLE, record(1990, given_up), record(6900, given_up)]).answer is Answer.UNKNOWN


def test_a_record_whose_clock_is_off_may_have_ended_after_the_client_left() -> None:
    stopped = msgspec.structs.replace(call(ended=1500, closed=1500), clock_error_ns=600 * MS)
    said = see([IDLE, record(2700, stopped)], received=0)
    assert (said.answer, said.overrun) == (Answer.STOPPED, 0)
    off_by_less = msgspec.structs.replace(stopped, clock_error_ns=400 * MS)
    assert see([IDLE, record(2700, off_by_less)], received=0).answer is Answer.UNKNOWN


def test_a_record_whose_clock_is_off_may_have_come_in_time() -> None:
    own = call(made=18, ended=2010, closed=2010)
    second = msgspec.structs.replace(call("b", arrived=2300), clock_error_ns=300 * MS)
    assert "called again" not in see([*RUNNING, record(4000, own, second)], is_called=True).evidence
    exact = msgspec.structs.replace(second, clock_error_ns=100 * MS)
    assert "called again" in see([*RUNNING, record(4000, own, exact)], is_called=True).evidence


def test_who_was_never_asked_knows_nothing() -> None:
    idle = [record(t) for t in range(900, ABORTED + GRACE, 100)]
    said = see(idle)
    assert (said.answer, said.broken) == (Answer.UNKNOWN, True)
    assert "saw no request" in said.evidence
    early = see(idle, received=0)
    assert (early.answer, early.broken, "before the app called" in early.evidence) == (Answer.UNKNOWN, False, True)


def test_every_call_must_stop() -> None:
    before = record(1990, call(made=18), call("b", made=18))
    stopped = call(made=18, ended=2003, closed=2003)
    assert see([IDLE, before, record(6990, stopped, call("b", made=260))]).answer is Answer.RUNNING
    assert see([IDLE, before, record(6990, stopped, call("b", made=260, ended=5000))]).answer is Answer.RUNNING
    both = record(2050, stopped, call("b", made=18, ended=2004, closed=2004))
    assert see([IDLE, before, both], over=False).answer is Answer.STOPPED


def test_nothing_new_may_be_called_for_a_second() -> None:
    stopped = call(made=18, ended=2003, closed=2003)
    soon = see([*RUNNING, record(2100, stopped)], over=False, is_called=True)
    assert (soon.answer, soon.settled) == (Answer.STOPPED, False)
    assert see([*RUNNING, record(3100, stopped)], over=False, is_called=True).settled
    for again in (call("b", 2400, 50), call("b", 2400, 3, ended=2500), call("b", 2400, 3, ended=2500, closed=2500)):
        said = see([*RUNNING, record(6990, stopped, again)], is_called=True)
        assert said.answer is Answer.RUNNING
    assert "called again 400 ms after the abort: 3 tokens generated for it" in said.evidence
    # What asks the mock itself are its clients: nobody calls again for one that has left.
    assert see([*RUNNING, record(6990, stopped, call("b", 2400, 3, ended=2500))]).answer is Answer.STOPPED


def test_a_first_call_after_the_abort_is_late_and_not_again() -> None:
    late_call = call(arrived=2300, made=2, ended=2400, closed=2390)
    said = see([IDLE, record(3500, late_call)], received=0, is_called=True)
    assert (said.answer, said.overrun) == (Answer.STOPPED, 2)
    assert see([IDLE, record(6990, call(arrived=2300, made=200))], received=0, is_called=True).answer is Answer.RUNNING


def test_between_two_calls_nothing_is_settled() -> None:
    whole = call(made=18, ended=1500)
    waiting = see([IDLE, record(1990, whole), record(2500, whole)], over=False, is_called=True)
    assert (waiting.answer, waiting.settled) == (Answer.UNKNOWN, False)
    said = see([IDLE, record(1990, whole), record(6990, whole, call("b", 3500, 90))], is_called=True)
    assert said.answer is Answer.RUNNING


def test_all_that_leave_must_be_seen_to_stop() -> None:
    four = [call(name, made=18) for name in "abcd"]
    before = [IDLE, record(1990, *four)]
    one = call("a", made=18, ended=2001, closed=2001)
    two = call("b", made=18, ended=2002, closed=2002)
    assert see([*before, record(2050, one, *four[1:])], aborted=2, healthy=Healthy(2, (), 60)).answer is Answer.RUNNING
    assert (
        see([*before, record(2050, one, two, *four[2:])], aborted=2, healthy=Healthy(2, (), 60)).answer
        is Answer.STOPPED
    )


def test_an_app_that_makes_two_calls_for_each_client() -> None:
    four = [call(name, made=18) for name in "abcd"]
    stopped = [call(name, made=18, ended=2001, closed=2001) for name in "ab"]
    beside_one = Healthy(1, (), 60)
    assert (
        see([IDLE, record(1990, *four), record(2050, *stopped, *four[2:])], healthy=beside_one).answer is Answer.STOPPED
    )
    one_runs = record(6990, stopped[0], call("b", made=260), *four[2:])
    assert see([IDLE, record(1990, *four), one_runs], healthy=beside_one).answer is Answer.RUNNING


def test_the_wrong_stream_is_cancelled() -> None:
    """A registry by user gave up the call of the client that stayed: its stream ended, the aborted client's call goes on."""
    before = record(1990, call(made=18), call("b", made=18))
    wrong = record(6990, call(made=260), call("b", made=18, ended=2002, closed=2002))
    said = see([IDLE, before, wrong], healthy=Healthy(1, (2003 * MS,), 18))
    assert said.answer is Answer.RUNNING


def beside(*after: Sample, before: Sample, aborted: int = 1, healthy: Healthy = Healthy(1)) -> Detection:  # noqa: B008
    return see([IDLE, before, *after], aborted=aborted, healthy=healthy, received=18)


def test_beside_healthy_streams_an_answer_that_was_made_before_the_abort_is_no_leak() -> None:
    stays = call("s", made=200)
    made = record(1990, stays, call(made=200, ended=1900))
    end = record(6900, call("s", made=400), call(made=200, ended=1900))
    said = beside(end, before=made)
    assert (said.answer, "nothing was left to stop" in said.evidence) == (Answer.UNKNOWN, True)
    # One had its answer, the other one stopped; and one that ended while its client left.
    other = record(6900, call("s", made=400), call(made=200, ended=1900), call("b", made=60, ended=2001, closed=2001))
    before = record(1990, stays, call(made=200, ended=1900), call("b", made=60))
    assert beside(other, before=before, aborted=2).answer is Answer.UNKNOWN
    ended = record(6900, call("s", made=400), call(made=206, ended=2030))
    assert beside(ended, before=record(1990, stays, call(made=200))).answer is Answer.UNKNOWN


def test_beside_healthy_streams_a_leak_is_a_leak() -> None:
    busy = record(1990, call("s", made=18), call(made=18))
    assert beside(record(6900, call("s", made=300), call(made=300)), before=busy).answer is Answer.RUNNING
    ended = record(6900, call("s", made=200), call(made=200, ended=3000))
    assert beside(ended, before=busy).answer is Answer.RUNNING
    # All was made at once when the client was seen to leave.
    burst = record(2010, call("s", made=20), Call("a", 1050 * MS, 200, 200, 2001 * MS, 180, 2008 * MS))
    assert beside(burst, before=busy).answer is Answer.RUNNING
    # One aborted client had its answer, the other one leaks.
    made = record(1990, call("s", made=100), call(made=200, ended=1900), call("b", made=100))
    leaks = record(6900, call("s", made=400), call(made=200, ended=1900), call("b", made=400))
    assert beside(leaks, before=made, aborted=2).answer is Answer.RUNNING
    # It was a healthy stream that had ended before the abort, whether its client knew by then or not.
    for ends_ms in (1500, 2010):
        over = Healthy(1, (ends_ms * MS,))
        before = record(1990, call("s", made=200, ended=ends_ms - 5), call(made=100))
        after = record(6900, call("s", made=200, ended=ends_ms - 5), call(made=500))
        assert beside(after, before=before, healthy=over).answer is Answer.RUNNING
        finished = record(6900, call("s", made=200, ended=ends_ms - 5), call(made=500, ended=4000))
        assert beside(finished, before=before, healthy=over).answer is Answer.RUNNING
