"""Aborts: whether the server stopped, on whose evidence, and what it cost.

`abort-test` judges each trial; in `check` a rule does.
"""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import AbortSummary, ChainReport, Report, SweepReport, SweepWindow, TrialReport, Verdict
from sseprobe.reporters.blocks import (
    MAX_ROWS,
    Block,
    Cell,
    Column,
    Field,
    Lines,
    Record,
    Records,
    Row,
    Table,
    Tone,
    more_than,
)
from sseprobe.reporters.cases import OUTCOME_TONES, VERDICT_OUTCOMES, Case, CaseOutcome
from sseprobe.reporters.sections.base import Section
from sseprobe.rules.base import without_numbers
from sseprobe.stop_detection.answers import Answer
from sseprobe.text import one_line
from sseprobe.units import human_ms

CAUSE: Final = "Likely cause:"
_DOCS: Final = "docs/disconnect.md"
_JUDGED_BY: Final = "abort-test"
_SENTENCE: Final = 400
_REASON: Final = 800
_FAILURES_SHOWN: Final = 3
_HOW: Final = {"fin": "FIN", "rst": "RST", "stall": "a stalled reader", "h2-reset": "an HTTP/2 reset"}
_AT: Final = {
    "before-headers": "before the headers",
    "before-first-token": "before the first token",
    "mid-stream": "mid-stream",
    "silent-gap": "in a silent gap",
    "near-end": "near the end",
}
_RANK: Final = (Tone.BAD, Tone.OPEN, Tone.PLAIN, Tone.GOOD)
_ANSWER_TONES: Final = {Answer.STOPPED: Tone.GOOD, Answer.RUNNING: Tone.OPEN, Answer.UNKNOWN: Tone.PLAIN}
_COLUMNS: Final = (
    Column("Trial", number=True),
    Column("Server"),
    Column("Verdict"),
    Column("What happened", wraps=True),
)


def summary(report: Report) -> Iterator[str]:
    """One sentence for all trials."""
    if report.abort is not None and report.trials:
        yield outcome_sentence(report, report.abort)


def blocks(report: Report) -> Iterator[Block]:
    """What all trials come to; those that are alike together, the worst first; in detail, each trial."""
    if report.abort is not None:
        yield Lines("Conclusions", tuple((line,) for line in conclusions(report.abort)))
    groups = _groups(report)
    records = tuple(_record(*each) for each in groups[:MAX_ROWS])
    more = more_than(len(records), len(groups), "groups of trials")
    yield Records("Trials", ("Server", "What happened"), records, more)
    if len(groups) < len(report.trials):
        rows = tuple(_row(index, trial, report) for index, trial in enumerate(report.trials[:MAX_ROWS]))
        yield Table("Each trial", _COLUMNS, rows, more_than(len(rows), len(report.trials), "trials"), detail=True)


def cases(report: Report) -> Iterator[Case]:
    for index, trial in enumerate(report.trials):
        abort = aborted(trial)
        message = f"{trial.answer}: {one_line(trial.reason or abort, _SENTENCE)}"
        details = tuple(f"{label}: {text}" for label, text in _details(trial))
        if trial.reason is not None:
            details = (abort, *details)
        title = f"{one_line(trial.how, 40)} at {one_line(trial.at, 40)}"
        yield Case("trial", f"trial {index}", title, _outcome(trial, report), message, details, key=title)


SECTION: Final = Section("trial", blocks, summary, cases, "The server behaves as expected when its client aborts")


def _outcome(trial: TrialReport, report: Report) -> CaseOutcome:
    outcome = VERDICT_OUTCOMES[trial.verdict]
    return CaseOutcome.SKIPPED if outcome.counts and report.command != _JUDGED_BY else outcome


def _tone(trial: TrialReport, report: Report) -> Tone:
    tone = OUTCOME_TONES[_outcome(trial, report)]
    return _ANSWER_TONES[trial.answer] if tone is Tone.PLAIN else tone


def _groups(report: Report) -> list[tuple[TrialReport, int, Tone]]:
    """Trials that differ in numbers alone: the worst of them, how many, and their tone. The worst group first."""
    is_sweep = report.abort is not None and report.abort.sweep is not None
    groups: dict[tuple[object, ...], list[TrialReport]] = {}
    for trial in report.trials:
        groups.setdefault(_likeness(trial, is_sweep=is_sweep), []).append(trial)
    found = [
        (
            max(each, key=lambda one: (one.overrun_tokens or 0, one.stop_lag_ms or 0.0)),
            len(each),
            _tone(each[0], report),
        )
        for each in groups.values()
    ]
    return sorted(found, key=lambda each: _RANK.index(each[2]))


