"""Whether a path holds a stream back, and how, read from when its bytes came. Pure: transcripts in, a diagnosis out.

Strategy. What came together is a burst. Holding shows in bursts: all in one at the end (whole body), bursts of equal
size that end inside events (a block), bursts at equal distances that end with events (a timer). A model may do the
like: several tokens at once look like a timer, a canned answer like a held one. So one path alone shows little, and a
second, direct one decides: what is on both is the model's, or the machine's. Where our own process read late, bursts
may be ours.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Final

from msgspec import Struct

from sseprobe.sse.framing import Framing
from sseprobe.streams.metrics import Distribution
from sseprobe.streams.transcript import Transcript
from sseprobe.units import NS_PER_MS, human_bytes, human_ms, ms

AT_ONCE_NS: Final = 2 * NS_PER_MS
"""Bytes that came within this time came together."""

ENOUGH_EVENTS: Final = 20
_HELD_NS: Final = 50 * NS_PER_MS
"""Nine in ten events may be this late on the way, beyond the delay of all: network and scheduling do as much."""

_LATE_NS: Final = _HELD_NS // 2
"""A read that came so late may have gathered what a buffer is blamed for; a little less cannot."""

_QUICKEST_EVENT_NS: Final = NS_PER_MS // 5
"""No model makes 5,000 events a second; a path that lets go of what it gathered brings more."""

_WAITED_NS: Final = 1000 * NS_PER_MS
_FAR_LONGER: Final = 10
_ENOUGH_BURSTS: Final = 3
_LEAST_BLOCK: Final = 512
_SAME_SIZE: Final = 0.02
_SAME_PERIOD: Final = 0.3
_MOST: Final = 0.8
_BUNCHED: Final = 1.5
_FAR_BUNCHED: Final = 3.0
_HEAD_BYTES: Final = 768


class Holding(StrEnum):
    """How a path holds back."""

    NONE = "none"
    WHOLE_BODY = "whole-body"
    BLOCK = "block"
    TIMER = "timer"
    COMPRESSION = "compression"
    BURSTS = "lumps"
    """Held back, and by no rule that shows."""
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How certain a diagnosis is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Burst(Struct, frozen=True):
    """What came together. `start`, `end`: its bytes in the body; times in ns from t0; `content`: events with content.

    `cut`: it ends inside an event. `late_ns`: how late its reads came at most.
    """

    start: int
    end: int
    first_ns: int
    last_ns: int
    content: int
    cut: bool
    late_ns: int

    @property
    def trusted(self) -> bool:
        """Whether no read of it came late, so that it came together indeed."""
        return self.late_ns <= _LATE_NS

    @property
    def size(self) -> int:
        return self.end - self.start


class Diagnosis(Struct, frozen=True):
    """What a path does. `buffers` None: unknown.

    `block_bytes`, `period_ms`: of the buffer, where it has such. `burst_events`: median of the bursts with content.
    `evidence`: sentences with figures.
    """

    kind: Holding
    buffers: bool | None
    confidence: Confidence
    evidence: tuple[str, ...]
    block_bytes: int | None = None
    period_ms: float | None = None
    burst_events: float | None = None


def bursts_of(stream: Transcript) -> list[Burst]:
    """The bursts of a body, in order."""
    ends = {message.event.end for message in stream.messages} | {frame.end for frame in stream.frames}
    # In a body that is text, no chunk ends inside an event: a buffer shows in the size alone.
    is_text = stream.framing is Framing.TEXT
    content = [message.event.end for message in stream.content]
    found: list[Burst] = []
    begun = 0
    place = 0
    for chunk, end in zip(stream.chunks, stream.chunk_ends, strict=True):
        completed = 0
        while place < len(content) and content[place] <= end:
            completed, place = completed + 1, place + 1
        read = chunk.read
        late_ns = max(read.blind_ns, read.lag_ns or 0)
        grows = bool(found) and read.t_ns - found[-1].last_ns <= AT_ONCE_NS
        size = end - (found[-1].start if grows else begun)
        cut = size % _LEAST_BLOCK == 0 if is_text else end not in ends
        if grows:
            last = found[-1]
            found[-1] = Burst(
                last.start,
                end,
                last.first_ns,
                read.t_ns,
                last.content + completed,
                cut,
                max(last.late_ns, late_ns),
            )
        else:
            found.append(Burst(begun, end, read.t_ns, read.t_ns, completed, cut, late_ns))
        begun = end
    return found


def delays(path: Transcript, direct: Transcript) -> list[int] | None:
    """How much later each event with content came than on the direct path, in ns, each counted from its own request.

    None where the answers differ, as those of a model do.
    """
    ours, theirs = path.content, direct.content
    if not ours or [message.deltas for message in ours] != [message.deltas for message in theirs]:
        return None
    return [mine.read.t_ns - other.read.t_ns for mine, other in zip(ours, theirs, strict=True)]


def added_ttft_ns(path: Transcript, direct: Transcript) -> int | None:
    """How much later the first event with content came than on the direct path."""
    if not path.content or not direct.content:
        return None
    return path.content[0].read.t_ns - direct.content[0].read.t_ns


def diagnose(path: Transcript, direct: Transcript | None = None) -> Diagnosis:
    """What the path does, compared with the direct one if there is one."""
    if direct is None and (block := _slow_block(bursts_of(path))) is not None:
        return block
    fewest = min(len(path.content), len(direct.content) if direct else len(path.content))
    if fewest < ENOUGH_EVENTS:
        return _inconclusive(f"{fewest} events with content arrived, too few to judge: ask for a longer answer")
    if direct is None:
        return _without_direct(path)
    return _against_direct(path, direct)


def _inconclusive(*evidence: str) -> Diagnosis:
    return Diagnosis(Holding.UNKNOWN, None, Confidence.POSSIBLE, evidence)


def _without_direct(path: Transcript) -> Diagnosis:
    """One path: only what no model can produce is called."""
    bursts = bursts_of(path)
    if came_at_once(path):
        whole = _at_once(path)
        waited_ns = path.content[0].read.t_ns
        # Who read a little late did not gather what was waited for far longer.
        if any(each.late_ns > max(_LATE_NS, waited_ns // _FAR_LONGER) for each in bursts if each.content):
            return _inconclusive(f"{whole}; but sseprobe read late, so they may have arrived one by one")
        if waited_ns < _WAITED_NS:
            return _inconclusive(f"{whole}: a canned answer looks the same; ask for a longer one")
        return Diagnosis(Holding.WHOLE_BODY, True, Confidence.POSSIBLE, (whole,))
    timer = _timer(bursts, None)
    if timer is not None:
        sentence = "a model that generates several tokens at a time looks the same: compare with --direct"
        return _inconclusive(*timer.evidence, sentence)
    return _inconclusive("no pattern that only a buffer causes: compare with the direct path (--direct) to be sure")


def _against_direct(path: Transcript, direct: Transcript) -> Diagnosis:
    bursts, straight = bursts_of(path), bursts_of(direct)
    late = delays(path, direct)
    coded = path.head is not None and direct.head is not None
    encoding = path.head.header("content-encoding") if path.head and coded else None
    compresses = encoding is not None and (direct.head.header("content-encoding") if direct.head else None) is None
    bunching = _content_per_burst(bursts), _content_per_burst(straight)
    evidence: list[str] = []
    if compresses:
        evidence.append(f"this path compresses ({encoding}), the direct one does not")
    held: Distribution | None = None
    if late is not None:
        held = Distribution()
        for each in late:
            held.add(each - min(late))
        evidence.append(
            f"events come {human_ms(ms(held.percentile(50)))} later at the median, "
            f"{human_ms(ms(held.max))} at most (beyond the delay that all have)"
        )
    else:
        evidence.append("the answers differ, so burst patterns are compared instead of single events")
    evidence.append(f"{bunching[0]:.3g} events per burst, {bunching[1]:.3g} on the direct path")
    if not _spread(direct) > _HELD_NS:
        return _inconclusive(
            *evidence, "the direct path delivers everything at once too, so there is nothing to compare"
        )
    if held is not None and (held.percentile(90) or 0) <= _HELD_NS:
        return Diagnosis(Holding.NONE, False, Confidence.CERTAIN, tuple(evidence), burst_events=bunching[0])
    if not any(each.trusted for each in bursts if each.content > 1) and bunching[0] > 1:
        return _inconclusive(*evidence, "sseprobe read late, which may have caused the bursts")
    found = _kind(path, direct, bursts, late)
    if found is None:
        if held is None and bunching[0] <= _BUNCHED * bunching[1]:
            return Diagnosis(Holding.NONE, False, Confidence.LIKELY, tuple(evidence), burst_events=bunching[0])
        if (
            bunching[0] >= (_BUNCHED if held is not None else _FAR_BUNCHED) * bunching[1]
            and _several_at_once(bursts) > 1
        ):
            longest_ms = None if held is None else ms(held.max)
            return Diagnosis(Holding.BURSTS, True, Confidence.POSSIBLE, tuple(evidence), None, longest_ms, bunching[0])
        return _inconclusive(*evidence, "the bursts follow neither a size nor a period: a network pause looks the same")
    kind = Holding.COMPRESSION if compresses else found.kind
    return Diagnosis(
        kind,
        True,
        found.confidence,
        (*found.evidence, *evidence),
        found.block_bytes if kind is Holding.BLOCK else None,
        found.period_ms if kind is Holding.TIMER else None,
        bunching[0],
    )


def _kind(path: Transcript, direct: Transcript, bursts: list[Burst], late: list[int] | None) -> Diagnosis | None:
    spread_ns = _spread(direct)
    later_ns = added_ttft_ns(path, direct) or 0
    if _spread(path) <= max(AT_ONCE_NS, spread_ns // 10) and later_ns >= spread_ns // 2:
        confidence = Confidence.CERTAIN if spread_ns >= _WAITED_NS // 2 else Confidence.LIKELY
        return Diagnosis(Holding.WHOLE_BODY, True, confidence, (_at_once(path),))
    if (block := _block(bursts)) is not None:
        return block
    if _content_per_burst(bursts) < _BUNCHED * _content_per_burst(bursts_of(direct)):
        return None
    return _timer(bursts, late) or _first_block(bursts)


def _spread(stream: Transcript) -> int:
    return stream.content[-1].read.t_ns - stream.content[0].read.t_ns


def came_at_once(stream: Transcript) -> bool:
    """Whether all events with content came faster than a model makes them, after a wait that was far longer."""
    spread_ns = _spread(stream)
    made_ns = len(stream.content) * _QUICKEST_EVENT_NS
    return spread_ns <= max(AT_ONCE_NS, min(made_ns, stream.content[0].read.t_ns // 50))


def _at_once(stream: Transcript) -> str:
    spread_ns = _spread(stream)
    within = "at once" if spread_ns <= AT_ONCE_NS else f"within {human_ms(ms(spread_ns))}"
    first = human_ms(ms(stream.content[0].read.t_ns))
    return f"{len(stream.content)} events came {within}, {first} after the request"


def _slow_block(bursts: Sequence[Burst]) -> Diagnosis | None:
    """Blocks that hold back, three at least. An answer that is sent as fast as the path carries it comes in pieces of
    one size too: in TLS records, in what one read takes.
    """
    distances = [later.first_ns - earlier.first_ns for earlier, later in pairwise(bursts)][:-1]
    block = _block(bursts) if distances and median(distances) > _HELD_NS else None
    return block if block and block.confidence is Confidence.CERTAIN else None


def _block(bursts: Sequence[Burst]) -> Diagnosis | None:
    """Bursts of one size, whatever is in them. The first may be another (a head took room); the last is the rest.

    A large event fills several blocks at once, but not each time: windows that grow bring ever more of them.
    """
    inner = [each for each in bursts[1:-1] if each.trusted]
    block = min((each.size for each in inner), default=0)
    if block < _LEAST_BLOCK:
        return None

    def fits(burst: Burst) -> bool:
        return abs(burst.size - max(1, round(burst.size / block)) * block) <= _SAME_SIZE * block

    full = [each for each in bursts[:1] if each.trusted and fits(each)] + inner
    single = sum(each.size < 1.5 * block for each in full)
    cut = sum(each.cut for each in full)
    if len(full) < _ENOUGH_BURSTS - 1 or not all(map(fits, full)) or single < _MOST * len(full) or 2 * cut < len(full):
        return None
    confidence = Confidence.CERTAIN if len(full) >= _ENOUGH_BURSTS else Confidence.LIKELY
    sentence = f"{len(full)} bursts of {human_bytes(block)} each, which end inside events"
    return Diagnosis(Holding.BLOCK, True, confidence, (sentence,), block)


def _first_block(bursts: Sequence[Burst]) -> Diagnosis | None:
    """One full block, and the rest at the end: a short answer. What is full holds the answer's head too, perhaps."""
    if len(bursts) != 2 or not all(each.trusted for each in bursts):
        return None
    first, rest = bursts
    block = 1 << max(0, first.size - 1).bit_length()
    if first.size < _LEAST_BLOCK or block - first.size > _HEAD_BYTES or not first.cut or rest.size > first.size:
        return None
    sentence = f"{first.size:,} bytes at once, ending inside an event: a buffer of {human_bytes(block)}, head included"
    return Diagnosis(Holding.BLOCK, True, Confidence.LIKELY, (sentence,), block)


