"""What both ways to judge share: one witness and one trial, with samples before, during and after the stream."""

from typing import Final

from sseprobe.stop_detection.samples import Observation, Sample
from sseprobe.units import NS_PER_MS

ENDS_TOGETHER_NS: Final = 50 * NS_PER_MS
FEW_TOKENS: Final = 2


class Judge:
    """Samples put in order.

    `samples`: all from `base`, the last one before the stream. `during`: those that arrived while it ran; `after`:
    those requested after the abort. One that was requested before it and arrived after it is neither. `before`: the
    last of `during`, or `base`; `last`: the last of `after`, which must not be empty.
    """

    def __init__(self, observation: Observation, samples: list[Sample]) -> None:
        self.observation = observation
        self.samples = samples
        self.base = samples[0]
        self.during = [sample for sample in samples[1:] if sample.t_ns <= observation.aborted_ns]
        self.after = [sample for sample in samples[1:] if sample.requested_ns >= observation.aborted_ns]
        self.before = (self.during or [self.base])[-1]
        self.last = self.after[-1]

    def total_work(self) -> float | None:
        """Work in the whole trial, None without a counter."""
        return None if self.last.reading.work is None else self.last.reading.work - (self.base.reading.work or 0)

    def work_after_abort(self) -> float | None:
        """Work after the abort, None without a counter.

        What the client had received by then was made before, if the counter counts tokens; if it counts something else,
        at most the work between two samples is left out.
        """
        if self.last.reading.work is None:
            return None
        received = (self.base.reading.work or 0) + self.observation.received
        at_abort = max(self.before.reading.work or 0, min(received, self.after[0].reading.work or 0))
        return self.last.reading.work - at_abort
