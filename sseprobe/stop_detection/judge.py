"""Judges what one witness saw of one abort, and answers smaller questions about its samples."""

from collections.abc import Sequence

from sseprobe.stop_detection.answers import Answer, Detection, number, requests
from sseprobe.stop_detection.counters import FLAT_NS, SOME_WORK, CounterJudge
from sseprobe.stop_detection.records import RecordJudge
from sseprobe.stop_detection.samples import Call, Failed, Observation, Sample, moves, since


def judge(observation: Observation) -> Detection:
    """Whether the server stopped, as far as the witness has seen."""
    samples = since(observation.samples, observation.started_ns)
    if not any(sample.requested_ns >= observation.aborted_ns for sample in samples):
        when = "after the abort" if samples else "before the stream"
        failed = [sample.reason for sample in observation.samples if isinstance(sample, Failed)]
        evidence = f"could not be read {when}: {failed[-1] if failed else 'no answer'}"
        settled = not samples or observation.over
        return Detection(Answer.UNKNOWN, evidence, settled=settled, broken=True, unreachable=True)
    kind = CounterJudge if samples[0].reading.calls is None else RecordJudge
    return kind(observation, samples).judge()


def not_idle(samples: Sequence[Sample | Failed], since_ns: int) -> str | None:
    """Why the witness is not known to be idle, judged by its samples since then; None if it is."""
    last = samples[-1] if samples else None
    if last is None or last.t_ns < since_ns:
        return "it does not answer"
    if isinstance(last, Failed):
        return last.reason
    if last.reading.running:
        return f"{requests(last.reading.running)} in progress"
    if last.reading.calls is not None or last.reading.work is None:
        return None
    flat_since = last.t_ns
    for sample in reversed(samples):
        if isinstance(sample, Failed) or sample.reading.work != last.reading.work:
            before = "" if isinstance(sample, Failed) else f"from {number(sample.reading.work)} "
            why = f"the counter changes while no request is running ({before}to {number(last.reading.work)})"
            break
        flat_since = sample.requested_ns
    else:
        why = "it has not been watched for long enough"
    return None if last.t_ns - flat_since >= FLAT_NS else why


def has_worked(samples: Sequence[Sample | Failed], started_ns: int) -> bool:
    """Whether the witness was seen working since then."""
    relevant = since(samples, started_ns)
    if not relevant:
        return False
    base, last = relevant[0].reading, relevant[-1].reading
    return (last.running or 0) > (base.running or 0) or (last.work or 0) > (base.work or 0)


def calls_since(samples: Sequence[Sample | Failed], started_ns: int) -> list[Call]:
    """The requests that a witness served since then, as it saw them last; none if it keeps no record of them."""
    relevant = since(samples, started_ns)
    known = {call.id for call in relevant[0].reading.calls or ()} if relevant else set()
    return [call for call in (relevant[-1].reading.calls or () if relevant else ()) if call.id not in known]


def pace_after(samples: Sequence[Sample | Failed], started_ns: int, aborted_ns: int) -> float | None:
    """Time for each unit of work after the abort, in ns, to the last move; None if there was hardly any work."""
    relevant = since(samples, started_ns)
    before = [sample for sample in relevant if sample.t_ns <= aborted_ns]
    made = (relevant[-1].reading.work or 0) - (before[-1].reading.work or 0) if before else 0
    return (max(moves(relevant)) - aborted_ns) / made if made > SOME_WORK else None