def _several_at_once(bursts: Sequence[Burst]) -> int:
    """Bursts of several events."""
    return sum(each.content > 1 for each in bursts)


def _timer(bursts: Sequence[Burst], late: list[int] | None) -> Diagnosis | None:
    """Bursts at equal distances, whatever is in them. A timer passes on what was written; it cuts no event in two."""
    full = [each for each in bursts if each.content]
    distances = [later.first_ns - earlier.first_ns for earlier, later in pairwise(full)][:-1]
    if len(distances) < _ENOUGH_BURSTS or sum(each.content > 1 for each in full) < _MOST * len(full):
        return None
    typical = median(distances)
    regular = sum(abs(each - typical) <= _SAME_PERIOD * typical for each in distances)
    if regular < _MOST * len(distances):
        return None
    period_ms = ms(typical) or 0.0
    if late is not None:
        # The first event of a burst waited for the whole of the timer.
        waits, place = [], 0
        for each in full:
            waits.append(late[place] - min(late))
            place += each.content
        period_ms = ms(median(waits)) or period_ms
    sentence = f"{len(full)} bursts about every {human_ms(ms(typical))}"
    if 2 * sum(each.cut for each in full) > len(full):
        return Diagnosis(Holding.UNKNOWN, True, Confidence.LIKELY, (f"{sentence}, which end inside events",))
    confidence = Confidence.CERTAIN if late is not None else Confidence.LIKELY
    return Diagnosis(Holding.TIMER, True, confidence, (sentence,), None, round(period_ms, 1))


def _content_per_burst(bursts: Sequence[Burst]) -> float:
    full = [each.content for each in bursts if each.content]
    return median(full) if full else 0.0
