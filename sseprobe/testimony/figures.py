"""Figures: a counter of work must go flat, a gauge of requests in progress must come back."""

import itertools
from typing import Final

import msgspec

from sseprobe.testimony.answers import Answer, Pause, Testimony, late, number
from sseprobe.testimony.case import Case
from sseprobe.testimony.records import FEW_TOKENS
from sseprobe.testimony.seen import Reading, Sample
from sseprobe.units import NS_PER_MS, human_ms, ms

FLAT_NS: Final = 300 * NS_PER_MS
"""A counter is flat once it has not moved for this long, or for twice the longest gap seen before, if that is more."""

SOME: Final = 0.05
SOME_WORK: Final = 5
MUCH: Final = 0.2


def moves(samples: list[Sample]) -> list[int]:
    """When a counter was seen to have moved."""
    found, value = [], samples[0].reading.work if samples else None
    for sample in samples:
        if sample.reading.work != value:
            value = sample.reading.work
            found.append(sample.t_ns)
    return found


class FiguresCase(Case):
    """Judges by figures."""

    def judge(self) -> Testimony:
        """A counter must go flat, a gauge must come back."""
        if not self.seen.sure and self._behaves_like_a_gauge():
            return self._as_gauge().judge()
        if not self._worked():
            return self._never_moved()
        if several := self._several_workers():
            return Testimony(Answer.UNKNOWN, several, settled=True, broken=True)
        if self.seen.healthy.count and self.base.reading.work is not None:
            return self._among_healthy()
        overrun, made = self.overrun_by_figures(), self.made_in_all()
        quiet_since_ns, needed_ns = self._quiet_since(), self._needed_ns()
        free_since_ns = self._free_since()
        quiet_ns = self.last.asked_ns - max(quiet_since_ns, free_since_ns or 0)
        flat = quiet_ns >= needed_ns
        working = self._in_words()
        prompt = self._is_prompt()
        known = prompt and self.seen.pause_ns is not None
        if flat and free_since_ns is not None and (known or self.seen.over):
            return self._stopped(max(quiet_since_ns, free_since_ns), quiet_ns, overrun, made)
        if not self.seen.over:
            return Testimony(Answer.UNKNOWN, working, overrun=overrun, made=made)
        if free_since_ns is not None and not self._works_on(quiet_since_ns):
            said = (
                f"{working}; flat for too short a time to tell: it must be for {human_ms(ms(needed_ns))}; raise --grace"
            )
            return Testimony(Answer.UNKNOWN, said, overrun=overrun, made=made, settled=True)
        return Testimony(Answer.RUNNING, working, None, overrun, made, settled=True)

    def _stopped(self, stop_ns: int, quiet_ns: int, overrun: float | None, made: float | None) -> Testimony:
        left_ns = self.seen.left_ns
        said = f"{self._stopped_in_words()} {late(stop_ns, left_ns)}"
        before = (self.before.reading.work or 0) - (self.base.reading.work or 0)
        share = before * NS_PER_MS / max(1, left_ns - self.seen.started_ns)
        if self.seen.least_share is not None and share < self.seen.least_share:
            said += (
                f"; but it used {share:.0%} of a core while it streamed: a process that mostly waits for others looks "
                "the same whether they stopped or not. Name a witness that sees the work, such as upstream:PORT"
            )
            return Testimony(Answer.UNKNOWN, said, settled=True)
        much = stop_ns - left_ns > FLAT_NS if made is None else (overrun or 0) > max(SOME_WORK, made * MUCH)
        pause = Pause(prompt=self._is_prompt(), quiet_ns=quiet_ns)
        return Testimony(
            Answer.STOPPED,
            said,
            stop_ns,
            overrun,
            made,
            settled=True,
            needs_reference=True,
            late=much,
            received=self.seen.received,
            pause=pause,
        )

    def _several_workers(self) -> str | None:
        """Why its figures cannot be of one process, None if they can."""
        advice = (
            "several workers answer in turn (or it was restarted): run one worker for this test, or name a witness "
            "that sees all of them, such as upstream:PORT, log:FILE:REGEX, or a counter that they share"
        )
        works = [sample.reading.work or 0 for sample in self.course]
        for earlier, later in itertools.pairwise(works):
            if later < earlier:
                return f"the counter fell from {number(earlier)} to {number(later)}: {advice}"
        base, risen = self.base.reading.running, False
        for sample in self.during if base is not None else []:
            running = sample.reading.running or 0
            if risen and running <= (base or 0) and not self.seen.healthy.ends_ns:
                return f"the gauge was back at {running} while the stream still ran: {advice}"
            risen = risen or running > (base or 0)
        return None

    def _worked(self) -> bool:
        base, later = self.base.reading, [sample.reading for sample in [*self.during, *self.after]]
        if any((reading.work or 0) > (base.work or 0) for reading in later):
            return True
        return any((reading.running or 0) > (base.running or 0) for reading in later)

    def _never_moved(self) -> Testimony:
        first, last = self.base.reading, self.last.reading
        figures = [
            f"{number(old)} before, {number(new)} after"
            for old, new in ((first.work, last.work), (first.running, last.running))
            if old is not None
        ]
        said = f"did not move while {self.seen.received} content deltas arrived ({'; '.join(figures)})"
        said += ": it counts something else, or is updated too rarely to prove a stop"
        return Testimony(Answer.UNKNOWN, said, settled=self.seen.over, broken=True)

    def _moves_before(self) -> list[int]:
        return [move for move in moves(self.course) if move <= self.seen.left_ns]

    def _quiet_since(self) -> int:
        """When the counter moved last, the hang-up at the earliest."""
        return max([self.seen.left_ns, *moves(self.course)])

    def _needed_ns(self) -> int:
        """For how long the counter must be flat. The span behind its last move counts too: it was silent there."""
        least_ns = max(FLAT_NS, 2 * (self.seen.pause_ns or 0))
        if self.base.reading.work is None:
            return least_ns
        known = [self.seen.started_ns, *self._moves_before(), self.seen.left_ns]
        gaps = [later - earlier for earlier, later in itertools.pairwise(known)]
        # Until its first move a counter may wait for the first token.
        return max(least_ns, 2 * max(gaps[1:] or gaps))

    def _is_prompt(self) -> bool:
        """Whether it was seen to follow the work: a counter that moves once a second may pause for a second."""
        up = any((sample.reading.running or 0) > (self.base.reading.running or 0) for sample in self.during)
        return up or len(self._moves_before()) > 1

    def _works_on(self, quiet_since_ns: int) -> bool:
        """Whether the counter tells of work after the hang-up, and not, late, of work before it."""
        moves_after = len(moves(self.course)) - len(self._moves_before())
        # Silent for no longer than it was before: it may be between two moves.
        recent = self.last.asked_ns - quiet_since_ns <= self._needed_ns() // 2
        return recent and (moves_after > 1 or (moves_after == 1 and self._is_prompt()))

    def _free_since(self) -> int | None:
        """When the gauge came back to stay, None while it has not; the hang-up itself where there is no gauge."""
        if self.base.reading.running is None:
            return self.seen.left_ns
        since_ns = None
        for sample in reversed(self.course):
            if sample.t_ns <= self.seen.left_ns:
                break
            allowed = (self.base.reading.running or 0) + self.seen.healthy.open_at(sample.asked_ns)
            if (sample.reading.running or 0) > allowed:
                break
            since_ns = sample.t_ns
        return since_ns

    def _among_healthy(self) -> Testimony:
        """A counter that counts healthy streams too: their tokens are known, and what is over is the leavers'."""
        if not self.seen.healthy.all_over:
            return Testimony(Answer.UNKNOWN, "counts the healthy streams too, which still run")
        flat = self.last.asked_ns - self._quiet_since() >= FLAT_NS
        made = self.made_in_all() or 0
        received = self.seen.received + self.seen.healthy.received
        over = made - received
        said = f"{number(made)} made, {received} received by {self.seen.leavers + self.seen.healthy.count} clients"
        if not flat and not self.seen.over:
            return Testimony(Answer.UNKNOWN, said)
        if over < -received * SOME or not (self.seen.counts_tokens or self._keeps_pace()):
            return Testimony(Answer.UNKNOWN, f"{said}: it does not count tokens one by one", settled=True)
        overrun, tolerance = max(0.0, over), max(FEW_TOKENS * self.seen.leavers, received * SOME)
        # What the leavers' answers lack of whole ones: a leak makes all of it, a late client has read less than came.
        lacking = self.seen.leavers * self.seen.healthy.received / self.seen.healthy.count - self.seen.received
        if lacking <= tolerance:
            said = f"{said}: too little was left to stop to be seen beside them; ask for a longer answer"
            return Testimony(Answer.UNKNOWN, said, None, overrun, made, settled=True)
        leaked = overrun * 2 > lacking
        if overrun <= tolerance:
            return Testimony(Answer.UNKNOWN if leaked else Answer.STOPPED, said, None, overrun, made, settled=True)
        answer = Answer.RUNNING if self.seen.over and leaked else Answer.UNKNOWN
        return Testimony(answer, said, None, overrun, made, settled=self.seen.over)

    def _keeps_pace(self) -> bool:
        """Whether the counter had moved, when the leavers left, by about as many tokens as had come."""
        made, came = (self.before.reading.work or 0) - (self.base.reading.work or 0), self.seen.received_by_all
        streams = self.seen.leavers + self.seen.healthy.count
        return abs(made - came) <= came * SOME + FEW_TOKENS * streams and came > 2 * FEW_TOKENS * streams

    def _behaves_like_a_gauge(self) -> bool:
        """Whether it falls, as a counter never does, and not while the stream ran, as a gauge does not then."""
        works = [sample.reading.work or 0 for sample in self.course]
        return any(later < earlier for earlier, later in itertools.pairwise(works)) and not any(
            (later.reading.work or 0) < (earlier.reading.work or 0)
            for earlier, later in itertools.pairwise([self.base, *self.during])
        )

    def _as_gauge(self) -> "FiguresCase":
        def turned(sample: Sample) -> Sample:
            return Sample(sample.asked_ns, sample.t_ns, Reading(running=round(sample.reading.work or 0)))

        seen = msgspec.structs.replace(self.seen, sure=True)
        return FiguresCase(seen, list(map(turned, self.course)))

    def _in_words(self) -> str:
        then, now = self.before.reading, self.last.reading
        parts = []
        if now.work is not None:
            parts.append(f"the counter went from {number(then.work)} to {number(now.work)} after the hang-up")
        if now.running is not None:
            parts.append(f"{now.running} requests in progress {late(self.last.t_ns, self.seen.left_ns)}")
        return ", ".join(parts)

    def _stopped_in_words(self) -> str:
        now, parts = self.last.reading, []
        if now.work is not None:
            parts.append(f"the counter stands at {number(now.work)} ({number(self.before.reading.work)} before)")
        if now.running is not None:
            parts.append(f"the gauge came back to {now.running}")
        return " and ".join(parts) + ","
