"""Counters and gauges: what shows a stop, what shows the opposite, and what shows nothing."""

import msgspec
import pytest

from sseprobe.stop_detection.answers import Answer
from sseprobe.stop_detection.samples import Healthy, Reading, Sample
from tests.support.trial_samples import ABORTED, GRACE, MS, STARTED, at, course, gauge, see


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


@pytest.mark.parametrize(("pause", "answer"), [(None, Answer.UNKNOWN), (400, Answer.UNKNOWN), (150, Answer.STOPPED)])
def test_a_pause_is_no_stop(pause: int | None, answer: Answer) -> None:
    """Quiet for 700 ms: enough only where a healthy stream was seen, and paused for half of that at most."""
    said = see(course(until=ABORTED + 700), over=False, pause_ns=None if pause is None else pause * MS)
    assert said.answer is answer
    assert see(course(until=ABORTED + 700), pause_ns=2500 * MS).answer is Answer.UNKNOWN
    gauge = [at(t, None, int(1100 <= t <= ABORTED)) for t in range(500, ABORTED + 700, 50)]
    assert see(gauge, over=False, pause_ns=None if pause is None else pause * MS).answer is answer


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
