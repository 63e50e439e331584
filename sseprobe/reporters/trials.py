"""The part of the terminal report that tells of aborts: what was found, trial by trial, on whose word, at what cost."""

from collections.abc import Iterator
from typing import Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sseprobe.report import AbortSummary, ChainReport, Report, SweepReport, SweepWindow, TrialReport, Verdict
from sseprobe.stop_detection.answers import Answer
from sseprobe.text import one_line
from sseprobe.units import human_ms

_STYLES: Final = {Answer.STOPPED: "green", Answer.RUNNING: "red", Answer.UNKNOWN: "yellow"}
_VERDICTS: Final = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INCONCLUSIVE: "yellow", None: "dim"}
_LABELS: Final = {"hurt": "red"}
_SAID: Final = {"note": "yellow"}
_MAX_TRIALS: Final = 40
_MAX_SWEPT: Final = 3
_CAUSE: Final = "Likely cause:"
_DOCS: Final = "docs/disconnect.md"


def trial_lines(report: Report, summary: AbortSummary) -> Iterator[Text | Table | Padding]:
    """What to print, after the headline. The report's notes are not among it."""
    yield Text(f"  {found(report, summary)}")
    swept = summary.sweep is not None
    shown = [trial for trial in report.trials if not swept or trial.answer is not Answer.STOPPED or trial.hurt]
    for trial in shown[: _MAX_SWEPT if swept else _MAX_TRIALS]:
        yield _table(trial)
    if swept and len(shown) > _MAX_SWEPT:
        yield Text(f"  … and {len(shown) - _MAX_SWEPT} more that did not stop: see --report json", style="dim")
    elif not swept and len(report.trials) > _MAX_TRIALS:
        yield Text(f"  … and {len(report.trials) - _MAX_TRIALS} more trials: see --report json", style="dim")
    for said in conclusions(summary):
        text = Text(said)
        text.highlight_words([_CAUSE], "bold")
        yield Padding(text, (0, 0, 0, 2))


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
            f"overrun costs {least}about ${cost.usd_per_day:,.2f} a day, at {cost.aborts_per_minute:g} aborts "
            f"a minute and ${cost.usd_per_million_tokens:,.2f} per million tokens"
        )
    if summary.cause is not None:
        pages = ", ".join(f"{_DOCS}#{one_line(mode, 60)}" for mode in summary.cause.modes[:8])
        yield f"{_CAUSE} {one_line(summary.cause.said, 600)} ({pages})"


def found(report: Report, summary: AbortSummary) -> str:
    """One sentence for all of it."""
    count = summary.stopped + summary.running + summary.unknown
    trials = "1 trial" if count == 1 else f"{count} trials"
    if any(trial.hurt for trial in report.trials):
        return "streams that nobody left were not whole"
    if summary.running:
        share = f" in {summary.running} of {count} trials" if count > 1 else ""
        went = "goes on generating after its client has left" + share
        return f"the server {went}" + (
            ", as it should" if report.verdict is Verdict.PASS and summary.expect != "stop" else ""
        )
    if summary.stopped > summary.unknown:
        failed = [trial for trial in report.trials if trial.verdict is Verdict.FAIL]
        if summary.expect != "stop":
            return "the server stops when its client leaves, and should not"
        but = ", and does not work as before afterwards" if any("afterwards" in _why(each) for each in failed) else ""
        but = but or (", but too late" if failed else "")
        among = f"{summary.stopped} of {trials}, {summary.unknown} unknown" if summary.unknown else trials
        return f"the server stops when its client leaves{but} ({among})"
    return "there is no evidence to say whether the server stops when its client leaves"


def _why(trial: TrialReport) -> str:
    return trial.reason or ""


def _swept(summary: AbortSummary, sweep: SweepReport) -> str:
    """What a sweep found: the windows that leak, by the marks of a healthy stream."""
    is_leak = summary.expect == "stop"
    marks = f"head after {human_ms(sweep.head_ms)}, first content after {human_ms(sweep.first_content_ms)}"
    if sweep.head_spread_ms is not None:
        marks += f"; heads came within {human_ms(sweep.head_spread_ms)} of each other"
    if not sweep.windows:
        none = "no window that leaks in " if is_leak and summary.stopped else ""
        return f"sweep: {none}{sweep.aborts} aborts over {human_ms(sweep.end_ms)} ({marks})"
    windows = "; ".join(
        f"{human_ms(each.from_ms)} to {human_ms(each.to_ms)} "
        f"({each.running} of {each.aborts} aborts there{_behind(each)})"
        for each in sweep.windows[:8]
    )
    goes_on = "leaks" if is_leak else "goes on"
    return f"sweep: {goes_on} where the client leaves after {windows}; {marks}, {sweep.aborts} aborts in all"