def _likeness(trial: TrialReport, *, is_sweep: bool) -> tuple[object, ...]:
    """What trials that are alike have in common; those of a sweep differ in when they aborted."""
    return (
        trial.how,
        None if is_sweep else trial.at,
        trial.answer,
        trial.verdict,
        trial.left_ms is None,
        trial.chain is not None and trial.chain.closed_ms is None,
        tuple(map(without_numbers, trial.control_failures)),
        without_numbers(trial.reason or ""),
        tuple(map(without_numbers, trial.notes)),
        tuple((each.witness, each.answer, without_numbers(each.evidence)) for each in trial.testimonies),
    )


def _record(trial: TrialReport, count: int, tone: Tone) -> Record:
    alike = f"{count} trials alike, the worst: " if count > 1 else ""
    tones = {"control failed": Tone.BAD, "note": Tone.OPEN, "why": tone}
    fields = tuple(Field(label, text, tones.get(label, Tone.PLAIN)) for label, text in _details(trial))
    return Record(str(trial.answer), f"{alike}{aborted(trial)}", fields, tone)


def _row(index: int, trial: TrialReport, report: Report) -> Row:
    details = (aborted(trial), *(f"{label}: {text}" for label, text in _details(trial)))
    cells: tuple[Cell, ...] = ((str(index),), (str(trial.answer),), (str(trial.verdict or "not judged"),), details)
    return Row(cells, _tone(trial, report))


def conclusions(summary: AbortSummary) -> Iterator[str]:
    """What all trials together come to: how they spread, what they cost, what is likely behind it."""
    if summary.stopped + summary.running + summary.unknown > 1:
        yield _spread(summary)
    if summary.sweep is not None:
        yield _swept(summary, summary.sweep)
    if summary.cost is not None:
        cost = summary.cost
        least = "at least " if cost.at_least else ""
        yield (
            f"wasted tokens cost {least}about ${cost.usd_per_day:,.2f} a day, at {cost.aborts_per_minute:g} "
            f"abort{'' if cost.aborts_per_minute == 1 else 's'} a minute and "
            f"${cost.usd_per_million_tokens:,.2f} per million tokens"
        )
    if summary.cause is not None:
        pages = ", ".join(f"{_DOCS}#{one_line(name, 60)}" for name in summary.cause.examples[:8])
        yield f"{CAUSE} {one_line(summary.cause.detail, 600)}" + (f" ({pages})" if pages else "")


def outcome_sentence(report: Report, summary: AbortSummary) -> str:
    """One sentence for all of it."""
    count = summary.stopped + summary.running + summary.unknown
    trials = "1 trial" if count == 1 else f"{count} trials"
    if any(trial.control_failures for trial in report.trials):
        return "streams that were not aborted failed"
    if summary.running:
        share = f" in {summary.running} of {count} trials" if count > 1 else ""
        expected = ", as expected" if report.verdict is Verdict.PASS and summary.expect != "stop" else ""
        return f"the server continues generating after its client aborts{share}{expected}"
    if summary.stopped > summary.unknown:
        if summary.expect != "stop":
            return "the server stops when its client aborts, but should not"
        failed = [trial for trial in report.trials if trial.verdict is Verdict.FAIL]
        but = ", but the next request does not work as before" if any(map(_breaks_the_next, failed)) else ""
        but = but or (", but too late" if failed else "")
        among = f"{summary.stopped} of {trials}, {summary.unknown} unknown" if summary.unknown else trials
        return f"the server stops when its client aborts{but} ({among})"
    return "inconclusive: there is no evidence that the server stops when its client aborts, or that it does not"


def _breaks_the_next(trial: TrialReport) -> bool:
    return "afterwards" in (trial.reason or "")


