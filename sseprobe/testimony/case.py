"""One witness and one trial, with something to go by: samples before the stream, while it ran, and after."""

from sseprobe.testimony.seen import Observation, Sample


class Case:
    """What every way to judge needs.

    `course`: all samples from `base`, the last before the stream. `during`: those had while it ran; `after`: those
    asked for after the hang-up. One that was asked for before it and had after it is neither.
    """

    def __init__(self, seen: Observation, course: list[Sample]) -> None:
        self.seen = seen
        self.course = course
        self.base = course[0]
        self.during = [sample for sample in course[1:] if sample.t_ns <= seen.left_ns]
        self.after = [sample for sample in course[1:] if sample.asked_ns >= seen.left_ns]
        self.before = (self.during or [self.base])[-1]
        self.last = self.after[-1]

    def made_in_all(self) -> float | None:
        """Work made in the whole trial."""
        return None if self.last.reading.work is None else self.last.reading.work - (self.base.reading.work or 0)

    def overrun_by_figures(self) -> float | None:
        """Work after the hang-up. What the client had received by then was made before, if the counter counts tokens;

        if it counts something else, at most the work between two samples is left out.
        """
        if self.last.reading.work is None:
            return None
        received = (self.base.reading.work or 0) + self.seen.received
        at_left = max(self.before.reading.work or 0, min(received, self.after[0].reading.work or 0))
        return self.last.reading.work - at_left
