"""Judging, with plain lists of samples: what proves a stop, what proves the opposite, and what proves nothing."""

from typing import Any

import msgspec
import pytest

from sseprobe.stop_detection.answers import Answer, Detection
from sseprobe.stop_detection.judge import has_worked, judge, not_idle, pace_after
from sseprobe.stop_detection.reference import Reference, compared, confirm, keeps_its_lag
from sseprobe.stop_detection.samples import Call, Failed, Healthy, Observation, Reading, Sample

MS = 1_000_000
STARTED, ABORTED, GRACE = 1000, 2000, 5000  # ms


def at(
    t_ms: float, work: float | None = None, running: int | None = None, calls: tuple[Call, ...] | None = None
) -> Sample:
    return Sample(round(t_ms * MS) - MS, round(t_ms * MS), Reading(work, running, calls))


def course(
    before: float = 0,
    gap: float = 50,
    after: dict[int, float] | None = None,
    until: int = ABORTED + GRACE,
    step: int = 50,
) -> list[Sample]:
    """A counter that moved every `gap` ms while the stream ran, then as `after` says (ms after the abort: value)."""
    samples = [at(500, before), at(990, before)]
    value = before
    due: float = STARTED + 100
    for t in range(STARTED, ABORTED, step):
        if t >= due:
            value, due = value + 1, due + gap
        samples.append(at(t, value))
    for t in range(ABORTED + step, until + 1, step):
        value = max([value, *(each for moment, each in (after or {}).items() if ABORTED + moment <= t)])
        samples.append(at(t, value))
    return samples


def see(samples: list[Any], *, over: bool = True, received: int = 18, **words: Any) -> Detection:
    words.setdefault("pause_ns", 50 * MS)  # as a healthy stream showed it before
    return judge(Observation(samples, STARTED * MS, ABORTED * MS, over, received, **words))


# -- a counter


def test_a_counter_that_goes_flat_has_stopped_when_it_moved_last() -> None:
    said = see(course(after={100: 19}), received=17)
    assert (said.answer, said.stop_ns, said.overrun, said.made) == (Answer.STOPPED, (ABORTED + 100) * MS, 1, 19)
    assert said.needs_reference


def test_flat_means_flat_for_300_ms() -> None:
    assert see(course(until=ABORTED + 250), over=False).answer is Answer.UNKNOWN
    assert see(course(until=ABORTED + 350), over=False).answer is Answer.STOPPED


@pytest.mark.parametrize("gap", [200, 400])
def test_flat_means_flat_for_twice_the_longest_gap(gap: int) -> None:
    assert see(course(gap=gap, until=ABORTED + 2 * gap - 100), over=False).answer is Answer.UNKNOWN
    assert see(course(gap=gap, until=ABORTED + 2 * gap + 400), over=False).answer is Answer.STOPPED


def test_a_grace_that_is_too_short_for_that_tells_nothing() -> None:
    said = see(course(gap=400, until=ABORTED + 600))
    assert (said.answer, "raise --grace" in said.evidence) == (Answer.UNKNOWN, True)


def test_a_counter_that_goes_on_is_running_only_when_the_grace_ends() -> None:
    samples = course(after={moment: 18 + moment / 50 for moment in range(50, GRACE, 50)})
    assert see(samples, over=False).answer is Answer.UNKNOWN
    said = see(samples)
    assert (said.answer, said.overrun) == (Answer.RUNNING, 99)


def test_a_slow_stream_that_goes_on_is_running_too() -> None:
    samples = course(gap=450, after={moment: 2 + moment / 450 for moment in range(450, GRACE, 450)})
    assert see(samples).answer is Answer.RUNNING


def test_a_counter_that_never_moved_proves_nothing() -> None:
    said = see([at(t, 17) for t in range(500, ABORTED + GRACE, 50)], received=40)
    assert (said.answer, said.broken) == (Answer.UNKNOWN, True)
    assert "did not change while 40 content deltas arrived (17 before, 17 after)" in said.evidence


def test_a_counter_that_is_updated_now_and_then_is_no_proof_by_itself() -> None:
    # Every two seconds: once just before the abort, and not again in the time that looks like a stop.
    samples = [at(t, 0 if t < 1950 else 9) for t in range(500, ABORTED + 1500, 50)]
    assert see(samples, over=False).answer is Answer.UNKNOWN
    said = see(samples)
    assert said.answer is Answer.STOPPED
    slow = Reference(elapsed_ns=8000 * MS, made=60, gap_ns=2000 * MS)
    assert confirm(said, STARTED * MS, slow).answer is Answer.UNKNOWN
    assert confirm(said, STARTED * MS, msgspec.structs.replace(slow, gap_ns=None)).answer is Answer.UNKNOWN
    prompt = msgspec.structs.replace(slow, gap_ns=100 * MS)
    assert confirm(said, STARTED * MS, prompt).answer is Answer.STOPPED