def _behind(window: SweepWindow) -> str:
    """The same window, counted from each stream's own head."""
    if window.from_head_ms is None:
        return ""
    return f", {human_ms(window.from_head_ms)} to {human_ms(window.to_head_ms)} after the head"


def _table(trial: TrialReport) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(f"  {trial.answer}", style=f"bold {_STYLES[trial.answer]}"), Text(left(trial)))
    for label, said in told(trial):
        style = _VERDICTS[trial.verdict] if label == "why" else _SAID.get(label, "")
        table.add_row(Text(f"  {label}", style=_LABELS.get(label, "dim")), Text(said, style=style))
    return table


def told(trial: TrialReport) -> Iterator[tuple[str, str]]:
    """What there is to tell of a trial after the sentence about who left: on whose word, and what came of it."""
    if trial.chain is not None:
        yield "chain", _chain(trial.chain)
    # If nobody even came, the notes below say why.
    for testimony in trial.testimonies if trial.leavers else []:
        evidence = one_line(testimony.evidence, 600)
        yield one_line(testimony.witness, 40), f"{testimony.answer}: {evidence} ({testimony.strength})"
    if trial.stayers and not trial.hurt:
        yield "beside", f"{trial.stayers} streams that stayed were whole"
    for said in trial.hurt[:3]:
        yield "hurt", f"a stream that stayed: {one_line(said, 300)}"
    if len(trial.hurt) > 3:
        yield "hurt", f"{len(trial.hurt)} of {trial.stayers} streams that stayed, in all"
    known = trial.left_ms is None or any(said.evidence in (trial.reason or "") for said in trial.testimonies)
    if trial.reason is not None and not known:
        yield "why", one_line(trial.reason, 800)
    for note in trial.notes:
        yield "note", one_line(note, 800)


def left(trial: TrialReport) -> str:
    """Who left, how and when, and what the server did then."""
    how, at = one_line(trial.how, 40), one_line(trial.at, 40)
    if trial.left_ms is None:
        why = f": {one_line(trial.reason, 800)}" if trial.reason else ""
        return f"{how} at {at}, nobody left{why}"
    who = f"{trial.leavers} of {trial.leavers + trial.stayers} clients " if trial.leavers + trial.stayers > 1 else ""
    said = f"{who}left with {how} at {at}, after {human_ms(trial.left_ms)} and {trial.deltas} content deltas"
    if trial.stop_lag_ms is not None:
        said += f" · stop lag {human_ms(trial.stop_lag_ms)}"
    if trial.overrun_tokens is not None:
        on = " and on" if trial.answer is Answer.RUNNING else ""
        said += f" · overrun {trial.overrun_tokens:,} token{'' if trial.overrun_tokens == 1 else 's'}{on}"
    return said + (" · not judged" if trial.verdict is None else "")


def _chain(chain: ChainReport) -> str:
    if chain.closed_ms is None:
        return "client left · the app never closed its upstream"
    until = "" if chain.tokens_until_close is None else f", {chain.tokens_until_close} tokens made in between"
    after = "" if chain.tokens_after_close is None else f" · {chain.tokens_after_close} tokens made after that"
    return f"client left · the app closed its upstream {human_ms(chain.closed_ms)} later{until}{after}"


def _spread(summary: AbortSummary) -> str:
    lag, overrun = summary.stop_lag_ms, summary.overrun_tokens
    parts = [f"{summary.stopped} stopped · {summary.running} running · {summary.unknown} unknown"]
    if lag.count:
        parts.append(f"stop lag p50 {human_ms(lag.p50)}, p99 {human_ms(lag.p99)}, max {human_ms(lag.max)}")
    if overrun is not None:
        parts.append(f"overrun p50 {overrun.p50}, mean {overrun.mean:g}, max {overrun.max} tokens")
    return " · ".join(parts)
