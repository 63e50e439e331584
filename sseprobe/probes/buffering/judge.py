"""Judges a stream that came through a simulated proxy: whether it still streams, and what a user would see."""

from typing import Final

from msgspec import Struct

from sseprobe.http_exchange import Ending
from sseprobe.probes.buffering.measure import ProxyRun
from sseprobe.report import Verdict
from sseprobe.streams.metrics import STALL_NS
from sseprobe.text import one_line
from sseprobe.units import NS_PER_MS, human_ms, ms

LATE_NS: Final = 150 * NS_PER_MS
"""Nine in ten events may be at most this late: a user does not see a flush timer of 100 ms, but a kernel's 200 ms."""

_ENOUGH: Final = 5
_MEANINGS: Final = {
    Ending.TRUNCATED: "the answer stops after {}; clients that do not check for the end take it for complete",
    Ending.RESET: "the answer breaks off with an error after {}",
}


class Judgement(Struct, frozen=True):
    """A verdict on one stream. `reason`: what was seen; `meaning`: what a user sees. `cut`: the proxy ended it."""

    verdict: Verdict
    reason: str
    meaning: str
    cut: bool = False


def judge(run: ProxyRun, direct: Ending, scale: float = 1.0) -> Judgement:
    """Whether the stream came through. `direct`: how it ends without a proxy. `scale`: how much faster time ran."""
    record = run.record
    if run.error is not None or run.received.head is None:
        if record is not None and record.by_proxy:
            after = _after(run, scale)
            reason = f"the proxy answered {record.status} after {after}"
            meaning = f"the user gets an error ({record.status}) after {after}, and no answer"
            return Judgement(Verdict.FAIL, reason, meaning, cut=True)
        cause = record.reason if record is not None and record.reason else str(run.error or "no answer came")
        return _inconclusive(f"there was no stream to judge: {one_line(cause, 400)}")
    ending = run.ending
    if run.received.redirects:
        return _inconclusive("the endpoint redirected, so the stream did not go through the proxy: give the final URL")
    if ending is not direct:
        if run.broke_before_proxy:
            return _inconclusive(f"{ending} after {_after(run, scale)}: it broke off before it reached the proxy")
        after = _after(run, scale)
        meaning = _MEANINGS.get(ending or Ending.ERROR, "the answer does not end as it should").format(after)
        return Judgement(Verdict.FAIL, f"{ending} after {after}: the proxy ended it", meaning, cut=True)
    if run.delays.count == 0:
        return _inconclusive("no event arrived whose delay is known")
    return _by_delays(run)


def _inconclusive(reason: str) -> Judgement:
    return Judgement(Verdict.INCONCLUSIVE, reason, "inconclusive: run it again, or ask for a longer answer")


def _after(run: ProxyRun, scale: float) -> str:
    """How long the exchange took, in the time of the profile."""
    record = run.record
    took_ns = run.received.end_ns
    if record is not None and record.ended_ns is not None:
        took_ns = record.ended_ns - record.started_ns
    return human_ms(ms(took_ns * scale))


def _by_delays(run: ProxyRun) -> Judgement:
    p50, p90, most = (run.delays.percentile(50), run.delays.percentile(90), run.delays.max)
    added = f"{human_ms(ms(p50))} at the median, {human_ms(ms(most))} at most"
    if (p90 or 0) <= LATE_NS and (most or 0) <= STALL_NS:
        return Judgement(Verdict.PASS, f"adds {added}", "tokens appear as they are made")
    ttft, end = run.ttft_ns or 0, run.last_content_ns or 0
    if end - ttft <= LATE_NS and run.delays.count >= _ENOUGH:
        meaning = f"the answer appears all at once after {human_ms(ms(end))}"
        return Judgement(Verdict.FAIL, f"held to the end: adds {added}", meaning)
    burst, period = run.burst_events, run.burst_period_ns
    if burst is not None and burst > 1 and period:
        every, first = human_ms(ms(period)), human_ms(ms(ttft))
        meaning = f"text arrives in bursts: {burst:g} tokens every {every}, the first after {first}"
    else:
        meaning = f"tokens appear up to {human_ms(ms(most))} after they are made, the first after {human_ms(ms(ttft))}"
    return Judgement(Verdict.FAIL, f"adds {added}", meaning)
