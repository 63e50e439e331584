"""A stop seen by a counter or gauge is confirmed by a healthy stream, or not."""

import msgspec

from sseprobe.stop_detection.answers import Answer
from sseprobe.stop_detection.reference import Reference, compared, confirm, keeps_its_lag
from tests.support.trial_samples import ABORTED, GRACE, MS, STARTED, at, course, gauge, see


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


def test_a_gauge_that_stays_up_is_not_taken_for_a_flat_counter() -> None:
    stuck = see([at(t, int(t >= 1100)) for t in range(500, ABORTED + GRACE, 50)], sure=False)
    # The reference runs beside the leak: the gauge goes from 1 to 2, and stays there too.
    assert confirm(stuck, STARTED * MS, Reference(3000 * MS, 1)).answer is Answer.UNKNOWN


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


def test_a_reference_knows_its_pauses() -> None:
    samples = [at(900, 3), at(1100, 4), at(1500, 5), at(1600, 6)]
    client = Reference(700 * MS, None)
    assert compared(samples, STARTED * MS, client) == Reference(700 * MS, 3, 400 * MS)
    assert compared(samples[:2], STARTED * MS, client).gap_ns is None
    assert compared([], STARTED * MS, client).made is None
    # What its client waited for is a pause too, whatever the counter did meanwhile.
    assert compared(samples, STARTED * MS, Reference(700 * MS, None, 900 * MS)).gap_ns == 900 * MS
