"""One trial as a witness saw it, as plain lists of samples. Times in ms."""

from typing import Any

from sseprobe.stop_detection.answers import Detection
from sseprobe.stop_detection.judge import judge
from sseprobe.stop_detection.samples import Call, Observation, Reading, Sample

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


def gauge(*changes: tuple[int, int], until: int = ABORTED + GRACE) -> list[Sample]:
    samples, value = [], 0
    for t in range(500, until, 50):
        value = next((new for moment, new in reversed(changes) if moment <= t), 0)
        samples.append(at(t, None, value))
    return samples
