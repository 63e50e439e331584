"""The result of an abort test: its trials, their summary, and the verdict."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sseprobe.probes.abort.judge_trial import NO_WITNESS, trial_reports
from sseprobe.probes.abort.run import NOT_JUDGED, AbortPlan, AbortRun
from sseprobe.probes.abort.sweep import report_of as sweep_report
from sseprobe.probes.stream_report import report_of
from sseprobe.report import AbortSummary, Cost, Counts, Percentiles, StreamReport, TrialReport, Verdict
from sseprobe.rules.probe_results import Aborts, AbortTrial
from sseprobe.stop_detection.answers import Answer, Strength
from sseprobe.streams.metrics import Distribution
from sseprobe.units import ns

_MINUTES_A_DAY: Final = 24 * 60
_COUNTER_WITNESSES: Final = frozenset({"http-json", "prometheus"})
_ONLY_OWN_WORK: Final = (
    "is served by the app under test, and shows that app's own work only. If the app calls an LLM, only a witness on "
    "that side (upstream:PORT, or the provider's own metrics) shows whether generation stopped there"
)


class AbortResult(Struct, frozen=True):
    """All that is reported. `error`: why there was no stream. `dialect`: as the streams showed it, if they did."""

    verdict: Verdict
    error: str | None
    streams: list[StreamReport]
    trials: list[TrialReport]
    summary: AbortSummary
    notes: list[str]
    dialect: str | None

    @classmethod
    def of(cls, state: AbortRun) -> "AbortResult":
        """The result of a run, also of one that was interrupted; credentials masked."""
        redact = state.plan.setting.plan.redact
        trials = trial_reports(state, redact)
        return cls(
            verdict=_verdict(state, trials),
            error=redact(str(state.error)) if state.error else None,
            streams=_streams(state),
            trials=trials,
            summary=_summary(state, trials),
            notes=[redact(note) for note in _notes(state, trials)],
            dialect=_dialect_seen(state),
        )


def evidence_of(trials: Sequence[TrialReport]) -> Aborts:
    """The trials as the rules judge them."""
    return Aborts(tuple(AbortTrial(str(trial.answer), _evidence_of(trial), trial.reason) for trial in trials))


def _evidence_of(trial: TrialReport) -> str:
    evidence = [f"{each.witness}: {each.evidence}" for each in trial.testimonies]
    return "; ".join(evidence) or trial.reason or "no witness gave evidence"


def _verdict(state: AbortRun, trials: list[TrialReport]) -> Verdict:
    """Fails if a judged trial failed, passes if all passed; inconclusive if a named witness gave no evidence."""
    judged = [trial.verdict for trial in trials if trial.verdict is not None]
    if state.interrupted:
        return Verdict.INCONCLUSIVE
    if state.error is not None:
        return Verdict.FAIL
    if Verdict.FAIL in judged:
        return Verdict.FAIL
    if judged and set(judged) == {Verdict.PASS} and not _broken(state):
        return Verdict.PASS
    return Verdict.INCONCLUSIVE


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
            for witness, detection in zip(state.witnesses, trial.detections, strict=False)
            if detection.broken and witness.strength is Strength.DIRECT
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
        if witness.is_of_target and witness.kind in _COUNTER_WITNESSES and not witness.counts_tokens
    ]
    if own and any(trial.answer is Answer.STOPPED for trial in trials):
        notes.append(f"{', '.join(dict.fromkeys(own))} {_ONLY_OWN_WORK}")
    if broken := _broken(state):
        notes.append(f"witness {', '.join(broken)} gave no evidence; without it the verdict cannot be pass")
    if not state.witnesses:
        notes.append(NO_WITNESS)
    if trials and all(trial.verdict is None for trial in trials):
        notes.append(
            "half-close is reported, not judged: HTTP does not define what it means. Test --how fin or rst as well"
        )
    kinds = {witness.strength for witness in state.witnesses}
    if kinds == {Strength.INDIRECT}:
        notes.append("all evidence is indirect: name a --witness that sees the generation itself, if there is one")
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
        sweep=None if state.sweep is None else sweep_report(state.sweep, trials, state.trials),
    )


def _cost(plan: AbortPlan, overruns: Counts | None, *, running: bool) -> Cost | None:
    if plan.price is None or overruns is None:
        return None
    a_day = overruns.mean * plan.aborts_per_minute * _MINUTES_A_DAY * plan.price / 1e6
    return Cost(plan.price, plan.aborts_per_minute, round(a_day, 6), at_least=running)


def _streams(state: AbortRun) -> list[StreamReport]:
    """The aborted streams, and the control streams of trials in which one failed."""
    clients = [client for trial in state.trials for client in trial.aborting]
    clients += [client for trial in state.trials if trial.control_failures for client in trial.control_clients]
    reports = [report_of(client.run, client.error) for client in clients]
    return [report for report in reports if report is not None]


def _dialect_seen(state: AbortRun) -> str | None:
    clients = [client for trial in state.trials for client in trial.aborting if client.deltas]
    return clients[0].run.decoder.dialect.name if clients else None