def test_a_late_update_at_the_graces_end_is_not_taken_for_work() -> None:
    assert see([at(t, 0 if t < 6900 else 9) for t in range(500, ABORTED + GRACE, 50)]).answer is Answer.UNKNOWN


def test_a_sample_that_was_asked_for_before_the_abort_and_had_after_it_is_neither() -> None:
    burst = [
        *course(until=ABORTED),
        Sample((ABORTED - 5) * MS, (ABORTED + 5) * MS, Reading(395)),
        at(ABORTED + 60, 395),
    ]
    said = see([*burst, *(at(t, 395) for t in range(ABORTED + 100, ABORTED + GRACE, 50))])
    assert said.overrun == 395 - 18
    assert said.stop_ns == (ABORTED + 5) * MS


def test_what_the_client_has_received_was_made_before_the_abort() -> None:
    late = course(after={30: 25, 60: 26})
    assert see(late, received=25).overrun == 1
    assert see(late, received=5).overrun == 26 - 18
    assert see(late, received=500).overrun == 1  # at most what stood there right after it


# -- and the reference


def test_a_stop_is_believed_if_a_healthy_stream_went_on() -> None:
    said = see(course())
    assert confirm(said, STARTED * MS, Reference(2000 * MS, 60)).answer is Answer.STOPPED
    assert confirm(said, STARTED * MS, None).answer is Answer.UNKNOWN
    assert confirm(confirm(said, STARTED * MS, Reference(2000 * MS, 60)), STARTED * MS, None).answer is Answer.STOPPED


def test_a_reference_whose_work_was_not_seen_does_not_show_more() -> None:
    unseen = Reference(9000 * MS, None, 50 * MS)
    said = confirm(see(course()), STARTED * MS, unseen)
    assert (said.answer, "could not be seen" in said.evidence) == (Answer.UNKNOWN, True)


def test_flat_because_the_answer_was_finished_is_no_stop() -> None:
    burst = see(course(after={50: 200}), received=18)
    said = confirm(burst, STARTED * MS, Reference(4000 * MS, 200))
    assert (said.answer, said.overrun) == (Answer.RUNNING, 182)
    short = see(course(after={50: 19}), received=18)
    assert confirm(short, STARTED * MS, Reference(4000 * MS, 19)).answer is Answer.UNKNOWN
    assert confirm(short, STARTED * MS, Reference(500 * MS, 300)).answer is Answer.UNKNOWN


def test_a_late_stop_and_a_leak_to_the_end_of_a_shorter_answer_look_alike() -> None:
    late = see(course(after={moment: 18 + moment / 50 for moment in range(50, 1000, 50)}))  # 19 more
    assert (late.answer, late.overrun) == (Answer.STOPPED, 19)
    assert confirm(late, STARTED * MS, Reference(9000 * MS, 300)).answer is Answer.STOPPED
    assert confirm(late, STARTED * MS, Reference(3500 * MS, 60)).answer is Answer.UNKNOWN
    slow = see(gauge((1100, 1), (3500, 0)))
    assert confirm(slow, STARTED * MS, Reference(9000 * MS, None)).answer is Answer.STOPPED
    assert confirm(slow, STARTED * MS, Reference(3500 * MS, None)).answer is Answer.UNKNOWN


# -- a gauge


def gauge(*changes: tuple[int, int], until: int = ABORTED + GRACE) -> list[Sample]:
    samples, value = [], 0
    for t in range(500, until, 50):
        value = next((new for moment, new in reversed(changes) if moment <= t), 0)
        samples.append(at(t, None, value))
    return samples


def test_a_gauge_comes_back() -> None:
    said = see(gauge((1100, 1), (2200, 0)))
    assert (said.answer, said.stop_ns, said.overrun) == (Answer.STOPPED, 2200 * MS, None)


def test_a_gauge_that_stays_up_is_running() -> None:
    assert see(gauge((1100, 1)), over=False).answer is Answer.UNKNOWN
    assert see(gauge((1100, 1))).answer is Answer.RUNNING


def test_a_gauge_that_never_went_up_proves_nothing() -> None:
    said = see(gauge())
    assert (said.answer, said.broken) == (Answer.UNKNOWN, True)


