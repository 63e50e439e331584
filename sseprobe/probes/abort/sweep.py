"""A sweep: aborts at times spread over the stream's life, dense around head and first token, to find what leaks.

Seen in the field: LangServe leaks in 3 ms after its head, Next.js before its handler returns.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.session import FIRST_ANSWER_NS, Session
from sseprobe.probes.abort.trial import Trial
from sseprobe.report import SweepReport, SweepWindow, TrialReport
from sseprobe.stop_detection.answers import Answer
from sseprobe.units import NS_PER_MS, NS_PER_S, human_ms, ms

_LIFE_NS: Final = 10 * NS_PER_S
"""Aborts come within so long from the request: what leaks later leaks in mid-stream too."""

_DENSE: Final = 0.3
"""The part of the aborts around the head, and the same around the first token."""

_BEFORE_NS: Final = 4 * NS_PER_MS
_AFTER_NS: Final = 12 * NS_PER_MS
_A_TRIAL_S: Final = 1.5
_SPLITS: Final = 2
"""This many stops in a row separate two windows: a race is lost now and then."""


class Sweep(NamedTuple):
    """When to abort, and the head, first content and end of the healthy stream from which that was planned, in ns."""

    phases: list[Phase]
    head_ns: int | None
    first_ns: int | None
    end_ns: int


async def plan_sweep(session: Session, count: int) -> Sweep:
    """Receives a healthy stream, to its end or for 10 s, and spreads `count` aborts over it. Raises TargetError."""
    client = session.open_stream()
    try:
        limit_ns = time.monotonic_ns() + FIRST_ANSWER_NS
        await session.until(lambda: 0 if client.deltas or client.ended_ns else None, limit_ns)
        await session.until(lambda: 0 if client.ended_ns else None, client.started_ns + _LIFE_NS)
        if client.ended_ns is None:
            await client.abort(AbortKind.FIN)
    finally:
        await client.end()
    if client.error is not None:
        raise client.error
    head_ns = client.run.head.t_ns if client.run.head is not None else None
    end_ns = (client.ended_ns or client.aborted_ns or time.monotonic_ns()) - client.started_ns
    await session.rest(first=False)
    marks = {phases.HEAD: head_ns, phases.FIRST_CONTENT: client.first_content_ns}
    known = {name: at_ns for name, at_ns in marks.items() if at_ns is not None}
    return Sweep(spread(count, known, end_ns), head_ns, client.first_content_ns, end_ns)


def spread(count: int, marks: Mapping[str, int], end_ns: int) -> list[Phase]:
    """`count` phases in the order of time: dense around the marks, the others evenly over the stream's life.

    What comes after a mark counts from the stream's own: a server's head may come sooner or later than the one before.
    """
    dense = int(count * _DENSE)
    timed: list[tuple[int, Phase]] = []
    for name, mark_ns in marks.items():
        for number in range(dense):
            offset_ns = round(-_BEFORE_NS + (number + 0.5) * (_BEFORE_NS + _AFTER_NS) / dense)
            at_ns = max(0, mark_ns + offset_ns)
            phase = _after(at_ns)
            if offset_ns >= 0:
                phase = Phase(phase.name, phase.word, None, offset_ns, name)
            timed.append((at_ns, phase))
    others = count - len(timed)
    last_ns = round(end_ns * 0.95)
    timed += [(at_ns, _after(at_ns)) for at_ns in (round((n + 0.5) * last_ns / others) for n in range(others))]
    return [phase for _, phase in sorted(timed, key=lambda each: each[0])]


def _after(at_ns: int) -> Phase:
    return phases.parse(f"{phases.AFTER_MS}:{at_ns / NS_PER_MS:.3f}")


def announced(sweep: Sweep) -> str:
    """What the sweep will do, and about how long it takes."""
    count = len(sweep.phases)
    took_s = sum(_A_TRIAL_S + (phase.after_ns or 0) / NS_PER_S for phase in sweep.phases)
    return (
        f"sweep: {count} aborts over {human_ms(ms(sweep.end_ns))}, head after {human_ms(ms(sweep.head_ns))}, first "
        f"content after {human_ms(ms(sweep.first_ns))}; about {took_s:.0f} s, plus --grace for each leak"
    )


def report_of(sweep: Sweep, trials: Sequence[TrialReport], runs: Sequence[Trial]) -> SweepReport:
    """The windows in which aborts leaked, in the order of time. One stop among them does not split a window."""
    timed = sorted((each for each in zip(trials, runs, strict=False) if each[0].left_ms is not None), key=_aborted_ms)
    windows: list[list[tuple[TrialReport, Trial]]] = []
    stops = _SPLITS
    for each in timed:
        if each[0].answer is Answer.RUNNING:
            if stops >= _SPLITS:
                windows.append([])
            windows[-1].append(each)
            stops = 0
        elif each[0].answer is Answer.STOPPED:
            stops += 1
    heads = [head_ms for each in timed if (head_ms := _head_ms(each)) is not None]
    return SweepReport(
        aborts=len(trials),
        head_ms=ms(sweep.head_ns),
        first_content_ms=ms(sweep.first_ns),
        end_ms=ms(sweep.end_ns) or 0.0,
        windows=[_window(leaks, timed) for leaks in windows],
        head_spread_ms=round(max(heads) - min(heads), 3) if heads else None,
    )


def _aborted_ms(each: tuple[TrialReport, Trial]) -> float:
    return each[0].left_ms or 0.0


def _head_ms(each: tuple[TrialReport, Trial]) -> float | None:
    """When a trial's own head came, None where it had not come before the abort."""
    head = each[1].aborting[0].run.head if each[1].aborting else None
    return ms(head.t_ns) if head is not None else None


def _window(leaks: Sequence[tuple[TrialReport, Trial]], timed: Sequence[tuple[TrialReport, Trial]]) -> SweepWindow:
    first, last = _aborted_ms(leaks[0]), _aborted_ms(leaks[-1])
    behind = [_aborted_ms(each) - head_ms for each in leaks if (head_ms := _head_ms(each)) is not None]
    return SweepWindow(
        from_ms=first,
        to_ms=last,
        running=len(leaks),
        aborts=sum(first <= _aborted_ms(each) <= last for each in timed),
        from_head_ms=round(min(behind), 3) if behind else None,
        to_head_ms=round(max(behind), 3) if behind else None,
    )
