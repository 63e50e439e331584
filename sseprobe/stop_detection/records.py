"""A direct record of each request: it is seen to stop, to go on, or to be followed by another one."""

from typing import Final

import msgspec

from sseprobe.stop_detection.answers import Answer, Detection, Notice, after_abort, number, requests, tokens
from sseprobe.stop_detection.base import ENDS_TOGETHER_NS, FEW_TOKENS, Judge
from sseprobe.stop_detection.samples import Call, Observation, Sample
from sseprobe.units import NS_PER_S

NOTHING_NEW_NS: Final = NS_PER_S
"""For how long an app must not call its provider again after it has closed a call."""


class RecordJudge(Judge):
    """Judges by the records of this trial's own requests."""

    def __init__(self, observation: Observation, samples: list[Sample]) -> None:
        super().__init__(observation, samples)
        known = {call.id for call in _calls(self.base)}
        calls = [call for call in _calls(self.last) if call.id not in known]
        first_ns = min((call.arrived_ns for call in calls), default=0)
        self.last_due_ns = max(first_ns, observation.aborted_ns) + ENDS_TOGETHER_NS
        # What serves the clients themselves may serve others meanwhile; an app calls for this client alone.
        self.calls = [call for call in calls if observation.is_called or not self._came_late(call)]
        self.running = [call for call in self.calls if call.running]
        self.late = [call for call in self.calls if not call.running and self._ended_after(call)]
        self.stopped = [call for call in self.late if call.stopped]
        made_before = {call.id: call.made for call in _calls(self.before)}
        self.made_after = {call.id: call.made - made_before.get(call.id, 0) for call in self.calls}

    def judge(self) -> Detection:
        """Stopped: nothing runs beyond the healthy streams, and nothing new is called for."""
        over = self.observation.over
        if not self.calls:
            return self._not_called()
        per_stream = self._requests_per_stream()
        extra = len(self.running) - per_stream * self._healthy_open(self.last)
        if extra > 0 and not over:
            return self._detection(Answer.UNKNOWN, self._still_generating(0))
        again = self._called_again()
        if extra > 0:
            return self._detection(Answer.RUNNING, again or self._still_generating(extra), settled=True)
        if again:
            return self._detection(Answer.RUNNING if over else Answer.UNKNOWN, again, settled=over)
        ran_on = self._ran_on()
        alone = not self.observation.healthy.count
        if len(self.stopped) >= per_stream * self.observation.aborted and not (alone and ran_on):
            return self._all_stopped()
        if ran_on and self._all_aborted_ended(per_stream):
            made = tokens(sum(self.made_after[call.id] for call in ran_on))
            evidence = f"ran to its end: {made} generated after the abort"
            return self._detection(Answer.RUNNING if over else Answer.UNKNOWN, evidence, settled=over)
        return self._nothing_left(per_stream)

    def _not_called(self) -> Detection:
        over = self.observation.over
        if self.observation.received:
            evidence = "saw no request while the stream ran: this endpoint does not use it"
            return Detection(Answer.UNKNOWN, evidence, settled=over, broken=True)
        evidence = "no request arrived, before the abort or after it: the client disconnected before the app called"
        return Detection(Answer.UNKNOWN, f"{evidence}; abort later (--at mid-stream)", settled=over, nothing_left=True)

    def _all_stopped(self) -> Detection:
        stop_ns = max(call.ended_ns or 0 for call in self.stopped)
        overrun, _ = self._overrun()
        evidence = f"generation stopped {self._after_abort(stop_ns)}; {tokens(overrun)} generated after it"
        if len(self.stopped) > self.observation.aborted:
            evidence += f" ({requests(len(self.stopped))})"
        watched = not self.observation.is_called or self.last.requested_ns - stop_ns >= NOTHING_NEW_NS
        return self._detection(Answer.STOPPED, evidence, stop_ns=stop_ns, settled=watched)

    def _nothing_left(self, per_stream: int) -> Detection:
        """What the aborted clients had asked for was over before, or in that moment: it may be called again."""
        over = self.observation.over
        if not self._all_aborted_ended(per_stream):
            return self._detection(Answer.UNKNOWN, self._still_generating(0), settled=over)
        if self.observation.healthy.count:
            evidence = "the aborted answers were complete before the abort: nothing was left to stop"
        else:
            made = tokens(self.total_work())
            evidence = f"the whole answer ({made}) was generated before the abort: nothing was left to stop"
        settled = over or not self.observation.is_called
        detection = self._detection(Answer.UNKNOWN, f"{evidence}; request a longer answer", settled=settled)
        return msgspec.structs.replace(detection, overrun=None, nothing_left=True)

    def _detection(
        self, answer: Answer, evidence: str, *, stop_ns: int | None = None, settled: bool = False
    ) -> Detection:
        overrun, notice = self._overrun()
        return Detection(answer, evidence, stop_ns, overrun, self.total_work(), settled=settled, notice=notice)

    def _still_generating(self, extra: int) -> str:
        overrun, _ = self._overrun()
        evidence = f"still generating {self._after_abort(self.last.t_ns)}: {tokens(overrun)} generated after it"
        if extra and (self.stopped or self.observation.healthy.count):
            running = requests(len(self.running))
            evidence += f" ({running} running, {number(extra)} more than the clients still connected)"
        return evidence

    def _called_again(self) -> str | None:
        """What was called for after the abort, although no client is left that it could be for."""
        healthy = self.observation.healthy
        new = [
            call
            for call in self.calls
            if self._came_late(call) and not healthy.open_at(call.arrived_ns - ENDS_TOGETHER_NS)
        ]
        if not new:
            return None
        made = tokens(sum(call.made for call in new))
        return f"called again {self._after_abort(min(call.arrived_ns for call in new))}: {made} generated for it"

    def _ran_on(self) -> list[Call]:
        """Requests that ended by themselves, with more made after the abort than was on its way in that moment."""
        found = []
        for call in self._finished_beside_healthy():
            made, ended_ns = self.made_after[call.id], call.ended_ns or 0
            at_once = ended_ns - self.observation.aborted_ns < ENDS_TOGETHER_NS
            if call.made_after_close >= FEW_TOKENS or (made and not at_once):
                found.append(call)
        return found

    def _finished_beside_healthy(self) -> list[Call]:
        """Requests that ended by themselves, but for as many as healthy streams ended: those that ended nearest."""
        finished = [call for call in self.calls if not call.running and not call.stopped]
        for end_ns in self.observation.healthy.ends_ns:
            if finished:
                finished.remove(min(finished, key=lambda call: abs((call.ended_ns or 0) - end_ns)))
        return finished

    def _all_aborted_ended(self, per_stream: int) -> bool:
        """Whether all that was called for the aborted clients has ended, by itself or not."""
        ended = len(self.stopped) + len(self._finished_beside_healthy())
        return ended >= per_stream * self.observation.aborted or not self.running

    def _requests_per_stream(self) -> int:
        """How many requests an app makes for each of its own at a time: 1, unless they are seen to come in sets."""
        if not self.observation.healthy.count:
            return 1
        open_streams = self.observation.aborted + self._healthy_open(self.before)
        running = sum(call.running for call in _calls(self.before))
        return running // open_streams if running and running % open_streams == 0 else 1

    def _healthy_open(self, sample: Sample) -> int:
        """How many healthy streams may still have run then: a record may be closed after its client saw the end."""
        return self.observation.healthy.open_at(sample.requested_ns - ENDS_TOGETHER_NS)

    def _came_late(self, call: Call) -> bool:
        """Whether it arrived too late to be part of what the aborted clients had asked for."""
        return call.arrived_ns - call.clock_error_ns > self.last_due_ns

    def _ended_after(self, call: Call) -> bool:
        """Whether it may have ended after the abort."""
        return (call.ended_ns or 0) + call.clock_error_ns >= self.observation.aborted_ns - ENDS_TOGETHER_NS

    def _after_abort(self, t_ns: int) -> str:
        return after_abort(t_ns, self.observation.aborted_ns)

    def _overrun(self) -> tuple[float | None, Notice]:
        """Tokens after the abort, and how they lie about the moment when the server noticed it."""
        overrun = self.work_after_abort()
        concerned = [*self.running, *self.late]
        closed = [call for call in concerned if call.closed_ns is not None]
        healthy = self.observation.healthy.count
        if not closed:
            return (None if healthy else overrun), Notice()
        after = float(sum(call.made_after_close for call in closed))
        all_closed = len(closed) == len(concerned) or healthy
        closed_ns = max(call.closed_ns or 0 for call in closed) if all_closed else None
        if healthy or overrun is None:  # the sum holds the healthy streams' tokens too
            return after, Notice(closed_ns, None, after)
        overrun = max(overrun, after)
        if closed_ns is None:
            return overrun, Notice(of_some=True)
        return overrun, Notice(closed_ns, max(0.0, overrun - after), after)


def _calls(sample: Sample) -> tuple[Call, ...]:
    return sample.reading.calls or ()