def test_a_gauge_seen_once_may_be_between_two_requests() -> None:
    assert see(gauge((1100, 1), (2050, 0), until=ABORTED + 51), over=False).answer is Answer.UNKNOWN


def test_both_must_agree() -> None:
    def both(sample: Sample, running: int) -> Sample:
        return msgspec.structs.replace(sample, reading=Reading(sample.reading.work, running))

    flat_but_busy = [both(sample, sample.t_ns > 1100 * MS) for sample in course()]
    assert see(flat_but_busy).answer is Answer.RUNNING
    moving = course(after={moment: 18 + moment / 50 for moment in range(50, GRACE, 50)})
    free_but_moving = [both(sample, STARTED * MS < sample.t_ns < ABORTED * MS) for sample in moving]
    assert see(free_but_moving).answer is Answer.RUNNING


# -- a number that may be either


def test_a_number_that_falls_is_a_gauge() -> None:
    samples = [at(t, 3 + (1100 <= t < 2100)) for t in range(500, ABORTED + GRACE, 50)]
    said = see(samples, sure=False)
    assert (said.answer, said.stop_ns) == (Answer.STOPPED, 2100 * MS)


def test_a_gauge_that_stays_up_is_not_taken_for_a_flat_counter() -> None:
    stuck = see([at(t, int(t >= 1100)) for t in range(500, ABORTED + GRACE, 50)], sure=False)
    # The reference runs beside the leak: the gauge goes from 1 to 2, and stays there too.
    assert confirm(stuck, STARTED * MS, Reference(3000 * MS, 1)).answer is Answer.UNKNOWN


@pytest.mark.parametrize(("pause", "answer"), [(None, Answer.UNKNOWN), (400, Answer.UNKNOWN), (150, Answer.STOPPED)])
def test_a_pause_is_no_stop(pause: int | None, answer: Answer) -> None:
    """Quiet for 700 ms: enough only where a healthy stream was seen, and paused for half of that at most."""
    said = see(course(until=ABORTED + 700), over=False, pause_ns=None if pause is None else pause * MS)
    assert said.answer is answer
    assert see(course(until=ABORTED + 700), pause_ns=2500 * MS).answer is Answer.UNKNOWN
    gauge = [at(t, None, int(1100 <= t <= ABORTED)) for t in range(500, ABORTED + 700, 50)]
    assert see(gauge, over=False, pause_ns=None if pause is None else pause * MS).answer is answer


def test_a_reference_with_longer_pauses_takes_a_stop_back() -> None:
    said = see(course())
    paused = Reference(9000 * MS, 300, 2600 * MS)
    assert confirm(said, STARTED * MS, paused).answer is Answer.UNKNOWN
    assert "--grace 8" in confirm(said, STARTED * MS, paused).evidence
    assert confirm(said, STARTED * MS, Reference(9000 * MS, 300, 2400 * MS)).answer is Answer.STOPPED


def test_a_counter_that_tells_of_more_than_a_healthy_stream() -> None:
    """The leak that paused goes on beside the reference."""
    said = see(course())
    assert confirm(said, STARTED * MS, Reference(9000 * MS, 300, 50 * MS, received=290)).answer is Answer.STOPPED
    beside_it = confirm(said, STARTED * MS, Reference(9000 * MS, 600, 50 * MS, received=290))
    assert (beside_it.answer, "something else was generating" in beside_it.evidence) == (Answer.UNKNOWN, True)


