"""A sweep: aborts at times spread over the stream's life, dense around head and first token, to find what leaks.

Seen in the field: LangServe leaks in 3 ms after its head, Next.js before its handler returns.
"""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from sseprobe.net.hangup import HangUp
from sseprobe.probes import phases
from sseprobe.probes.bench import FIRST_ANSWER_NS, Bench
from sseprobe.probes.client import Client
from sseprobe.probes.phases import Phase
from sseprobe.report import SweepReport, SweepWindow, TrialReport
from sseprobe.testimony import Answer
from sseprobe.units import NS_PER_MS, NS_PER_S, human_ms, ms

_LIFE_NS: Final = 10 * NS_PER_S
"""Aborts come within so long from the request: what leaks later leaks in mid-stream too."""

_DENSE: Final = 0.3
"""The part of the aborts around the head, and as many around the first token."""

_BEFORE_NS: Final = 4 * NS_PER_MS
_AFTER_NS: Final = 12 * NS_PER_MS
_A_TRIAL_S: Final = 1.5


class Sweep(NamedTuple):
    """When to leave, and what those times are measured by: head, first content and end of a healthy stream, in ns."""

    phases: list[Phase]
    head_ns: int | None
    first_ns: int | None
    end_ns: int


async def times(bench: Bench, count: int) -> Sweep:
    """Receives a healthy stream, to its end or for 10 s, and spreads `count` aborts over it. Raises TargetError."""
    client = Client(bench.setting.plan, bench.news)
    try:
        limit_ns = time.monotonic_ns() + FIRST_ANSWER_NS
        await bench.until(lambda: 0 if client.deltas or client.ended_ns else None, limit_ns)
        await bench.until(lambda: 0 if client.ended_ns else None, client.started_ns + _LIFE_NS)
        if client.ended_ns is None:
            await client.leave(HangUp.FIN)
    finally:
        await client.end()
    if client.error is not None:
        raise client.error
    head_ns = client.run.head.t_ns if client.run.head is not None else None
    end_ns = (client.ended_ns or client.left_ns or time.monotonic_ns()) - client.started_ns
    await bench.rest(first=False)
    at_ns = spread(count, head_ns, client.first_content_ns, end_ns)
    return Sweep(
        [phases.parse(f"{phases.AFTER_MS}:{ns / NS_PER_MS:.3f}") for ns in at_ns],
        head_ns,
        client.first_content_ns,
        end_ns,
    )


def spread(count: int, head_ns: int | None, first_ns: int | None, end_ns: int) -> list[int]:
    """`count` times in ns, ascending: dense around the marks that are known, the others even over the whole life."""
    marks = [mark for mark in dict.fromkeys((head_ns, first_ns)) if mark is not None]
    dense = int(count * _DENSE)
    found = [
        max(0, round(mark - _BEFORE_NS + (place + 0.5) * (_BEFORE_NS + _AFTER_NS) / dense))
        for mark in marks
        for place in range(dense)
    ]
    others = count - len(found)
    last_ns = round(end_ns * 0.95)
    found += [round((place + 0.5) * last_ns / others) for place in range(others)]
    return sorted(found)


def announced(sweep: Sweep) -> str:
    """What is going to happen, and about how long it takes."""
    count = len(sweep.phases)
    took_s = sum(_A_TRIAL_S + (phase.after_ns or 0) / NS_PER_S for phase in sweep.phases)
    return (
        f"sweep: {count} aborts over {human_ms(ms(sweep.end_ns))}, head after {human_ms(ms(sweep.head_ns))}, first "
        f"content after {human_ms(ms(sweep.first_ns))}; about {took_s:.0f} s, and a grace more for each that leaks"
    )


def report(sweep: Sweep, trials: Sequence[TrialReport]) -> SweepReport:
    """The windows in which aborts leaked: from the first to the last in a row, in the order of time."""
    timed = sorted((trial for trial in trials if trial.left_ms is not None), key=lambda trial: trial.left_ms or 0)
    windows: list[SweepWindow] = []
    row: list[TrialReport] = []
    for trial in [*timed, None]:
        if trial is not None and trial.answer is Answer.RUNNING:
            row.append(trial)
        elif row and (trial is None or trial.answer is Answer.STOPPED):
            first, last = row[0].left_ms or 0.0, row[-1].left_ms or 0.0
            among = sum(first <= (each.left_ms or 0) <= last for each in timed)
            windows.append(SweepWindow(first, last, len(row), among))
            row = []
    return SweepReport(len(sweep.phases), ms(sweep.head_ns), ms(sweep.first_ns), ms(sweep.end_ns) or 0.0, windows)
