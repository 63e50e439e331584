"""Trials: one abort each. Streams are opened, some leave in the phase asked for, and the witnesses are heard."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from itertools import zip_longest
from typing import Final

import msgspec
from msgspec import Struct

from sseprobe.errors import TargetError
from sseprobe.net.hangup import HangUp
from sseprobe.probes import phases
from sseprobe.probes.client import Client
from sseprobe.probes.diagnosis import answering_time_ns, told_by_answers
from sseprobe.probes.phases import Phase
from sseprobe.probes.receiving import StreamPlan
from sseprobe.report import Cause
from sseprobe.testimony import (
    Answer,
    Healthy,
    Observation,
    Reference,
    Sample,
    Testimony,
    confirm,
    judge,
    moved,
    not_idle,
    pace_after,
    refer,
)
from sseprobe.transcript import Ending
from sseprobe.units import NS_PER_MS, NS_PER_S, human_ms, ms, ns
from sseprobe.witnesses.watch import Watch

IDLE_LIMIT_NS: Final = 2 * NS_PER_S
"""How long the witnesses may take to come to rest before the first trial."""

_FIRST_ANSWER_NS: Final = 30 * NS_PER_S
_REST_LIMIT_S: Final = 10.0
_LOOK_LIMIT_NS: Final = 3 * NS_PER_S
_LOOK_TOKENS: Final = 3
_LOOK_TIMES: Final = 5
_REFERENCE_LENGTH: Final = 2.2
_REFERENCE_TIMES: Final = 3
_REFERENCE_NS: Final = 10 * NS_PER_S
_MARGIN_NS: Final = 200 * NS_PER_MS


class Setting(Struct, frozen=True):
    """What all trials have in common. `concurrency` streams at once, half of which leave; `control` more that stay."""

    plan: StreamPlan
    grace_s: float
    concurrency: int = 1
    control: int = 0

    @property
    def leavers(self) -> int:
        """How many streams leave."""
        return max(1, self.concurrency // 2)

    @property
    def stayers(self) -> int:
        """How many streams stay."""
        return self.concurrency - self.leavers + self.control


class Trial:
    """One abort, and what came of it. `reason`: why there is no answer, where it is not a witness who says so."""

    def __init__(self, how: HangUp, at: Phase) -> None:
        self.how = how
        self.at = at
        self.reason: str | None = None
        self.notes: list[str] = []
        self.started_ns = 0
        self.left_ns: int | None = None
        self.leavers: list[Client] = []
        self.stayers: list[Client] = []
        self.testimonies: list[Testimony] = []
        self.busy: list[str | None] = []
        """Why each witness was not idle before, None where it was."""
        self.gap_after_ns: float | None = None
        """Between tokens made after the hang-up, where a witness tells."""
        self.received_by_all = 0
        """Content deltas of all streams when the leavers left."""

    @property
    def hurt(self) -> list[str]:
        """What happened to streams that began well and should have stayed whole. Those that we ended are not hurt."""
        outcomes = [client.run.outcome() for client in self.stayers if client.error is None]
        not_hurt = (Ending.COMPLETE, Ending.ABORTED)
        return [f"{outcome.ending}: {outcome.reason}" for outcome in outcomes if outcome.ending not in not_hurt]

    @property
    def refused(self) -> list[str]:
        """Why streams that should have stayed did not even begin."""
        return [str(client.error) for client in self.stayers if client.error is not None]


class Bench:
    """Where trials are run: the target, and the witnesses that are being watched."""

    def __init__(self, setting: Setting, watches: list[Watch]) -> None:
        self.setting = setting
        self.watches = watches
        self._news = asyncio.Event()
        self._reference: list[Reference] | None = None
        self._reference_problem = ""
        self._reference_deltas = 0
        self._tried = False

    def news(self) -> None:
        """Something has come: whoever waits looks again."""
        self._news.set()

    async def rest(self, *, first: bool) -> list[str | None]:
        """Waits, bounded, until all witnesses are idle. Returns why each is not, None where it is."""
        if first:  # an idle server may take a while to answer a witness
            await self._until(
                lambda: 0 if all(watch.samples for watch in self.watches) else None,
                time.monotonic_ns() + _FIRST_ANSWER_NS,
            )
        since_ns = time.monotonic_ns()
        limit_ns = IDLE_LIMIT_NS if first else ns(max(_REST_LIMIT_S, 2 * self.setting.grace_s))

        def problems() -> list[str | None]:
            return [not_idle(watch.samples, since_ns) for watch in self.watches]

        await self._until(lambda: 0 if not any(problems()) else None, since_ns + limit_ns)
        return problems()

    async def run(self, trial: Trial) -> None:
        """Runs one trial. Raises TargetError where there is no stream."""
        at = trial.at
        if at.name == phases.NEAR_END and at.tokens is None:
            await self._whole_reference()
            if self._reference_problem:
                trial.reason = self._reference_problem
                return
            at = phases.near_end(self._reference_deltas)
        setting = self.setting
        trial.started_ns = time.monotonic_ns()
        trial.leavers = [Client(setting.plan, self.news) for _ in range(setting.leavers)]
        trial.stayers = [Client(setting.plan, self.news) for _ in range(setting.stayers)]
        try:
            if await self._reach(trial, at) and await self._leave(trial):
                await self._hear(trial)
            await self._until(lambda: 0 if all(client.ended_ns for client in trial.stayers) else None, None)
        finally:
            for client in [*trial.leavers, *trial.stayers]:
                await client.end()

    async def confirm(self, trials: list[Trial]) -> None:
        """Has stops that figures tell confirmed by a healthy stream, which goes on for longer than any of them took."""
        wanting = [
            (trial, testimony) for trial in trials for testimony in trial.testimonies if testimony.needs_reference
        ]
        if not wanting:
            return
        if self._reference is None and not self._reference_problem:
            longest_ns = max((testimony.stop_ns or 0) - trial.started_ns for trial, testimony in wanting)
            most: dict[int, float] = {}
            for trial in trials:
                for place, testimony in enumerate(trial.testimonies):
                    if testimony.needs_reference and testimony.made is not None:
                        most[place] = max(testimony.made, most.get(place, 0))
            with contextlib.suppress(TargetError):  # then nothing is confirmed
                await self._refer(round(longest_ns * _REFERENCE_LENGTH) + _MARGIN_NS, most)
        self.close(trials)

    def close(self, trials: list[Trial]) -> None:
        """Settles what still wants a reference: by the one that there is, or as unknown."""
        for trial in trials:
            trial.testimonies = [
                confirm(
                    testimony,
                    trial.started_ns,
                    trial.left_ns or 0,
                    self._reference[place] if self._reference else None,
                )
                for place, testimony in enumerate(trial.testimonies)
            ]

    async def _reach(self, trial: Trial, at: Phase) -> bool:
        """Waits until all that shall leave have come far enough; False if one of them has ended before."""

        def wait_s() -> float | None:
            if any(client.ended_ns is not None for client in trial.leavers):
                return 0
            working = any(moved(watch.samples, trial.started_ns) for watch in self.watches)
            waits = [phases.wait_ns(at, client.progress(seen_working=working)) for client in trial.leavers]
            known = [wait for wait in waits if wait is not None]
            return None if len(known) < len(waits) else max(known, default=0) / NS_PER_S

        await self._until(wait_s, None)
        ended = next((client for client in trial.leavers if client.ended_ns is not None), None)
        if ended is not None:
            trial.reason = self._too_early(ended, at)
            return False
        deltas = max(client.deltas for client in trial.leavers)
        if at.name == phases.BEFORE_FIRST_TOKEN and deltas:
            trial.reason = (
                f"{deltas} content deltas had come before the client could leave: there is no such phase here"
            )
            return False
        return True

    def _too_early(self, client: Client, at: Phase) -> str:
        """Why the phase was not reached. Raises TargetError if there never was a stream."""
        if client.error is not None:
            head = client.run.head
            if head is None or head.status != 200 or not _wants_no_stream(client.run.plan):
                raise client.error
            return (
                f"answered in one piece after {human_ms(ms(head.t_ns))}, before the client was to leave; leave earlier"
            )
        outcome = client.run.outcome()
        if outcome.ending is not Ending.COMPLETE:
            return f"the stream was {outcome.ending} before the client was to leave ({at.word}): {outcome.reason}"
        advice = "ask for more" if at.tokens else "ask for a longer answer"
        return f"the stream finished after {client.deltas} content deltas, before the client was to leave; {advice}"

    async def _leave(self, trial: Trial) -> bool:
        trial.received_by_all = sum(client.deltas for client in [*trial.leavers, *trial.stayers])
        for client in trial.leavers:
            try:
                if not await client.leave(trial.how):
                    trial.reason = "the connection was already gone when the client was to leave"
                    return False
            except ValueError as error:
                trial.reason = f"{trial.how} cancels one stream of HTTP/2, and {error}: take --how fin"
                return False
        trial.left_ns = max(client.left_ns or 0 for client in trial.leavers)
        if trial.at.name == phases.BEFORE_HEADERS and any(client.head_had_come for client in trial.leavers):
            trial.notes.append("the head of the answer had come by then: this server sends it at once")
        return True

    async def _hear(self, trial: Trial) -> None:
        """Watches until every witness has settled, or the grace has ended, and takes down what they say."""
        grace_ns = ns(self.setting.grace_s)
        left_ns = trial.left_ns or 0

        def settled() -> float | None:
            return 0 if all(testimony.settled for testimony in self._testify(trial, over=False)) else None

        await self._until(settled, left_ns + grace_ns)
        if settled() is None and any(self._counts_stayers(watch) for watch in self.watches):
            await self._until(lambda: 0 if all(client.ended_ns for client in trial.stayers) else None, None)
            last_ns = max([left_ns, *(client.ended_ns or 0 for client in trial.stayers)])
            await self._until(settled, last_ns + grace_ns)
        # A witness that is slow to answer is given the time for one look.
        await self._until(
            lambda: 0 if all(_asked_after(watch, left_ns) for watch in self.watches) else None,
            time.monotonic_ns() + _LOOK_LIMIT_NS,
        )
        trial.testimonies = self._testify(trial, over=True)
        paces = [pace_after(watch.samples, trial.started_ns, left_ns) for watch in self.watches]
        trial.gap_after_ns = next((pace for pace in paces if pace is not None), None)

    async def look_closer(self) -> Cause:
        """Opens a stream, asks meanwhile how soon the server answers others, and leaves."""
        plan = self.setting.plan
        client = Client(plan, self.news)
        answers_ns: list[int] = []
        try:
            await self._until(
                lambda: 0 if client.deltas >= _LOOK_TOKENS or client.ended_ns else None,
                time.monotonic_ns() + _FIRST_ANSWER_NS,
            )
            while client.ended_ns is None and len(answers_ns) < _LOOK_TIMES:
                answers_ns.append(await answering_time_ns(plan))
            gap_ns = client.gap_ns(time.monotonic_ns()) or 0
            await client.leave(HangUp.FIN)
        finally:
            await client.end()
        return told_by_answers(answers_ns, gap_ns)

    def _counts_stayers(self, watch: Watch) -> bool:
        """Whether its counter can be judged only once the streams that stay have ended."""
        readings = [sample.reading for sample in list(watch.samples) if isinstance(sample, Sample)]
        return any(reading.records is None and reading.work is not None for reading in readings[-1:])

    def _testify(self, trial: Trial, *, over: bool) -> list[Testimony]:
        ended = tuple(client.ended_ns for client in trial.stayers if client.ended_ns is not None)
        healthy = Healthy(len(trial.stayers), ended, sum(client.deltas for client in trial.stayers))
        received = sum(client.deltas_when_left for client in trial.leavers)
        said = [
            judge(
                Observation(
                    samples=list(watch.samples),
                    started_ns=trial.started_ns,
                    left_ns=trial.left_ns or 0,
                    over=over,
                    received=received,
                    received_by_all=trial.received_by_all,
                    leavers=len(trial.leavers),
                    healthy=healthy,
                    counts_tokens=watch.witness.counts_tokens,
                    sure=watch.witness.sure,
                )
            )
            for watch in self.watches
        ]
        return [
            Testimony(Answer.UNKNOWN, f"was not idle before: {busy}", settled=True) if busy else each
            for busy, each in zip_longest(trial.busy, said)
        ]

    async def _whole_reference(self) -> None:
        """A stream received to its end, once: how many content deltas it has."""
        if self._tried:
            return
        self._tried = True
        client = await self._refer(None, {})
        self._reference_deltas = client.deltas
        outcome = client.run.outcome()
        if outcome.ending is not Ending.COMPLETE:
            self._reference_problem = f"the reference stream was {outcome.ending}: {outcome.reason}"
        elif not client.deltas:
            self._reference_problem = "the reference stream had no content: there is no telling when its end is near"

    async def _refer(self, longer_than_ns: int | None, more_than: dict[int, float]) -> Client:
        """Receives a healthy stream until it has gone on for so long; None: to its end.

        It is waited for, bounded, until more was made than `more_than` by each witness's (its place) counter.
        """
        busy = any(await self.rest(first=False))
        started_ns = time.monotonic_ns()
        client = Client(self.setting.plan, self.news)

        def references() -> list[Reference]:
            elapsed_ns = (client.ended_ns or time.monotonic_ns()) - started_ns
            return [refer(watch.samples, started_ns, elapsed_ns) for watch in self.watches]

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
            await self._until(wait_s, None)
            ended = client.ended_ns is not None
            whole = not ended or (client.error is None and client.run.outcome().ending is Ending.COMPLETE)
            if not ended:
                await client.leave(HangUp.FIN)
            elif whole:
                await self.rest(first=False)  # what it counts at the end is counted late
            if whole and not busy:
                self._reference = references()
        finally:
            await client.end()
        if client.error is not None:
            raise client.error
        return client

    async def _until(self, wait_s: Callable[[], float | None], deadline_ns: int | None) -> None:
        """Waits until `wait_s` is 0: it is asked after all news, and after as long as it says; or to the deadline."""
        while (wait := wait_s()) is None or wait > 0:
            left_s = None if deadline_ns is None else (deadline_ns - time.monotonic_ns()) / NS_PER_S
            if left_s is not None and left_s <= 0:
                return
            waits = [each for each in (wait, left_s) if each is not None]
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(waits, default=None)):
                    await self._news.wait()


def weigh(testimonies: list[tuple[bool, Answer]]) -> tuple[Answer, str | None]:
    """(direct, answer) of each witness -> the trial's answer, and a contradiction between direct witnesses."""
    direct = {answer for is_direct, answer in testimonies if is_direct} - {Answer.UNKNOWN}
    indirect = {answer for is_direct, answer in testimonies if not is_direct} - {Answer.UNKNOWN}
    if len(direct) > 1:
        return Answer.RUNNING, "direct witnesses contradict each other: one says stopped, one says running"
    heard = direct or indirect
    return (heard.pop() if len(heard) == 1 else Answer.UNKNOWN), None


def _asked_after(watch: Watch, left_ns: int) -> bool:
    return bool(watch.samples) and watch.samples[-1].asked_ns >= left_ns


def _wants_no_stream(plan: StreamPlan) -> bool:
    try:
        body = msgspec.json.decode(plan.request.body or b"")
    except msgspec.DecodeError:
        return False
    return isinstance(body, dict) and not body.get("stream")