def test_a_late_stop_keeps_its_lag() -> None:
    late_stop = see(course(after={ms: 18 + ms // 20 for ms in range(20, 1201, 20)}))
    assert (late_stop.late, late_stop.overrun) == (True, 60)
    again = msgspec.structs.replace(late_stop, stop_ns=(ABORTED + 1700) * MS)
    assert keeps_its_lag(late_stop, again, ABORTED * MS, (ABORTED + 500) * MS)
    # To the end of an answer of 78: it comes as early as the client leaves late.
    end = msgspec.structs.replace(late_stop, overrun=30, made=78)
    assert not keeps_its_lag(late_stop, end, ABORTED * MS, (ABORTED + 600) * MS)
    assert not keeps_its_lag(late_stop, msgspec.structs.replace(again, overrun=10), ABORTED * MS, (ABORTED + 500) * MS)


# -- several workers behind one address


def test_workers_that_answer_in_turn_are_no_witness() -> None:
    in_turn = [at(t, n // 2 if n % 2 else 3) for n, t in enumerate(range(900, ABORTED + GRACE, 50))]
    for sure in (True, False):
        said = see(in_turn, sure=sure)
        assert (said.answer, said.broken, "several workers" in said.evidence) == (Answer.UNKNOWN, True, True)
    gauges = [at(t, None, n % 2) for n, t in enumerate(range(900, ABORTED + GRACE, 50))]
    said = see(gauges)
    assert (said.answer, "several workers" in said.evidence) == (Answer.UNKNOWN, True)


def test_a_gauge_must_stay_back() -> None:
    gauge = [at(t, None, int(1100 <= t <= ABORTED)) for t in range(500, ABORTED + 250, 50)]
    assert see(gauge, over=False).answer is Answer.UNKNOWN
    assert see([*gauge, at(ABORTED + 400, None, 0)], over=False).answer is Answer.STOPPED


def test_cpu_time_of_a_process_that_waits_for_others_says_nothing() -> None:
    busy = course(gap=1, step=1)  # a millisecond of work each millisecond, as a model's own process
    assert see(busy, least_share=0.5).answer is Answer.STOPPED
    waits = see(course(), least_share=0.5)
    assert (waits.answer, "used only 2% of a core" in waits.evidence) == (Answer.UNKNOWN, True)


# -- records


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


# -- beside healthy streams


@pytest.mark.parametrize(("total", "answer"), [(238, Answer.STOPPED), (420, Answer.RUNNING), (90, Answer.UNKNOWN)])
def test_what_healthy_streams_got_is_known(total: int, answer: Answer) -> None:
    samples = [
        at(900, 0),
        *(at(1000 + 50 * n, 2 * n) for n in range(20)),
        *(at(t, total) for t in range(4100, 6000, 50)),
    ]
    healthy = Healthy(1, (4000 * MS,), 200)
    said = see(samples, received=38, aborted=1, healthy=healthy, counts_tokens=True)
    assert said.answer is answer


@pytest.mark.parametrize(
    ("received", "total", "answer"),
    [
        (190, 395, Answer.UNKNOWN),  # 10 lacked, 5 of them made: no more than what is not seen anyway
        (190, 390, Answer.UNKNOWN),
        (170, 370, Answer.STOPPED),
        (170, 388, Answer.UNKNOWN),  # few, but more than half of what lacked
    ],
)
def test_where_the_answers_lacked_nothing_no_stop_is_seen(received: int, total: int, answer: Answer) -> None:
    samples = [at(900, 0), at(1100, 2), at(1950, 360), *(at(t, total) for t in range(4100, 6000, 50))]
    said = see(samples, received=received, healthy=Healthy(1, (4000 * MS,), 200), counts_tokens=True)
    assert said.answer is answer


def test_a_counter_of_something_else_is_not_held_against_tokens() -> None:
    samples = [
        at(900, 0),
        *(at(1000 + 50 * n, 0.2 * n) for n in range(20)),
        *(at(t, 24) for t in range(4100, 6000, 50)),
    ]
    healthy = Healthy(1, (4000 * MS,), 200)
    said = see(samples, received=38, received_by_all=76, healthy=healthy, sure=False)
    assert said.answer is Answer.UNKNOWN


# -- witnesses that fail


def test_who_cannot_be_asked_says_nothing() -> None:
    failed = [Failed(t * MS, t * MS + MS, "no answer within 2 s") for t in range(2100, 6000, 500)]
    said = see([*course(until=ABORTED), *failed])
    assert (said.answer, said.broken) == (Answer.UNKNOWN, True)
    assert "could not be read after the abort: no answer within 2 s" in said.evidence
    assert "before the stream" in see(failed).evidence


# -- being idle


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


def test_a_reference_knows_its_pauses() -> None:
    samples = [at(900, 3), at(1100, 4), at(1500, 5), at(1600, 6)]
    client = Reference(700 * MS, None)
    assert compared(samples, STARTED * MS, client) == Reference(700 * MS, 3, 400 * MS)
    assert compared(samples[:2], STARTED * MS, client).gap_ns is None
    assert compared([], STARTED * MS, client).made is None
    # What its client waited for is a pause too, whatever the counter did meanwhile.
    assert compared(samples, STARTED * MS, Reference(700 * MS, None, 900 * MS)).gap_ns == 900 * MS


def test_a_burst_has_its_pace() -> None:
    samples = [at(900, 0), at(1990, 10), at(2010, 210), at(3000, 210)]
    assert pace_after(samples, STARTED * MS, ABORTED * MS) == 10 * MS / 200
    assert pace_after(samples[:2], STARTED * MS, ABORTED * MS) is None
