"""What a passage through a hop means: whether it still streams, and what a user would see."""

from typing import Final

from msgspec import Struct

from sseprobe.http_exchange import Ending
from sseprobe.probes.buffering.measure import Passage
from sseprobe.report import Verdict
from sseprobe.streams.metrics import STALL_NS
from sseprobe.text import one_line
from sseprobe.units import NS_PER_MS, human_ms, ms

LATE_NS: Final = 150 * NS_PER_MS
"""Nine in ten events may come at most this late: a flush timer of 100 ms is not seen, the 200 ms of a kernel are."""

_ENOUGH: Final = 5


_MEANINGS: Final = {
    Ending.TRUNCATED: "the answer stops after {}, and clients that do not look closely take it for whole",
    Ending.RESET: "the answer breaks off with an error after {}",
}


class Judgement(Struct, frozen=True):
    """A verdict on one passage. `reason`: what was seen; `meaning`: to a user. `cut`: the hop ended it."""

    verdict: Verdict
    reason: str
    meaning: str
    cut: bool = False


def judge(passage: Passage, direct: Ending, scale: float = 1.0) -> Judgement:
    """Whether the stream came through. `direct`: how it ends without a hop. `scale`: how much faster time runs."""
    record = passage.record
    if passage.error is not None or passage.run.head is None:
        if record is not None and record.by_proxy:
            after = _after(passage, scale)
            reason = f"the hop answered {record.status} after {after}"
            meaning = f"the user gets an error ({record.status}) after {after}, and no answer"
            return Judgement(Verdict.FAIL, reason, meaning, cut=True)
        said = record.reason if record is not None and record.reason else str(passage.error or "no answer came")
        return _open(f"there was no stream to judge: {one_line(said, 400)}")
    ending = passage.ending
    if passage.run.redirects:
        return _open("the endpoint redirected past the hop, so that nothing went through it: give the final URL")
    if ending is not direct:
        if passage.tapped_broke:
            return _open(f"{ending} after {_after(passage, scale)}: it broke off before it reached the hop")
        after = _after(passage, scale)
        meaning = _MEANINGS.get(ending or Ending.ERROR, "the answer does not end as it should").format(after)
        return Judgement(Verdict.FAIL, f"{ending} after {after}: the hop ended it", meaning, cut=True)
    if passage.delays.count == 0:
        return _open("no event came of which the delay is known")
    return _by_delays(passage)


def _open(reason: str) -> Judgement:
    return Judgement(Verdict.INCONCLUSIVE, reason, "inconclusive: ask again, or for a longer answer")


def _after(passage: Passage, scale: float) -> str:
    """How long the exchange took, in real time."""
    record = passage.record
    took_ns = passage.run.end_ns
    if record is not None and record.ended_ns is not None:
        took_ns = record.ended_ns - record.started_ns
    return human_ms(ms(took_ns * scale))


def _by_delays(passage: Passage) -> Judgement:
    p50, p90, most = (passage.delays.percentile(50), passage.delays.percentile(90), passage.delays.max)
    added = f"{human_ms(ms(p50))} at the median, {human_ms(ms(most))} at most"
    if (p90 or 0) <= LATE_NS and (most or 0) <= STALL_NS:
        return Judgement(Verdict.PASS, f"adds {added}", "tokens appear as they are made")
    ttft, end = passage.ttft_ns or 0, passage.last_content_ns or 0
    if end - ttft <= LATE_NS and passage.delays.count >= _ENOUGH:
        meaning = f"the answer appears all at once after {human_ms(ms(end))}"
        return Judgement(Verdict.FAIL, f"held to the end: adds {added}", meaning)
    burst, period = passage.burst_events, passage.burst_period_ns
    if burst is not None and burst > 1 and period:
        every, first = human_ms(ms(period)), human_ms(ms(ttft))
        meaning = f"text arrives in bursts: {burst:g} tokens every {every}, the first after {first}"
    else:
        meaning = f"tokens appear up to {human_ms(ms(most))} after they are made, the first after {human_ms(ms(ttft))}"
    return Judgement(Verdict.FAIL, f"adds {added}", meaning)