def _swept(summary: AbortSummary, sweep: SweepReport) -> str:
    """What a sweep found: the windows that leak, by the marks of a healthy stream."""
    is_leak = summary.expect == "stop"
    marks = f"head after {human_ms(sweep.head_ms)}, first content after {human_ms(sweep.first_content_ms)}"
    if sweep.head_spread_ms is not None:
        marks += f"; heads came within {human_ms(sweep.head_spread_ms)} of each other"
    if not sweep.windows:
        none = "no leak in " if is_leak and summary.stopped else ""
        return f"sweep: {none}{sweep.aborts} aborts over {human_ms(sweep.end_ms)} ({marks})"
    windows = "; ".join(
        f"{human_ms(each.from_ms)} to {human_ms(each.to_ms)} "
        f"({each.running} of {each.aborts} aborts there{_after_head(each)})"
        for each in sweep.windows[:8]
    )
    continues = "leaks" if is_leak else "continues"
    return f"sweep: {continues} where the client aborts after {windows}; {marks}, {sweep.aborts} aborts in all"


def _after_head(window: SweepWindow) -> str:
    """The same window, counted from each stream's own head."""
    if window.from_head_ms is None:
        return ""
    return f", {human_ms(window.from_head_ms)} to {human_ms(window.to_head_ms)} after the head"


def _details(trial: TrialReport) -> Iterator[tuple[str, str]]:
    """On what evidence, and what happened beside the abort."""
    if trial.chain is not None:
        yield "chain", _chain(trial.chain)
    # If no client began its stream, the notes say why.
    for testimony in trial.testimonies if trial.aborted_clients else []:
        evidence = one_line(testimony.evidence, 600)
        yield one_line(testimony.witness, 40), f"{testimony.answer}: {evidence} ({testimony.strength})"
    failures, streams = len(trial.control_failures), f"{trial.control_clients} concurrent streams"
    if trial.control_clients:
        yield "control", f"{max(0, trial.control_clients - failures)} of {streams} completed"
    for failure in trial.control_failures[:_FAILURES_SHOWN]:
        yield "control failed", one_line(failure, 300)
    if failures > _FAILURES_SHOWN:
        yield "control failed", f"… and {failures - _FAILURES_SHOWN} more"
    known = trial.left_ms is None or any(each.evidence in (trial.reason or "") for each in trial.testimonies)
    if trial.reason is not None and not known:
        yield "why", one_line(trial.reason, _REASON)
    for note in trial.notes:
        yield "note", one_line(note, _REASON)


def aborted(trial: TrialReport) -> str:
    """Who aborted, how and when, and what the server did then."""
    how = f"{_HOW.get(trial.how, one_line(trial.how, 40))} {_AT.get(trial.at, f'({one_line(trial.at, 40)})')}"
    if trial.left_ms is None:
        return f"no abort with {how}" + (f": {one_line(trial.reason, _REASON)}" if trial.reason else "")
    clients = trial.aborted_clients + trial.control_clients
    who = f"{trial.aborted_clients} of {clients} clients " if clients > 1 else ""
    deltas = f" ({trial.deltas} delta{'' if trial.deltas == 1 else 's'})" if trial.deltas is not None else ""
    text = f"{who}aborted with {how} after {human_ms(trial.left_ms)}{deltas}"
    if trial.stop_lag_ms is not None:
        text += f" · stop lag {human_ms(trial.stop_lag_ms)}"
    if trial.overrun_tokens is not None:
        at_least = "+" if trial.answer is Answer.RUNNING else ""
        tokens = "token" if (trial.overrun_tokens, at_least) == (1, "") else "tokens"
        text += f" · {trial.overrun_tokens:,}{at_least} {tokens} generated after the abort"
    return text + (" · not judged" if trial.verdict is None else "")


def _chain(chain: ChainReport) -> str:
    if chain.closed_ms is None:
        return "the app never closed its upstream connection"
    until = "" if chain.tokens_until_close is None else f" · {chain.tokens_until_close} tokens generated until then"
    after = "" if chain.tokens_after_close is None else f" · {chain.tokens_after_close} tokens after that"
    return f"the app closed its upstream connection {human_ms(chain.closed_ms)} after the abort{until}{after}"


def _spread(summary: AbortSummary) -> str:
    lag, overrun = summary.stop_lag_ms, summary.overrun_tokens
    parts = [f"{summary.stopped} stopped · {summary.running} running · {summary.unknown} unknown"]
    if lag.count:
        parts.append(f"stop lag p50 {human_ms(lag.p50)}, p99 {human_ms(lag.p99)}, max {human_ms(lag.max)}")
    if overrun is not None:
        parts.append(f"tokens after the abort p50 {overrun.p50}, mean {overrun.mean:g}, max {overrun.max}")
    return " · ".join(parts)
