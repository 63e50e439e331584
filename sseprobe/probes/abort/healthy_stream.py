"""Healthy streams, received as a reference: how long and how much a server generates when no client aborts."""

import contextlib
import time
from typing import Final

from sseprobe.errors import TargetError
from sseprobe.http_exchange import Ending
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.client import Client
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.session import Session
from sseprobe.probes.abort.trial import Trial
from sseprobe.stop_detection.reference import Reference, compared, confirm
from sseprobe.units import NS_PER_MS, NS_PER_S, ns

_REFERENCE_LENGTH: Final = 2.2
_REFERENCE_TIMES: Final = 3
_REFERENCE_NS: Final = 10 * NS_PER_S
_MARGIN_NS: Final = 200 * NS_PER_MS


class HealthyStreams:
    """What healthy streams have shown. They are received when they are needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._problem = ""
        self._ended = False
        self._complete: Client | None = None

    async def phase_for(self, trial: Trial) -> Phase | None:
        """The trial's phase; `near-end` is counted first. None if that is not possible: the trial has the reason.

        Raises TargetError where there is no stream.
        """
        if trial.at.name != phases.NEAR_END:
            return trial.at
        if self._complete is None:
            self._complete = await self._refer(None, {})
            outcome = self._complete.run.outcome()
            if outcome.ending is not Ending.COMPLETE:
                self._problem = f"the reference stream was {outcome.ending}: {outcome.reason}"
            elif not self._complete.deltas:
                self._problem = "the reference stream had no content, so its end cannot be predicted: use another --at"
        if self._problem:
            trial.reason = self._problem
            return None
        return phases.near_end(self._complete.deltas)

    async def confirm(self, trials: list[Trial]) -> None:
        """Confirms stops that only counters show by a healthy stream, which lasts longer than any of them took."""
        await self.take(trials)
        self.close(trials)

    async def take(self, trials: list[Trial]) -> None:
        """Receives a healthy stream, if there are stops that need one and none that was received is long enough."""
        waiting = [
            (trial, detection) for trial in trials for detection in trial.detections if detection.needs_reference
        ]
        if not waiting or self._problem:
            return
        longest_ns = round(
            max(((detection.stop_ns or 0) - trial.started_ns) * _REFERENCE_LENGTH for trial, detection in waiting)
        )
        # A pause that begins with the abort is seen to its end.
        watched_ns = max((trial.aborted_ns or 0) - trial.started_ns for trial, _ in waiting) + ns(
            self._session.setting.grace_s
        )
        most: dict[int, float] = {}
        for trial in trials:
            for index, detection in enumerate(trial.detections):
                if detection.needs_reference and detection.made is not None:
                    most[index] = max(detection.made, most.get(index, 0))
        if not self._ended and not self._is_long_enough(longest_ns, most):
            with contextlib.suppress(TargetError):  # then nothing is confirmed
                await self._refer(max(longest_ns, watched_ns) + _MARGIN_NS, most)

    def _is_long_enough(self, longer_than_ns: int, more_than: dict[int, float]) -> bool:
        healthy = self._session.healthy
        return (
            healthy is not None
            and (healthy[0].elapsed_ns >= longer_than_ns)
            and all((healthy[index].made or 0) > made * _REFERENCE_LENGTH for index, made in more_than.items())
        )

    def close(self, trials: list[Trial]) -> None:
        """Settles what still needs a reference: by the one received, or as unknown."""
        for trial in trials:
            trial.detections = [
                confirm(detection, trial.started_ns, self._session.healthy[index] if self._session.healthy else None)
                for index, detection in enumerate(trial.detections)
            ]

    async def _refer(self, longer_than_ns: int | None, more_than: dict[int, float]) -> Client:
        """Receives a healthy stream for so long; None: to its end.

        It waits, bounded, until the counter of each witness (by its index) has passed `more_than`.
        """
        busy = any(await self._session.rest(first=False))
        started_ns = time.monotonic_ns()
        client = self._session.open_stream()

        def references() -> list[Reference]:
            until_ns = client.ended_ns or time.monotonic_ns()
            pause_ns = client.longest_pause_ns(until_ns)
            measured = Reference(until_ns - started_ns, None, pause_ns, client.deltas, client.first_content_ns)
            return [compared(watch.samples(), started_ns, measured) for watch in self._session.watches]

        def wait_s() -> float | None:
            if client.ended_ns is not None:
                return 0
            if longer_than_ns is None:
                return None
            elapsed_ns = client.progress(seen_working=True).elapsed_ns
            counted = references()
            short = [
                index for index, made in more_than.items() if (counted[index].made or 0) <= made * _REFERENCE_LENGTH + 2
            ]
            if short and elapsed_ns < _REFERENCE_TIMES * longer_than_ns + _REFERENCE_NS:
                return 0.05
            return max(0, longer_than_ns - elapsed_ns) / NS_PER_S

        try:
            await self._session.until(wait_s, None)
            ended = client.ended_ns is not None
            is_healthy = not ended or (client.error is None and client.run.outcome().ending is Ending.COMPLETE)
            if not ended:
                await client.abort(AbortKind.FIN)
            elif is_healthy:
                self._ended = True
                await self._session.rest(first=False)  # the end is counted late
            if is_healthy and not busy:
                self._session.healthy = references()
        finally:
            await client.end()
        if client.error is not None:
            raise client.error
        return client
