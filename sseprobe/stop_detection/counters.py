"""Counters and gauges: a counter of work must go flat, a gauge of requests in progress must return to its base."""

import itertools
from typing import Final

import msgspec

from sseprobe.stop_detection.answers import Answer, Detection, Pause, after_abort, number, requests
from sseprobe.stop_detection.base import FEW_TOKENS, Judge
from sseprobe.stop_detection.samples import Reading, Sample, moves
from sseprobe.units import NS_PER_MS, human_ms, ms

FLAT_NS: Final = 300 * NS_PER_MS
"""A counter is flat once it has not moved for this long, or for twice the longest gap seen before, if that is more."""

SOME: Final = 0.05
SOME_WORK: Final = 5
MUCH: Final = 0.2


class CounterJudge(Judge):
    """Judges by a counter of work, a gauge of requests in progress, or both."""

    def judge(self) -> Detection:
        """A counter must go flat, a gauge must return to its base."""
        if not self.observation.sure and self._behaves_like_a_gauge():
            return self._as_gauge().judge()
        if not self._worked():
            return self._never_moved()
        if several := self._several_workers():
            return Detection(Answer.UNKNOWN, several, settled=True, broken=True)
        if self.observation.healthy.count and self.base.reading.work is not None:
            return self._among_healthy()
        overrun, made = self.work_after_abort(), self.total_work()
        quiet_since_ns, needed_ns = self._quiet_since(), self._needed_ns()
        free_since_ns = self._free_since()
        quiet_ns = self.last.requested_ns - max(quiet_since_ns, free_since_ns or 0)
        flat = quiet_ns >= needed_ns
        working = self._in_words()
        prompt = self._is_prompt()
        known = prompt and self.observation.pause_ns is not None
        if flat and free_since_ns is not None and (known or self.observation.over):
            return self._stopped(max(quiet_since_ns, free_since_ns), quiet_ns, overrun, made)
        if not self.observation.over:
            return Detection(Answer.UNKNOWN, working, overrun=overrun, made=made)
        if free_since_ns is not None and not self._works_on(quiet_since_ns):
            evidence = f"{working}; not flat for long enough ({human_ms(ms(needed_ns))} needed): raise --grace"
            return Detection(Answer.UNKNOWN, evidence, overrun=overrun, made=made, settled=True)
        return Detection(Answer.RUNNING, working, None, overrun, made, settled=True)

    def _stopped(self, stop_ns: int, quiet_ns: int, overrun: float | None, made: float | None) -> Detection:
        aborted_ns = self.observation.aborted_ns
        evidence = f"{self._stopped_in_words()} {after_abort(stop_ns, aborted_ns)}"
        before = (self.before.reading.work or 0) - (self.base.reading.work or 0)
        share = before * NS_PER_MS / max(1, aborted_ns - self.observation.started_ns)
        if self.observation.least_share is not None and share < self.observation.least_share:
            evidence += (
                f"; but the process used only {share:.0%} of a core while it streamed: where it mostly waits, its CPU "
                "time does not show a stop. Use a witness that sees the work itself, such as upstream:PORT"
            )
            return Detection(Answer.UNKNOWN, evidence, settled=True)
        much = stop_ns - aborted_ns > FLAT_NS if made is None else (overrun or 0) > max(SOME_WORK, made * MUCH)
        pause = Pause(prompt=self._is_prompt(), quiet_ns=quiet_ns)
        return Detection(
            Answer.STOPPED,
            evidence,
            stop_ns,
            overrun,
            made,
            settled=True,
            needs_reference=True,
            late=much,
            received=self.observation.received,
            pause=pause,
        )

    def _several_workers(self) -> str | None:
        """Why its numbers cannot be of one process, None if they can."""
        advice = (
            "several workers answer in turn (or the server was restarted): run one worker for this test, or use a "
            "witness that sees all of them, such as upstream:PORT, log:FILE:REGEX, or a counter that they share"
        )
        works = [sample.reading.work or 0 for sample in self.samples]
        for earlier, later in itertools.pairwise(works):
            if later < earlier:
                return f"the counter fell from {number(earlier)} to {number(later)}: {advice}"
        base, risen = self.base.reading.running, False
        for sample in self.during if base is not None else []:
            running = sample.reading.running or 0
            if risen and running <= (base or 0) and not self.observation.healthy.ends_ns:
                return f"the gauge returned to {running} while the stream was still running: {advice}"
            risen = risen or running > (base or 0)
        return None

    def _worked(self) -> bool:
        base, later = self.base.reading, [sample.reading for sample in [*self.during, *self.after]]
        if any((reading.work or 0) > (base.work or 0) for reading in later):
            return True
        return any((reading.running or 0) > (base.running or 0) for reading in later)

    def _never_moved(self) -> Detection:
        first, last = self.base.reading, self.last.reading
        numbers = [
            f"{number(old)} before, {number(new)} after"
            for old, new in ((first.work, last.work), (first.running, last.running))
            if old is not None
        ]
        evidence = f"did not change while {self.observation.received} content deltas arrived ({'; '.join(numbers)})"
        evidence += ": it counts something else, or is updated too rarely to prove a stop"
        return Detection(Answer.UNKNOWN, evidence, settled=self.observation.over, broken=True)

    def _moves_before(self) -> list[int]:
        return [move for move in moves(self.samples) if move <= self.observation.aborted_ns]

    def _quiet_since(self) -> int:
        """When the counter moved last, the abort at the earliest."""
        return max([self.observation.aborted_ns, *moves(self.samples)])

    def _needed_ns(self) -> int:
        """For how long the counter must be flat. The span behind its last move counts too: it was silent there."""
        least_ns = max(FLAT_NS, 2 * (self.observation.pause_ns or 0))
        if self.base.reading.work is None:
            return least_ns
        known = [self.observation.started_ns, *self._moves_before(), self.observation.aborted_ns]
        gaps = [later - earlier for earlier, later in itertools.pairwise(known)]
        # Until its first move a counter may wait for the first token.
        return max(least_ns, 2 * max(gaps[1:] or gaps))

    def _is_prompt(self) -> bool:
        """Whether it was seen to follow the work: a counter that moves once a second may pause for a second."""
        up = any((sample.reading.running or 0) > (self.base.reading.running or 0) for sample in self.during)
        return up or len(self._moves_before()) > 1

    def _works_on(self, quiet_since_ns: int) -> bool:
        """Whether the counter shows work after the abort, and not, late, work before it."""
        moves_after = len(moves(self.samples)) - len(self._moves_before())
        # Silent for no longer than it was before: it may be between two moves.
        recent = self.last.requested_ns - quiet_since_ns <= self._needed_ns() // 2
        return recent and (moves_after > 1 or (moves_after == 1 and self._is_prompt()))

    def _free_since(self) -> int | None:
        """When the gauge returned to its base for good, None while it has not; the abort where there is no gauge."""
        if self.base.reading.running is None:
            return self.observation.aborted_ns
        since_ns = None
        for sample in reversed(self.samples):
            if sample.t_ns <= self.observation.aborted_ns:
                break
            allowed = (self.base.reading.running or 0) + self.observation.healthy.open_at(sample.requested_ns)
            if (sample.reading.running or 0) > allowed:
                break
            since_ns = sample.t_ns
        return since_ns

    def _among_healthy(self) -> Detection:
        """A counter that counts healthy streams too: their tokens are known, and the rest is the aborted clients'."""
        observation, healthy = self.observation, self.observation.healthy
        if not healthy.all_over:
            return Detection(Answer.UNKNOWN, "also counts the healthy streams, which are still running")
        flat = self.last.requested_ns - self._quiet_since() >= FLAT_NS
        made = self.total_work() or 0
        received = observation.received + healthy.received
        over = made - received
        clients = observation.aborted + healthy.count
        evidence = f"{number(made)} generated, {received} received by {clients} clients"
        if not flat and not observation.over:
            return Detection(Answer.UNKNOWN, evidence)
        if over < -received * SOME or not (observation.counts_tokens or self._keeps_pace()):
            return Detection(Answer.UNKNOWN, f"{evidence}: the counter does not count tokens one by one", settled=True)
        overrun, tolerance = max(0.0, over), max(FEW_TOKENS * observation.aborted, received * SOME)
        # What the aborted answers lack of whole ones: a leak makes all of it, a late client has read less than came.
        lacking = observation.aborted * healthy.received / healthy.count - observation.received
        if lacking <= tolerance:
            evidence += ": too little was left to generate for a stop to show; request a longer answer"
            return Detection(Answer.UNKNOWN, evidence, None, overrun, made, settled=True)
        leaked = overrun * 2 > lacking
        if overrun <= tolerance:
            return Detection(Answer.UNKNOWN if leaked else Answer.STOPPED, evidence, None, overrun, made, settled=True)
        answer = Answer.RUNNING if observation.over and leaked else Answer.UNKNOWN
        return Detection(answer, evidence, None, overrun, made, settled=observation.over)

    def _keeps_pace(self) -> bool:
        """Whether the counter had moved, by the abort, by about as many tokens as had been received."""
        made, came = (self.before.reading.work or 0) - (self.base.reading.work or 0), self.observation.received_by_all
        streams = self.observation.aborted + self.observation.healthy.count
        return abs(made - came) <= came * SOME + FEW_TOKENS * streams and came > 2 * FEW_TOKENS * streams

    def _behaves_like_a_gauge(self) -> bool:
        """Whether it falls, as a counter never does, and not while the stream ran, as a gauge does not then."""
        works = [sample.reading.work or 0 for sample in self.samples]
        return any(later < earlier for earlier, later in itertools.pairwise(works)) and not any(
            (later.reading.work or 0) < (earlier.reading.work or 0)
            for earlier, later in itertools.pairwise([self.base, *self.during])
        )

    def _as_gauge(self) -> "CounterJudge":
        def turned(sample: Sample) -> Sample:
            return Sample(sample.requested_ns, sample.t_ns, Reading(running=round(sample.reading.work or 0)))

        observation = msgspec.structs.replace(self.observation, sure=True)
        return CounterJudge(observation, list(map(turned, self.samples)))

    def _in_words(self) -> str:
        then, now = self.before.reading, self.last.reading
        parts = []
        if now.work is not None:
            parts.append(f"the counter went from {number(then.work)} to {number(now.work)} after the abort")
        if now.running is not None:
            when = after_abort(self.last.t_ns, self.observation.aborted_ns)
            parts.append(f"{requests(now.running)} in progress {when}")
        return ", ".join(parts)

    def _stopped_in_words(self) -> str:
        now, parts = self.last.reading, []
        if now.work is not None:
            parts.append(f"the counter stopped at {number(now.work)} ({number(self.before.reading.work)} before)")
        if now.running is not None:
            parts.append(f"the gauge returned to {now.running}")
        return " and ".join(parts) + ","
