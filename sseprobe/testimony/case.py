"""One witness and one trial, with something to go by: samples before the stream, while it ran, and after."""

from sseprobe.testimony.seen import Observation, Sample


class Case:
    """What every way to judge needs."""

    def __init__(self, seen: Observation, base: Sample, during: list[Sample], after: list[Sample]) -> None:
        self.seen = seen
        self.base = base
        self.during = during
        self.after = after
        self.before = (during or [base])[-1]
        self.last = after[-1]

    def made_in_all(self) -> float | None:
        """Work made in the whole trial."""
        return None if self.last.reading.work is None else self.last.reading.work - (self.base.reading.work or 0)

    def overrun_by_figures(self) -> float | None:
        """Work after the hang-up. What the client had received then was made before, if the counter counts tokens."""
        if self.last.reading.work is None:
            return None
        at_left = self.before.reading.work or 0
        if self.seen.counts_tokens:
            received = (self.base.reading.work or 0) + self.seen.received
            at_left = max(at_left, min(received, self.after[0].reading.work or 0))
        return self.last.reading.work - at_left
