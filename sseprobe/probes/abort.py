"""The `abort` probe: hang up, ask the witnesses, and say with evidence whether the server stopped."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from sseprobe import exit_codes
from sseprobe.metrics import Distribution
from sseprobe.net.hangup import HangUp
from sseprobe.probes import sweeping
from sseprobe.probes.abort_run import NOT_JUDGED, AbortPlan, AbortRun, Expect
from sseprobe.probes.phases import Phase
from sseprobe.probes.receiving import now
from sseprobe.probes.stream import report_of
from sseprobe.probes.trials import Trial, weigh
from sseprobe.redaction import Redactor
from sseprobe.report import (
    AbortSummary,
    ChainReport,
    Cost,
    Counts,
    Percentiles,
    Report,
    StreamReport,
    TestimonyReport,
    TrialReport,
    Verdict,
)
from sseprobe.reporting import target_of
from sseprobe.stop_detection.answers import Answer, Detection, Strength
from sseprobe.units import ms, ns
from sseprobe.witnesses.base import Witness

_MINUTES_A_DAY: Final = 24 * 60
_ANY_FIGURE: Final = frozenset({"http-json", "prometheus"})
_BUSY: Final = (
    "It is served by the app under test, whose worker may be busy: use a witness outside it, such as log:FILE:REGEX or "
    "upstream:PORT"
)
_OWN_WORD: Final = (
    "is served by the app under test, and shows that app's own work only. If the app calls an LLM, only a witness on "
    "that side (upstream:PORT, or the provider's own metrics) shows whether generation stopped there"
)
NO_WITNESS: Final = (
    "no witness was named, and the client's side cannot show that a server stopped: name one with --witness, "
    "for instance prometheus:URL, http-json:URL#/pointer, or upstream:PORT for an app that calls an LLM"
)


def run(plan: AbortPlan, witnesses: list[Witness], progress: Callable[[str], None], *, opened: bool = False) -> Report:
    """Runs the probe. Never raises for what a target or a witness does. Raises UsageError.

    `opened`: the witnesses are open already. They are closed in the end.
    """
    started_at, started_ns = now(), time.monotonic_ns()
    state = AbortRun(plan, witnesses, progress, opened=opened)
    try:
        asyncio.run(state.go())
    except KeyboardInterrupt:
        state.interrupted = True
    return _report(state, started_at, started_ns)


async def try_once(plan: AbortPlan, witnesses: list[Witness]) -> TrialReport:
    """One trial beside other work on this loop; its witnesses are closed in the end. Raises as `run` does."""
    state = AbortRun(plan, witnesses, lambda _said: None, opened=False)
    await state.go()
    return _trials(state, plan.setting.plan.redact)[0]


def _report(state: AbortRun, started_at: str, started_ns: int) -> Report:
    plan = state.plan
    redact = plan.setting.plan.redact
    trials = _trials(state, redact)
    verdict, exit_code = _verdict(state, trials)
    dialect = plan.setting.plan.dialect
    return Report(
        command="abort-test",
        target=target_of(plan.setting.plan.request, _dialect_seen(state) or (dialect.name if dialect else "plain")),
        started_at=started_at,
        duration_ms=round((time.monotonic_ns() - started_ns) / 1e6, 3),
        verdict=verdict,
        exit_code=exit_code,
        error=redact(str(state.error)) if state.error else None,
        streams=_streams(state),
        trials=trials,
        abort=_summary(state, trials),
        notes=[redact(note) for note in _notes(state, trials)],
    )


def _trials(state: AbortRun, redact: Redactor) -> list[TrialReport]:
    reports = [_trial(state, trial, redact) for trial in state.trials]
    if state.witnesses and all(state.problems):
        testimonies = [
            TestimonyReport(witness.kind, Answer.UNKNOWN, witness.strength, redact(problem or ""))
            for witness, problem in zip(state.witnesses, state.problems, strict=True)
        ]
        plan = state.plan
        reason = "no witness was ready, so that no stream was opened"
        reports = [
            _no_answer(how, at, reason, testimonies)
            for how in plan.hows
            for at in plan.phases
            for _ in range(plan.trials)
        ]
    return reports


def _no_answer(how: HangUp, at: Phase, reason: str, testimonies: list[TestimonyReport]) -> TrialReport:
    verdict = None if how in NOT_JUDGED else Verdict.INCONCLUSIVE
    return TrialReport(
        str(how), at.word, Answer.UNKNOWN, verdict, reason, None, None, 0, None, None, None, 0, [], [], testimonies
    )


def _trial(state: AbortRun, trial: Trial, redact: Redactor) -> TrialReport:
    plan, heard = state.plan, list(zip(state.witnesses, trial.testimonies, strict=False))
    answer, contradiction = weigh([(witness.strength is Strength.DIRECT, said.answer) for witness, said in heard])
    direct = [said for witness, said in heard if witness.strength is Strength.DIRECT]
    overruns = [said.overrun for said in direct if said.overrun is not None and not said.broken]
    overrun = round(max(overruns)) if overruns else None
    stops = [said.stop_ns for _, said in heard if said.stop_ns is not None and said.answer is Answer.STOPPED]
    lag_ns = max(0, max(stops) - (trial.aborted_ns or 0)) if stops and answer is Answer.STOPPED else None
    verdict, reason = _judge(plan, answer, overrun)
    reason = trial.reason or reason or (_why_unknown(heard) if answer is Answer.UNKNOWN else None)
    if reason is None and answer is Answer.UNKNOWN:
        reason = NO_WITNESS if not state.witnesses else str(state.error or "interrupted before the witnesses were read")
    if trial.afterwards and answer is not Answer.RUNNING and plan.expect is Expect.STOP:
        verdict, reason = Verdict.FAIL, f"it stopped, and does not work as before afterwards: {trial.afterwards}"
    if trial.hurt:
        verdict = Verdict.FAIL
    elif trial.refused and verdict is Verdict.PASS:
        verdict, reason = Verdict.INCONCLUSIVE, f"a stream beside it did not begin: {trial.refused[0]}"
    return TrialReport(
        how=str(trial.how),
        at=trial.at.word,
        answer=answer,
        verdict=None if (trial.how in NOT_JUDGED or _missed(plan, trial)) and not trial.hurt else verdict,
        reason=redact(reason) if reason else None,
        left_ms=None if trial.aborted_ns is None else ms(trial.aborted_ns - trial.started_ns),
        deltas=sum(client.deltas_when_left for client in trial.leavers) if trial.aborted_ns is not None else None,
        leavers=len(trial.leavers),
        stop_lag_ms=ms(lag_ns),
        overrun_tokens=None if answer is Answer.UNKNOWN else overrun,
        chain=next((_chain(said, trial) for witness, said in heard if witness.kind == "upstream"), None),
        stayers=len(trial.stayers),
        hurt=[redact(said) for said in trial.hurt],
        notes=[*trial.notes, *([contradiction] if contradiction else [])],
        testimonies=[
            TestimonyReport(witness.kind, said.answer, witness.strength, redact(_evidence(witness, said)))
            for witness, said in heard
        ],
    )


def _missed(plan: AbortPlan, trial: Trial) -> bool:
    """Whether an abort of a sweep came when there was nothing to stop, as some of them must."""
    over = trial.aborted_ns is None and trial.reason is not None
    nothing = bool(trial.testimonies) and all(said.nothing_left for said in trial.testimonies)
    return bool(plan.sweep) and (over or nothing)


def _evidence(witness: Witness, said: Detection) -> str:
    if said.broken and witness.is_of_target and said.unreachable:
        return f"{said.evidence}. {_BUSY}"
    return f"{said.evidence}. {witness.hint}" if said.broken and witness.hint else said.evidence


def _why_unknown(heard: list[tuple[Witness, Detection]]) -> str | None:
    unknown = [(witness, said) for witness, said in heard if said.answer is Answer.UNKNOWN]
    return f"{unknown[0][0].kind}: {_evidence(*unknown[0])}" if unknown else None


def _chain(said: Detection, trial: Trial) -> ChainReport | None:
    beside = trial.stayers and said.answer is Answer.RUNNING  # whose request was closed is not told
    if trial.aborted_ns is None or said.broken or beside or said.notice.of_some:
        return None
    notice = said.notice
    return ChainReport(
        closed_ms=None if notice.t_ns is None else ms(max(0, notice.t_ns - trial.aborted_ns)),
        tokens_until_close=None if notice.made_until is None else round(notice.made_until),
        tokens_after_close=None if notice.made_after is None else round(notice.made_after),
    )


def _judge(plan: AbortPlan, answer: Answer, overrun: int | None) -> tuple[Verdict, str | None]:
    """What an answer means for what is expected."""
    if answer is Answer.UNKNOWN:
        return Verdict.INCONCLUSIVE, None
    if plan.expect is Expect.CONTINUE:
        if answer is Answer.RUNNING:
            return Verdict.PASS, None
        return Verdict.FAIL, "the server stopped, and was expected to go on"
    if answer is Answer.RUNNING:
        return Verdict.FAIL, None
    if plan.max_overrun is None or (overrun is not None and overrun <= plan.max_overrun):
        return Verdict.PASS, None
    if overrun is None:
        return Verdict.INCONCLUSIVE, "no witness counts tokens, so that --max-overrun cannot be judged"
    return Verdict.FAIL, f"it stopped, but made {overrun} tokens after the hang-up; at most {plan.max_overrun} may be"


def _verdict(state: AbortRun, trials: list[TrialReport]) -> tuple[Verdict, int]:
    """Fails if a judged trial failed, passes if all passed; inconclusive if a named witness gave no evidence."""
    judged = [trial.verdict for trial in trials if trial.verdict is not None]
    if state.interrupted:
        return Verdict.INCONCLUSIVE, exit_codes.INTERRUPTED
    if state.error is not None:
        return Verdict.FAIL, exit_codes.NO_STREAM
    if Verdict.FAIL in judged:
        return Verdict.FAIL, exit_codes.FAIL
    if judged and set(judged) == {Verdict.PASS} and not _broken(state):
        return Verdict.PASS, exit_codes.PASS
    return Verdict.INCONCLUSIVE, exit_codes.INCONCLUSIVE


def _broken(state: AbortRun) -> list[str]:
    """Direct witnesses that were named and gave no evidence."""
    kinds = [
        witness.kind
        for witness, problem in zip(state.witnesses, state.problems, strict=True)
        if problem and witness.strength is Strength.DIRECT
    ]
    for trial in state.trials:
        kinds += [
            witness.kind
            for witness, said in zip(state.witnesses, trial.testimonies, strict=False)
            if said.broken and witness.strength is Strength.DIRECT
        ]
    return list(dict.fromkeys(kinds))


def _notes(state: AbortRun, trials: list[TrialReport]) -> list[str]:
    notes = []
    for witness, problem in zip(state.witnesses, state.problems, strict=True):
        if problem:
            notes.append(f"the witness {witness.kind} was not ready before the first trial: {problem}")
    own = [
        witness.kind
        for witness in state.witnesses
        if witness.is_of_target and witness.kind in _ANY_FIGURE and not witness.counts_tokens
    ]
    if own and any(trial.answer is Answer.STOPPED for trial in trials):
        notes.append(f"{', '.join(dict.fromkeys(own))} {_OWN_WORD}")
    if broken := _broken(state):
        notes.append(f"witness {', '.join(broken)} gave no evidence; without it the verdict cannot be pass")
    if not state.witnesses:
        notes.append(NO_WITNESS)
    if trials and all(trial.verdict is None for trial in trials):
        notes.append("half-close is reported, not judged: HTTP leaves open what it means. Judge fin or rst as well")
    kinds = {witness.strength for witness in state.witnesses}
    if kinds == {Strength.INDIRECT}:
        notes.append("all evidence is indirect: name a witness that sees the work itself, if there is one")
    return notes


def _summary(state: AbortRun, trials: list[TrialReport]) -> AbortSummary:
    plan, judged = state.plan, [trial for trial in trials if trial.how not in NOT_JUDGED]
    lags = Distribution()
    for trial in judged:
        if trial.stop_lag_ms is not None:
            lags.add(ns(trial.stop_lag_ms / 1000))
    overruns = sorted(trial.overrun_tokens for trial in judged if trial.overrun_tokens is not None)
    counts = None
    if overruns:
        middle = overruns[(len(overruns) - 1) // 2]
        mean = round(sum(overruns) / len(overruns), 3)
        counts = Counts(len(overruns), overruns[0], middle, overruns[-1], mean)
    answers = [trial.answer for trial in judged]
    return AbortSummary(
        expect=str(plan.expect),
        stopped=answers.count(Answer.STOPPED),
        running=answers.count(Answer.RUNNING),
        unknown=answers.count(Answer.UNKNOWN),
        stop_lag_ms=Percentiles.of(lags),
        overrun_tokens=counts,
        cost=_cost(plan, counts, running=Answer.RUNNING in answers),
        cause=state.cause,
        sweep=None if state.sweep is None else sweeping.report(state.sweep, trials, state.trials),
    )


def _cost(plan: AbortPlan, overruns: Counts | None, *, running: bool) -> Cost | None:
    if plan.price is None or overruns is None:
        return None
    a_day = overruns.mean * plan.aborts_per_minute * _MINUTES_A_DAY * plan.price / 1e6
    return Cost(plan.price, plan.aborts_per_minute, round(a_day, 6), at_least=running)


def _streams(state: AbortRun) -> list[StreamReport]:
    """The streams that left, and those that should have stayed whole and did not."""
    clients = [client for trial in state.trials for client in trial.leavers]
    clients += [client for trial in state.trials if trial.hurt for client in trial.stayers]
    reports = [report_of(client.run, client.error) for client in clients]
    return [report for report in reports if report is not None]


def _dialect_seen(state: AbortRun) -> str | None:
    clients = [client for trial in state.trials for client in trial.leavers if client.deltas]
    return clients[0].run.reception.dialect.name if clients else None
