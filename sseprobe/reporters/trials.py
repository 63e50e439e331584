"""The part of the terminal report that tells of aborts: what was found, trial by trial, on whose word, at what cost."""

from collections.abc import Iterator
from typing import Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sseprobe.report import AbortSummary, ChainReport, Report, TrialReport, Verdict
from sseprobe.testimony import Answer
from sseprobe.text import one_line, visible
from sseprobe.units import human_ms

_STYLES: Final = {Answer.STOPPED: "green", Answer.RUNNING: "red", Answer.UNKNOWN: "yellow"}
_VERDICTS: Final = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INCONCLUSIVE: "yellow", None: "dim"}
_MAX_TRIALS: Final = 40
_DOCS: Final = "docs/disconnect.md"


def trial_lines(report: Report, summary: AbortSummary) -> Iterator[Text | Table | Padding]:
    """What to print, after the headline."""
    yield Text(f"  {_found(report, summary)}")
    for trial in report.trials[:_MAX_TRIALS]:
        yield _table(trial)
    if len(report.trials) > _MAX_TRIALS:
        yield Text(f"  … and {len(report.trials) - _MAX_TRIALS} more trials: see --report json", style="dim")
    judged = summary.stopped + summary.running + summary.unknown
    if judged > 1:
        yield Padding(Text(_spread(summary)), (0, 0, 0, 2))
    if summary.cost is not None:
        cost = summary.cost
        least = "at least " if cost.at_least else ""
        yield Text(
            f"  overrun costs {least}about ${cost.usd_per_day:,.2f} a day, at {cost.aborts_per_minute:g} aborts "
            f"a minute and ${cost.usd_per_million_tokens:,.2f} per million tokens"
        )
    if summary.cause is not None:
        pages = ", ".join(f"{_DOCS}#{mode}" for mode in summary.cause.modes)
        yield Padding(
            Text.assemble(("Likely cause: ", "bold"), f"{visible(summary.cause.said)} ({pages})"), (0, 0, 0, 2)
        )
    for note in report.notes:
        yield Padding(Text(visible(note), style="yellow"), (0, 0, 0, 2))


def _found(report: Report, summary: AbortSummary) -> str:
    """One sentence for all of it."""
    count = summary.stopped + summary.running + summary.unknown
    if any(trial.hurt for trial in report.trials):
        return "streams that nobody left were not whole"
    if summary.running:
        share = f" in {summary.running} of {count} trials" if count > 1 else ""
        went = "goes on generating after its client has left" + share
        return f"the server {went}" + (", as it should" if report.verdict is Verdict.PASS else "")
    if summary.stopped and summary.stopped == count:
        late = any(trial.verdict is Verdict.FAIL for trial in report.trials)
        if summary.expect != "stop":
            return "the server stops when its client leaves, and should not"
        return "the server stops when its client leaves" + (", but too late" if late else "")
    return "there is no evidence to say whether the server stops when its client leaves"


def _table(trial: TrialReport) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(f"  {trial.answer}", style=f"bold {_STYLES[trial.answer]}"), _left(trial))
    if trial.chain is not None:
        table.add_row(Text("  chain", style="dim"), Text(_chain(trial.chain)))
    # If nobody even came, the notes below say why.
    for testimony in trial.testimonies if trial.leavers else []:
        said = f"{testimony.answer}: {one_line(testimony.evidence, 600)}"
        table.add_row(Text(f"  {testimony.witness}", style="dim"), Text(f"{said} ({testimony.strength})"))
    if trial.stayers and not trial.hurt:
        table.add_row(Text("  beside", style="dim"), Text(f"{trial.stayers} streams that stayed were whole"))
    for said in trial.hurt[:3]:
        table.add_row(Text("  hurt", style="red"), Text(f"a stream that stayed: {one_line(said, 300)}"))
    if len(trial.hurt) > 3:
        table.add_row(
            Text("  hurt", style="red"), Text(f"{len(trial.hurt)} of {trial.stayers} streams that stayed, in all")
        )
    told = trial.left_ms is None or any(said.evidence in (trial.reason or "") for said in trial.testimonies)
    if trial.reason is not None and not told:
        table.add_row(Text("  why", style="dim"), Text(one_line(trial.reason, 800), style=_VERDICTS[trial.verdict]))
    for note in trial.notes:
        table.add_row(Text("  note", style="dim"), Text(visible(note), style="yellow"))
    return table


def _left(trial: TrialReport) -> Text:
    if trial.left_ms is None:
        why = f": {one_line(trial.reason, 800)}" if trial.reason else ""
        return Text(f"{trial.how} at {trial.at}, nobody left{why}")
    who = f"{trial.leavers} of {trial.leavers + trial.stayers} clients " if trial.leavers + trial.stayers > 1 else ""
    said = (
        f"{who}left with {trial.how} at {trial.at}, after {human_ms(trial.left_ms)} and {trial.deltas} content deltas"
    )
    if trial.stop_lag_ms is not None:
        said += f" · stop lag {human_ms(trial.stop_lag_ms)}"
    if trial.overrun_tokens is not None:
        on = " and on" if trial.answer is Answer.RUNNING else ""
        said += f" · overrun {trial.overrun_tokens:,} token{'' if trial.overrun_tokens == 1 else 's'}{on}"
    return Text(said + (" · not judged" if trial.verdict is None else ""))


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
