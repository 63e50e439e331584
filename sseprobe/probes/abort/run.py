"""The trials of an abort test, one after the other, and what is looked at around them."""

import asyncio
import contextlib
import time
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sseprobe.errors import TargetError
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import afterwards, late_stops, sweeping
from sseprobe.probes.abort.cause import Seen, late_stop, told_by_trials
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.reference import References
from sseprobe.probes.abort.session import Bench, Setting
from sseprobe.probes.abort.trial import LOOK_S, Trial, look_closer, weigh
from sseprobe.probes.abort.trial import run as run_trial
from sseprobe.probes.observer import Observer
from sseprobe.report import Cause
from sseprobe.stop_detection.answers import Answer, Detection, Strength
from sseprobe.stop_detection.samples import Sample
from sseprobe.units import ns
from sseprobe.witnesses.base import Witness
from sseprobe.witnesses.watch import Watch

NOT_JUDGED: Final = frozenset({AbortKind.HALF_CLOSE})


class Expect(StrEnum):
    """What a server should do when its client leaves."""

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
        self.sweep: sweeping.Sweep | None = None
        self._observer = observer

    async def go(self) -> None:
        """Runs all trials; cancelled, it keeps what was seen. Raises UsageError for a witness that cannot be had."""
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as cleanup:
            bench = Bench(self.plan.setting, [])
            references = References(bench)

            def changed() -> None:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(bench.news)

            for witness in self.witnesses:
                if not self._opened:
                    witness.open()
                bench.watches.append(cleanup.enter_context(Watch(witness, changed)))
            try:
                if self.plan.sweep:
                    self.sweep = await sweeping.times(bench, self.plan.sweep)
                    self._observer.progress(sweeping.announced(self.sweep))
                await self._try_all(bench, references)
                await references.confirm(self.trials)
                await late_stops.confirm(bench, self.trials)
                await self._look_afterwards(bench)
                await self._find_cause(bench)
            except asyncio.CancelledError:
                self.interrupted = True
            except TargetError as error:
                self.error = error
            finally:
                references.close(self.trials)

    async def _try_all(self, bench: Bench, references: References) -> None:
        self.problems = await bench.rest(first=True)
        if self.witnesses and all(self.problems):
            await self._hear_those_who_left(bench)
            return  # nobody could say anything else
        phases = self.sweep.phases if self.sweep is not None else self.plan.phases
        wanted = [(how, at) for how in self.plan.hows for at in phases for _ in range(self.plan.trials)]
        for place, (how, at) in enumerate(wanted):
            self._observer.progress(f"trial {place + 1} of {len(wanted)}: {how} at {at.word}")
            busy = self.problems if not place else await bench.rest(first=False)
            trial = Trial(how, at)
            trial.busy = busy
            self.trials.append(trial)
            if busy and all(busy):
                trial.reason = f"still busy with the trial before: {busy[0]}"
            elif (reached := await references.place(trial)) is not None:
                try:
                    await run_trial(bench, trial, reached)
                except TargetError as error:
                    # What answered before and does not after a client has left is no target that cannot be reached.
                    if not (self.stops_are_wanted and any(map(afterwards.had_content, self.trials))):
                        raise
                    trial.afterwards = f"the next request was refused: {error}"
                    return
                for witness in self.witnesses:
                    witness.call_off()  # it is judged: the next trial need not wait for it
                if bench.healthy is None:
                    await references.take([trial])
                answer = self.answer_of(trial)
                open_still = any(said.needs_reference for said in trial.testimonies)
                more = ", to be confirmed by a healthy stream" if open_still else ""
                self._observer.result(f"trial {place + 1} of {len(wanted)}: {how} at {at.word}: {answer}{more}")

    async def _hear_those_who_left(self, bench: Bench) -> None:
        """A witness that asked and left before the first trial, and still sees its own request run, has seen a leak."""
        for watch in bench.watches:
            if not watch.witness.leaves_too or not _runs(watch):
                continue
            began_ns = time.monotonic_ns()
            grace_ns = ns(self.plan.setting.grace_s)
            await bench.until(lambda watch=watch: None if _runs(watch) else 0, began_ns + grace_ns)  # type: ignore[misc]
            if not _runs(watch):
                continue
            trial = Trial(self.plan.hows[0], self.plan.phases[0])
            trial.busy = [None] * len(bench.watches)
            said = (
                f"its own request, which it left at the first token to see how soon an idle server answers, still held "
                f"the slot {self.plan.setting.grace_s:g} s later"
            )
            trial.reason = f"{watch.witness.kind}: {said}"
            trial.testimonies = [
                Detection(Answer.RUNNING if each is watch else Answer.UNKNOWN, said if each is watch else "not idle")
                for each in bench.watches
            ]
            self.trials.append(trial)
            self.problems = [None if each is watch else "not idle" for each in bench.watches]
            return

    @property
    def stops_are_wanted(self) -> bool:
        """Whether a server that stops is right."""
        return self.plan.expect is Expect.STOP

    async def _look_afterwards(self, bench: Bench) -> None:
        """Sends one more request after the last stop, which must go as those before."""
        last = next((trial for trial in reversed(self.trials) if trial.aborted_ns is not None), None)
        if last is None or not self.stops_are_wanted or self.answer_of(last) is not Answer.STOPPED:
            return
        if any(trial.afterwards for trial in self.trials):
            return
        last.afterwards = await afterwards.problem(bench, self.trials)

    async def _find_cause(self, bench: Bench) -> None:
        """Looks for the mistake behind what was found. It is looked for closer only if a server goes on."""
        if self.plan.expect is not Expect.STOP:
            return
        seen = [self._seen(trial) for trial in self.trials if trial.aborted_ns is not None]
        self.cause = told_by_trials(seen) or late_stop(seen)
        if self.cause is None and any(each.running for each in seen):
            self._observer.result(
                f"FAIL: it goes on after its client has left; looking for the likely cause, {LOOK_S:g} s at most"
            )
            gaps = [each.gap_ns for each in seen if each.running and each.gap_ns]
            heads = [client.run.head for trial in self.trials for client in trial.leavers]
            began_ns = [head.t_ns for head in heads if head is not None]
            self.cause = await look_closer(bench, began_ns, gaps[0] if gaps else 0)

    def answer_of(self, trial: Trial) -> Answer:
        """What the witnesses of a trial say together."""
        heard = zip(self.witnesses, trial.testimonies, strict=False)
        return weigh([(witness.strength is Strength.DIRECT, said.answer) for witness, said in heard])[0]

    def _seen(self, trial: Trial) -> Seen:
        answer = self.answer_of(trial)
        stop_ns = max((said.stop_ns for said in trial.testimonies if said.stop_ns is not None), default=None)
        aborted_ns = trial.aborted_ns or 0
        return Seen(
            at=trial.at.name,
            running=answer is Answer.RUNNING and trial.how not in (*NOT_JUDGED, AbortKind.STALL),
            lag_ns=None if stop_ns is None else stop_ns - aborted_ns,
            overrun=max((said.overrun for said in trial.testimonies if said.overrun is not None), default=None),
            gap_ns=trial.leavers[0].gap_ns(aborted_ns),
            gap_after_ns=trial.gap_after_ns,
            has_ids=any(client.run.decoder.parser.last_event_id for client in trial.leavers),
            head_had_come=any(client.head_had_come for client in trial.leavers),
        )


def _runs(watch: Watch) -> bool:
    last = watch.samples()[-1:]
    return bool(last) and isinstance(last[0], Sample) and bool(last[0].reading.running)
