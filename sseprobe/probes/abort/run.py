"""The trials of an abort test, one after the other, and what is measured around them."""

import asyncio
import contextlib
import time
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sseprobe.errors import TargetError
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import late_stops, responsiveness
from sseprobe.probes.abort.cause import TrialFacts, cause_from_trials, late_stop
from sseprobe.probes.abort.detection import weigh
from sseprobe.probes.abort.followup_request import followup_problem, had_content
from sseprobe.probes.abort.healthy_stream import HealthyStreams
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.run_trial import run_trial
from sseprobe.probes.abort.session import Session, Setting
from sseprobe.probes.abort.sweep import Sweep, announced, plan_sweep
from sseprobe.probes.abort.trial import Trial
from sseprobe.probes.observer import Observer
from sseprobe.report import Cause
from sseprobe.stop_detection.answers import Answer, Detection, Strength
from sseprobe.stop_detection.samples import Sample
from sseprobe.units import ns
from sseprobe.witnesses.base import Witness
from sseprobe.witnesses.watch import Watch

NOT_JUDGED: Final = frozenset({AbortKind.HALF_CLOSE})


class Expect(StrEnum):
    """What a server should do when its client aborts."""

    STOP = "stop"
    CONTINUE = "continue"


class AbortPlan(Struct, frozen=True):
    """What to do, in all combinations of `hows` and `phases`, `trials` times each.

    `sweep`: so many aborts at times spread over the stream's life, instead of `phases`. `price`: US dollars for a
    million tokens; `aborts_per_minute`: the traffic to calculate with.
    """

    setting: Setting
    hows: list[AbortKind]
    phases: list[Phase]
    trials: int = 1
    expect: Expect = Expect.STOP
    max_overrun: int | None = None
    sweep: int = 0
    price: float | None = None
    aborts_per_minute: float = 1.0


