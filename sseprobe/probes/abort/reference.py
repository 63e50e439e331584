"""References: healthy streams, received to show how much there is to come when nobody leaves."""

import contextlib
import time
from typing import Final

from sseprobe.errors import TargetError
from sseprobe.http_exchange import Ending
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.client import Client
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.session import Bench
from sseprobe.probes.abort.trial import Trial
from sseprobe.stop_detection.reference import Reference, compared, confirm
from sseprobe.units import NS_PER_MS, NS_PER_S, ns

_REFERENCE_LENGTH: Final = 2.2
_REFERENCE_TIMES: Final = 3
_REFERENCE_NS: Final = 10 * NS_PER_S
_MARGIN_NS: Final = 200 * NS_PER_MS


class References:
    """What healthy streams have shown on a bench. They are received when they are needed."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._problem = ""
        self._ended = False
        self._whole: Client | None = None

    async def place(self, trial: Trial) -> Phase | None:
        """The trial's phase; near the end, it is counted first. None if that cannot be: the trial says why.

        Raises TargetError where there is no stream.
        """
        if trial.at.name != phases.NEAR_END:
            return trial.at
        if self._whole is None:
            self._whole = await self._refer(None, {})
            outcome = self._whole.run.outcome()
            if outcome.ending is not Ending.COMPLETE:
                self._problem = f"the reference stream was {outcome.ending}: {outcome.reason}"
            elif not self._whole.deltas:
                self._problem = "the reference stream had no content: there is no telling when its end is near"
        if self._problem:
            trial.reason = self._problem
            return None
        return phases.near_end(self._whole.deltas)

    async def confirm(self, trials: list[Trial]) -> None:
        """Has stops that figures tell confirmed by a healthy stream, which goes on for longer than any of them took."""
        await self.take(trials)
        self.close(trials)

    async def take(self, trials: list[Trial]) -> None:
        """Receives a healthy stream, if there are stops that want one and none was received that is long enough."""
        wanting = [
            (trial, detection) for trial in trials for detection in trial.testimonies if detection.needs_reference
        ]
        if not wanting or self._problem:
            return
        longest_ns = round(
            max(((detection.stop_ns or 0) - trial.started_ns) * _REFERENCE_LENGTH for trial, detection in wanting)
        )
        # A pause that begins as the client leaves is seen whole.
        watched_ns = max((trial.aborted_ns or 0) - trial.started_ns for trial, _ in wanting) + ns(
            self._bench.setting.grace_s
        )
        most: dict[int, float] = {}
        for trial in trials:
            for place, detection in enumerate(trial.testimonies):
                if detection.needs_reference and detection.made is not None:
                    most[place] = max(detection.made, most.get(place, 0))
        if not self._ended and not self._is_long_enough(longest_ns, most):
            with contextlib.suppress(TargetError):  # then nothing is confirmed
                await self._refer(max(longest_ns, watched_ns) + _MARGIN_NS, most)

    def _is_long_enough(self, longer_than_ns: int, more_than: dict[int, float]) -> bool:
        seen = self._bench.healthy
        return (
            seen is not None
            and (seen[0].elapsed_ns >= longer_than_ns)
            and all((seen[place].made or 0) > made * _REFERENCE_LENGTH for place, made in more_than.items())
        )

    def close(self, trials: list[Trial]) -> None:
        """Settles what still wants a reference: by the one that there is, or as unknown."""
        for trial in trials:
            trial.testimonies = [
                confirm(detection, trial.started_ns, self._bench.healthy[place] if self._bench.healthy else None)
                for place, detection in enumerate(trial.testimonies)
            ]

    async def _refer(self, longer_than_ns: int | None, more_than: dict[int, float]) -> Client:
        """Receives a healthy stream until it has gone on for so long; None: to its end.

        It is waited for, bounded, until more was made than `more_than` by each witness's (its place) counter.
        """
        busy = any(await self._bench.rest(first=False))
        started_ns = time.monotonic_ns()
        client = self._bench.open_stream()

        def references() -> list[Reference]:
            until_ns = client.ended_ns or time.monotonic_ns()
            pause_ns = client.longest_pause_ns(until_ns)
            seen = Reference(until_ns - started_ns, None, pause_ns, client.deltas, client.first_content_ns)
            return [compared(watch.samples(), started_ns, seen) for watch in self._bench.watches]

        def wait_s() -> float | None:
            if client.ended_ns is not None:
                return 0
            if longer_than_ns is None:
                return None
            elapsed_ns = client.progress(seen_working=True).elapsed_ns
            seen = references()
            short = [
                place for place, made in more_than.items() if (seen[place].made or 0) <= made * _REFERENCE_LENGTH + 2
            ]
            if short and elapsed_ns < _REFERENCE_TIMES * longer_than_ns + _REFERENCE_NS:
                return 0.05
            return max(0, longer_than_ns - elapsed_ns) / NS_PER_S

        try:
            await self._bench.until(wait_s, None)
            ended = client.ended_ns is not None
            whole = not ended or (client.error is None and client.run.outcome().ending is Ending.COMPLETE)
            if not ended:
                await client.leave(AbortKind.FIN)
            elif whole:
                self._ended = True
                await self._bench.rest(first=False)  # what it counts at the end is counted late
            if whole and not busy:
                self._bench.healthy = references()
        finally:
            await client.end()
        if client.error is not None:
            raise client.error
        return client
