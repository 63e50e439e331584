"""What the witnesses show of one trial: they are watched until each has settled, or the grace has ended."""

import time
from itertools import zip_longest
from typing import Final

from sseprobe.probes.abort.session import Session
from sseprobe.probes.abort.trial import Trial
from sseprobe.stop_detection.answers import Answer, Detection
from sseprobe.stop_detection.judge import judge, pace_after
from sseprobe.stop_detection.records import NOTHING_NEW_NS
from sseprobe.stop_detection.samples import Healthy, Observation, Sample
from sseprobe.units import NS_PER_S, ns
from sseprobe.witnesses.watch import Watch

_SAMPLE_LIMIT_NS: Final = 3 * NS_PER_S


async def detect(session: Session, trial: Trial) -> None:
    """Watches until every witness has settled, or the grace has ended, and fills in what they show."""
    grace_ns = ns(session.setting.grace_s)
    aborted_ns = trial.aborted_ns or 0

    def settled() -> float | None:
        return 0 if all(detection.settled for detection in _detections(session, trial, over=False)) else None

    await session.until(settled, aborted_ns + grace_ns)
    if settled() is None and any(_waits_for_control_clients(watch) for watch in session.watches):
        await session.until(lambda: 0 if all(client.ended_ns for client in trial.control_clients) else None, None)
        last_ns = max([aborted_ns, *(client.ended_ns or 0 for client in trial.control_clients)])
        await session.until(settled, last_ns + grace_ns)
    # A slow witness gets the time for one sample.
    await session.until(
        lambda: 0 if all(_sampled_after(watch, aborted_ns) for watch in session.watches) else None,
        time.monotonic_ns() + _SAMPLE_LIMIT_NS,
    )
    # An app that closed its upstream request may retry in a moment.
    await session.until(
        lambda: None if _any_may_change(_detections(session, trial, over=False)) else 0,
        time.monotonic_ns() + NOTHING_NEW_NS + _SAMPLE_LIMIT_NS,
    )
    trial.detections = _detections(session, trial, over=True)
    paces = [pace_after(watch.samples(), trial.started_ns, aborted_ns) for watch in session.watches]
    trial.gap_after_ns = next((pace for pace in paces if pace is not None), None)


def _any_may_change(detections: list[Detection]) -> bool:
    return any(each.answer is Answer.STOPPED and not each.settled for each in detections)


def _waits_for_control_clients(watch: Watch) -> bool:
    """Whether its counter can be judged only once the control streams have ended."""
    readings = [sample.reading for sample in watch.samples() if isinstance(sample, Sample)]
    return any(reading.calls is None and reading.work is not None for reading in readings[-1:])


def _detections(session: Session, trial: Trial, *, over: bool) -> list[Detection]:
    ended = tuple(client.ended_ns for client in trial.control_clients if client.ended_ns is not None)
    healthy = Healthy(len(trial.control_clients), ended, sum(client.deltas for client in trial.control_clients))
    received = sum(client.deltas_at_abort for client in trial.aborting)
    detections = [
        judge(
            Observation(
                samples=watch.samples(),
                started_ns=trial.started_ns,
                aborted_ns=trial.aborted_ns or 0,
                over=over,
                received=received,
                received_by_all=trial.received_by_all,
                aborted=len(trial.aborting),
                healthy=healthy,
                counts_tokens=watch.witness.counts_tokens,
                sure=watch.witness.sure,
                is_called=watch.witness.is_called,
                pause_ns=_pause_ns(session, index, began=received > 0),
                least_share=watch.witness.least_share,
            )
        )
        for index, watch in enumerate(session.watches)
    ]
    return [
        Detection(Answer.UNKNOWN, f"was not idle before: {busy}", settled=True) if busy else each
        for busy, each in zip_longest(trial.busy, detections)
    ]


def _pause_ns(session: Session, index: int, *, began: bool) -> int | None:
    """The longest silence of a healthy stream; if content had not begun, the one before it is one too."""
    reference = session.healthy[index] if session.healthy else None
    if reference is None or reference.gap_ns is None:
        return None
    return reference.gap_ns if began else max(reference.gap_ns, reference.first_ns or 0)


def _sampled_after(watch: Watch, aborted_ns: int) -> bool:
    return any(sample.requested_ns >= aborted_ns for sample in watch.samples()[-1:])


def weigh(answers: list[tuple[bool, Answer]]) -> tuple[Answer, str | None]:
    """(direct, answer) of each witness -> the trial's answer, and a contradiction between direct witnesses."""
    direct = {answer for is_direct, answer in answers if is_direct} - {Answer.UNKNOWN}
    indirect = {answer for is_direct, answer in answers if not is_direct} - {Answer.UNKNOWN}
    if len(direct) > 1:
        return Answer.RUNNING, "direct witnesses contradict each other: one says stopped, one says running"
    heard = direct or indirect
    return (heard.pop() if len(heard) == 1 else Answer.UNKNOWN), None