class AbortRun:
    """The trials so far. `opened`: the witnesses are open already. They are closed in the end."""

    def __init__(self, plan: AbortPlan, witnesses: list[Witness], observer: Observer, *, opened: bool = False) -> None:
        self.plan = plan
        self._opened = opened
        self.witnesses = witnesses
        self.trials: list[Trial] = []
        self.problems: list[str | None] = [None] * len(witnesses)
        """Why a witness cannot give evidence, found before the first trial."""
        self.error: TargetError | None = None
        self.interrupted = False
        self.cause: Cause | None = None
        self.sweep: Sweep | None = None
        self._observer = observer

    async def go(self) -> None:
        """Runs all trials; cancelled, it keeps what was seen. Raises UsageError for a witness that is not available."""
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as cleanup:
            session = Session(self.plan.setting, [])
            healthy = HealthyStreams(session)

            def changed() -> None:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(session.news)

            for witness in self.witnesses:
                if not self._opened:
                    witness.open()
                session.watches.append(cleanup.enter_context(Watch(witness, changed)))
            try:
                if self.plan.sweep:
                    self.sweep = await plan_sweep(session, self.plan.sweep)
                    self._observer.progress(announced(self.sweep))
                await self._try_all(session, healthy)
                await healthy.confirm(self.trials)
                await late_stops.confirm(session, self.trials)
                await self._send_followup(session)
                await self._find_cause(session)
            except asyncio.CancelledError:
                self.interrupted = True
            except TargetError as error:
                self.error = error
            finally:
                healthy.close(self.trials)

    async def _try_all(self, session: Session, healthy: HealthyStreams) -> None:
        self.problems = await session.rest(first=True)
        if self.witnesses and all(self.problems):
            await self._report_witness_leaks(session)
            return  # no witness could show anything else
        phases = self.sweep.phases if self.sweep is not None else self.plan.phases
        wanted = [(how, at) for how in self.plan.hows for at in phases for _ in range(self.plan.trials)]
        for number, (how, at) in enumerate(wanted, 1):
            self._observer.progress(f"trial {number} of {len(wanted)}: {how} at {at.word}")
            busy = self.problems if number == 1 else await session.rest(first=False)
            trial = Trial(how, at)
            trial.busy = busy
            self.trials.append(trial)
            if busy and all(busy):
                trial.reason = f"the server was still busy with the previous trial: {busy[0]}"
            elif (reached := await healthy.phase_for(trial)) is not None:
                try:
                    await run_trial(session, trial, reached)
                except TargetError as error:
                    # The target answered before the abort: that it does not now is a result, not a missing target.
                    if not (self.stops_are_wanted and any(map(had_content, self.trials))):
                        raise
                    trial.followup_problem = f"the next request was refused: {error}"
                    return
                for witness in self.witnesses:
                    witness.call_off()  # it is judged: the next trial need not wait for it
                if session.healthy is None:
                    await healthy.take([trial])
                answer = self.answer_of(trial)
                unconfirmed = any(each.needs_reference for each in trial.detections)
                more = ", to be confirmed by a healthy stream" if unconfirmed else ""
                self._observer.result(f"trial {number} of {len(wanted)}: {how} at {at.word}: {answer}{more}")

    async def _report_witness_leaks(self, session: Session) -> None:
        """A witness that aborted its own request before the first trial, and still sees it run, has seen a leak."""
        for watch in session.watches:
            if not watch.witness.leaves_too or not _runs(watch):
                continue
            began_ns = time.monotonic_ns()
            grace_ns = ns(self.plan.setting.grace_s)
            await session.until(lambda watch=watch: None if _runs(watch) else 0, began_ns + grace_ns)  # type: ignore[misc]
            if not _runs(watch):
                continue
            trial = Trial(self.plan.hows[0], self.plan.phases[0])
            trial.busy = [None] * len(session.watches)
            evidence = (
                f"its own request, which it aborted at the first token to measure an idle server, still held the slot "
                f"{self.plan.setting.grace_s:g} s later"
            )
            trial.reason = f"{watch.witness.kind}: {evidence}"
            trial.detections = [
                Detection(
                    Answer.RUNNING if each is watch else Answer.UNKNOWN, evidence if each is watch else "not idle"
                )
                for each in session.watches
            ]
            self.trials.append(trial)
            self.problems = [None if each is watch else "not idle" for each in session.watches]
            return

    @property
    def stops_are_wanted(self) -> bool:
        """Whether a server that stops is right."""
        return self.plan.expect is Expect.STOP

    async def _send_followup(self, session: Session) -> None:
        """Sends one more request after the last stop, which must work as those before."""
        last = next((trial for trial in reversed(self.trials) if trial.aborted_ns is not None), None)
        if last is None or not self.stops_are_wanted or self.answer_of(last) is not Answer.STOPPED:
            return
        if any(trial.followup_problem for trial in self.trials):
            return
        last.followup_problem = await followup_problem(session, self.trials)

    async def _find_cause(self, session: Session) -> None:
        """Looks for the likely mistake of the server; response times are measured only if it continued."""
        if self.plan.expect is not Expect.STOP:
            return
        facts = [self._facts(trial) for trial in self.trials if trial.aborted_ns is not None]
        self.cause = cause_from_trials(facts) or late_stop(facts)
        if self.cause is None and any(each.running for each in facts):
            self._observer.result(
                f"FAIL: it continues after the abort; looking for the cause, {responsiveness.LIMIT_S:g} s at most"
            )
            gaps = [each.gap_ns for each in facts if each.running and each.gap_ns]
            heads = [client.run.head for trial in self.trials for client in trial.aborting]
            began_ns = [head.t_ns for head in heads if head is not None]
            self.cause = await responsiveness.find_cause(session, began_ns, gaps[0] if gaps else 0)

    def answer_of(self, trial: Trial) -> Answer:
        """What the witnesses of a trial show together."""
        shown = zip(self.witnesses, trial.detections, strict=False)
        return weigh([(witness.strength is Strength.DIRECT, detection.answer) for witness, detection in shown])[0]

    def _facts(self, trial: Trial) -> TrialFacts:
        answer = self.answer_of(trial)
        stop_ns = max((each.stop_ns for each in trial.detections if each.stop_ns is not None), default=None)
        aborted_ns = trial.aborted_ns or 0
        return TrialFacts(
            at=trial.at.name,
            running=answer is Answer.RUNNING and trial.how not in (*NOT_JUDGED, AbortKind.STALL),
            lag_ns=None if stop_ns is None else stop_ns - aborted_ns,
            overrun=max((each.overrun for each in trial.detections if each.overrun is not None), default=None),
            gap_ns=trial.aborting[0].gap_ns(aborted_ns),
            gap_after_ns=trial.gap_after_ns,
            has_ids=any(client.run.decoder.parser.last_event_id for client in trial.aborting),
            head_had_come=any(client.head_had_come for client in trial.aborting),
        )


def _runs(watch: Watch) -> bool:
    last = watch.samples()[-1:]
    return bool(last) and isinstance(last[0], Sample) and bool(last[0].reading.running)
