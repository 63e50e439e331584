"""What is reported of one trial: the answer of its witnesses, and the verdict that it means."""

from typing import Final

from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.run import NOT_JUDGED, AbortPlan, AbortRun, Expect
from sseprobe.probes.abort.trial import Trial, weigh
from sseprobe.redaction import Redactor
from sseprobe.report import ChainReport, TestimonyReport, TrialReport, Verdict
from sseprobe.stop_detection.answers import Answer, Detection, Strength
from sseprobe.units import ms
from sseprobe.witnesses.base import Witness

_BUSY: Final = (
    "It is served by the app under test, whose worker may be busy: use a witness outside it, such as log:FILE:REGEX or "
    "upstream:PORT"
)
NO_WITNESS: Final = (
    "no witness was named, and the client's side cannot show that a server stopped: name one with --witness, "
    "for instance prometheus:URL, http-json:URL#/pointer, or upstream:PORT for an app that calls an LLM"
)


def trial_reports(state: AbortRun, redact: Redactor) -> list[TrialReport]:
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


def _no_answer(how: AbortKind, at: Phase, reason: str, testimonies: list[TestimonyReport]) -> TrialReport:
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
        aborted_clients=len(trial.leavers),
        stop_lag_ms=ms(lag_ns),
        overrun_tokens=None if answer is Answer.UNKNOWN else overrun,
        chain=next((_chain(said, trial) for witness, said in heard if witness.kind == "upstream"), None),
        control_clients=len(trial.stayers),
        control_failures=[redact(said) for said in trial.hurt],
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
