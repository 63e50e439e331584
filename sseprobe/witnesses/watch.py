"""Watches: each witness is sampled from a thread of its own, so that the measured stream is never kept waiting."""

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

from sseprobe.stop_detection.samples import Failed, Sample
from sseprobe.units import NS_PER_S
from sseprobe.witnesses.base import Witness, WitnessError

_PATIENCE_S: Final = 0.5
_SHARE: Final = 3  # at most a quarter of the time is spent sampling: the server has other things to do


class Watch:
    """Samples a witness from `with` to its end; `changed` is called from the thread after each sample."""

    def __init__(self, witness: Witness, changed: Callable[[], None]) -> None:
        self.witness = witness
        self._samples: list[Sample | Failed] = []
        self._problem: Exception | None = None
        self._changed = changed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name=f"witness {witness.kind}")

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends; a sample that is being taken is not waited for, or not for long."""
        self._over.set()
        self._thread.join(_PATIENCE_S)

    def samples(self) -> list[Sample | Failed]:
        """The samples so far, in the order of time; runs of the same reading as two.

        Raises what the witness raised and should not have: else it would only seem to be silent.
        """
        if self._problem is not None:
            raise self._problem
        return list(self._samples)

    def _watch(self) -> None:
        try:
            with contextlib.closing(self.witness):
                self._sample_on()
        except Exception as error:  # a mistake of ours: `samples` raises it where it is noticed
            self._problem = error
            self._changed()

    def _sample_on(self) -> None:
        while not self._over.is_set():
            sample = self._sample()
            if self._over.is_set():
                break
            if len(self._samples) > 1 and _same(self._samples[-2], self._samples[-1], sample):
                self._samples[-1] = sample
            else:
                self._samples.append(sample)
            self._changed()
            took_s = (sample.t_ns - sample.requested_ns) / NS_PER_S
            self._over.wait(max(self.witness.interval_s, _SHARE * took_s))

    def _sample(self) -> Sample | Failed:
        requested_ns = time.monotonic_ns()
        try:
            reading = self.witness.sample()
        except WitnessError as error:
            return Failed(requested_ns, time.monotonic_ns(), str(error))
        return Sample(requested_ns, time.monotonic_ns(), reading)


def _same(*samples: Sample | Failed) -> bool:
    """Whether all hold the same reading, or failed alike."""
    first = samples[0]
    if isinstance(first, Failed):
        return all(isinstance(sample, Failed) and sample.reason == first.reason for sample in samples)
    return all(isinstance(sample, Sample) and sample.reading == first.reading for sample in samples)
