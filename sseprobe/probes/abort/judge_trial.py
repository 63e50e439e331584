"""Judges trials: the answer of the witnesses, the verdict that follows from it, and the report of both."""

from typing import Final

from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.detection import weigh
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.run import NOT_JUDGED, AbortPlan, AbortRun, Expect
from sseprobe.probes.abort.trial import Trial
from sseprobe.redaction import Redactor
from sseprobe.report import ChainReport, TestimonyReport, TrialReport, Verdict
from sseprobe.stop_detection.answers import Answer, Detection, Strength
from sseprobe.units import ms
from sseprobe.witnesses.base import Witness

_BUSY: Final = (
    "It is served by the app under test, whose worker may be busy: use a witness outside the app, such as "
    "log:FILE:REGEX or upstream:PORT"
)
NO_WITNESS: Final = (
    "no witness was named, and the client alone cannot see whether the server stopped: name one with --witness, "
    "such as prometheus:URL, http-json:URL#/pointer, or upstream:PORT for an app that calls an LLM"
)


def trial_reports(state: AbortRun, redact: Redactor) -> list[TrialReport]:
    reports = [_trial(state, trial, redact) for trial in state.trials]
    if state.witnesses and all(state.problems):
        testimonies = [
            TestimonyReport(witness.kind, Answer.UNKNOWN, witness.strength, redact(problem or ""))
            for witness, problem in zip(state.witnesses, state.problems, strict=True)
        ]
        plan = state.plan
        reason = "no witness was ready, so no stream was opened"
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
    plan, shown = state.plan, list(zip(state.witnesses, trial.detections, strict=False))
    answer, contradiction = weigh([(witness.strength is Strength.DIRECT, each.answer) for witness, each in shown])
    direct = [each for witness, each in shown if witness.strength is Strength.DIRECT]
    overruns = [each.overrun for each in direct if each.overrun is not None and not each.broken]
    overrun = round(max(overruns)) if overruns else None
    stops = [each.stop_ns for _, each in shown if each.stop_ns is not None and each.answer is Answer.STOPPED]
    lag_ns = max(0, max(stops) - (trial.aborted_ns or 0)) if stops and answer is Answer.STOPPED else None
    verdict, reason = _judge(plan, answer, overrun)
    reason = trial.reason or reason or (_why_unknown(shown) if answer is Answer.UNKNOWN else None)
    if reason is None and answer is Answer.UNKNOWN:
        reason = NO_WITNESS if not state.witnesses else str(state.error or "interrupted before the witnesses were read")
    if trial.followup_problem and answer is not Answer.RUNNING and plan.expect is Expect.STOP:
        verdict, reason = Verdict.FAIL, f"it stopped, but does not work as before: {trial.followup_problem}"
    if trial.control_failures:
        verdict = Verdict.FAIL
    elif trial.refused and verdict is Verdict.PASS:
        verdict, reason = Verdict.INCONCLUSIVE, f"a control stream did not begin: {trial.refused[0]}"
    return TrialReport(
        how=str(trial.how),
        at=trial.at.word,
        answer=answer,
        verdict=None if (trial.how in NOT_JUDGED or _missed(plan, trial)) and not trial.control_failures else verdict,
        reason=redact(reason) if reason else None,
        left_ms=None if trial.aborted_ns is None else ms(trial.aborted_ns - trial.started_ns),
        deltas=sum(client.deltas_at_abort for client in trial.aborting) if trial.aborted_ns is not None else None,
        aborted_clients=len(trial.aborting),
        stop_lag_ms=ms(lag_ns),
        overrun_tokens=None if answer is Answer.UNKNOWN else overrun,
        chain=next((_chain(each, trial) for witness, each in shown if witness.kind == "upstream"), None),
        control_clients=len(trial.control_clients),
        control_failures=[redact(failure) for failure in trial.control_failures],
        notes=[*trial.notes, *([contradiction] if contradiction else [])],
        testimonies=[
            TestimonyReport(witness.kind, each.answer, witness.strength, redact(_evidence(witness, each)))
            for witness, each in shown
        ],
    )


def _missed(plan: AbortPlan, trial: Trial) -> bool:
    """Whether an abort of a sweep came when there was nothing to stop, as some of them will."""
    over = trial.aborted_ns is None and trial.reason is not None
    nothing = bool(trial.detections) and all(each.nothing_left for each in trial.detections)
    return bool(plan.sweep) and (over or nothing)


def _evidence(witness: Witness, detection: Detection) -> str:
    if detection.broken and witness.is_of_target and detection.unreachable:
        return f"{detection.evidence}. {_BUSY}"
    return f"{detection.evidence}. {witness.hint}" if detection.broken and witness.hint else detection.evidence


def _why_unknown(shown: list[tuple[Witness, Detection]]) -> str | None:
    unknown = [(witness, detection) for witness, detection in shown if detection.answer is Answer.UNKNOWN]
    return f"{unknown[0][0].kind}: {_evidence(*unknown[0])}" if unknown else None


def _chain(detection: Detection, trial: Trial) -> ChainReport | None:
    beside = trial.control_clients and detection.answer is Answer.RUNNING  # whose request was closed is unknown
    if trial.aborted_ns is None or detection.broken or beside or detection.notice.of_some:
        return None
    notice = detection.notice
    return ChainReport(
        closed_ms=None if notice.t_ns is None else ms(max(0, notice.t_ns - trial.aborted_ns)),
        tokens_until_close=None if notice.made_until is None else round(notice.made_until),
        tokens_after_close=None if notice.made_after is None else round(notice.made_after),
    )


def _judge(plan: AbortPlan, answer: Answer, overrun: int | None) -> tuple[Verdict, str | None]:
    """The verdict on an answer, and its reason where the answer does not give it."""
    if answer is Answer.UNKNOWN:
        return Verdict.INCONCLUSIVE, None
    if plan.expect is Expect.CONTINUE:
        if answer is Answer.RUNNING:
            return Verdict.PASS, None
        return Verdict.FAIL, "the server stopped, and was expected to continue"
    if answer is Answer.RUNNING:
        return Verdict.FAIL, None
    if plan.max_overrun is None or (overrun is not None and overrun <= plan.max_overrun):
        return Verdict.PASS, None
    if overrun is None:
        return Verdict.INCONCLUSIVE, "no witness counts tokens, so --max-overrun cannot be judged"
    return (
        Verdict.FAIL,
        f"it stopped, but generated {overrun} tokens after the abort; --max-overrun allows {plan.max_overrun}",
    )
