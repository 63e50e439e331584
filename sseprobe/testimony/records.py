"""A direct record of each request: it is seen to stop, to go on, or to be followed by another one."""

from typing import Final

import msgspec

from sseprobe.testimony.answers import Answer, Notice, Testimony, late, number, tokens
from sseprobe.testimony.case import Case
from sseprobe.testimony.seen import Call, Observation, Sample
from sseprobe.units import NS_PER_MS, NS_PER_S

ENDS_TOGETHER_NS: Final = 50 * NS_PER_MS
FEW_TOKENS: Final = 2
NOTHING_NEW_NS: Final = NS_PER_S
"""For how long an app must not call again after it has left its provider."""


class RecordsCase(Case):
    """Judges by the records of this trial's own requests."""

    def __init__(self, seen: Observation, course: list[Sample]) -> None:
        super().__init__(seen, course)
        known = {call.id for call in _calls(self.base)}
        calls = [call for call in _calls(self.last) if call.id not in known]
        first_ns = min((call.arrived_ns for call in calls), default=0)
        self.last_due_ns = max(first_ns, seen.left_ns) + ENDS_TOGETHER_NS
        # What serves the clients themselves may serve others meanwhile; an app calls for this client alone.
        self.calls = [call for call in calls if seen.is_called or not self._came_late(call)]
        self.running = [call for call in self.calls if call.running]
        self.late = [call for call in self.calls if not call.running and self._ended_after(call)]
        self.stopped = [call for call in self.late if call.stopped]
        made_before = {call.id: call.made for call in _calls(self.before)}
        self.made_after = {call.id: call.made - made_before.get(call.id, 0) for call in self.calls}

    def judge(self) -> Testimony:
        """Stopped: nothing runs beyond the healthy streams, and nothing new is called for."""
        if not self.calls:
            return self._not_called()
        each = self._for_each_stream()
        beyond = len(self.running) - each * self._healthy_open(self.last)
        if beyond > 0 and not self.seen.over:
            return self._say(Answer.UNKNOWN, "still generating")
        again = self._called_again()
        if beyond > 0:
            return self._say(Answer.RUNNING, again or self._still_generating(beyond), settled=True)
        if again:
            return self._say(Answer.RUNNING if self.seen.over else Answer.UNKNOWN, again, settled=self.seen.over)
        gone_on = self._ran_on()
        alone = not self.seen.healthy.count
        if len(self.stopped) >= each * self.seen.leavers and not (alone and gone_on):
            return self._all_stopped()
        if gone_on and self._leavers_ended(each):
            said = f"ran to its end: {tokens(sum(self.made_after[call.id] for call in gone_on))} made after the hang-up"
            return self._say(Answer.RUNNING if self.seen.over else Answer.UNKNOWN, said, settled=self.seen.over)
        return self._nothing_left(each)

    def _not_called(self) -> Testimony:
        seen = self.seen
        if seen.received:
            said = "saw no request while the stream ran: it is not what serves this endpoint"
            return Testimony(Answer.UNKNOWN, said, settled=seen.over, broken=True)
        said = "no request had come when the client left, and none came after: it left before the app called"
        advice = "leave later (--at mid-stream)"
        return Testimony(Answer.UNKNOWN, f"{said}; {advice}", settled=seen.over, nothing_left=True)

    def _all_stopped(self) -> Testimony:
        stop_ns = max(call.ended_ns or 0 for call in self.stopped)
        overrun, _ = self._overrun()
        said = f"generation stopped {late(stop_ns, self.seen.left_ns)}, {tokens(overrun)} made after it"
        if len(self.stopped) > self.seen.leavers:
            said += f" ({len(self.stopped)} requests)"
        watched = not self.seen.is_called or self.last.asked_ns - stop_ns >= NOTHING_NEW_NS
        return self._say(Answer.STOPPED, said, stop_ns=stop_ns, settled=watched)

    def _nothing_left(self, each: int) -> Testimony:
        """What those who left had asked for was over before, or in that moment: it may be called again."""
        if not self._leavers_ended(each):
            return self._say(Answer.UNKNOWN, "still generating", settled=self.seen.over)
        if self.seen.healthy.count:
            said = "answers of those who left had been made before they left: nothing was left to stop"
        else:
            made = tokens(self.made_in_all())
            said = f"had made its whole answer ({made}) when the client left: nothing was left to stop"
        settled = self.seen.over or not self.seen.is_called
        told = self._say(Answer.UNKNOWN, f"{said}; ask for a longer answer", settled=settled, overrun=False)
        return msgspec.structs.replace(told, nothing_left=True)

    def _say(
        self, answer: Answer, said: str, *, stop_ns: int | None = None, settled: bool = False, overrun: bool = True
    ) -> Testimony:
        made_after, notice = self._overrun()
        if said == "still generating":
            said = self._still_generating(0)
        return Testimony(
            answer,
            said,
            stop_ns,
            made_after if overrun else None,
            self.made_in_all(),
            settled=settled,
            notice=notice,
        )

    def _still_generating(self, beyond: int) -> str:
        overrun, _ = self._overrun()
        said = f"still generating {late(self.last.t_ns, self.seen.left_ns)}: {tokens(overrun)} made after it"
        if beyond and (self.stopped or self.seen.healthy.count):
            run = "1 request runs" if len(self.running) == 1 else f"{len(self.running)} requests run"
            said += f" ({run}, {number(beyond)} more than the clients that are still there)"
        return said

    def _called_again(self) -> str | None:
        """What was called for after the hang-up, although nobody is there for whom it could be."""
        seen = self.seen
        new = [
            call
            for call in self.calls
            if self._came_late(call) and not seen.healthy.open_at(call.arrived_ns - ENDS_TOGETHER_NS)
        ]
        if not new:
            return None
        made = sum(call.made for call in new)
        return f"called again {late(min(call.arrived_ns for call in new), seen.left_ns)}: {tokens(made)} made for it"

    def _ran_on(self) -> list[Call]:
        """Requests that ended by themselves, with more made after the hang-up than was on its way in that moment."""
        found = []
        for call in self._finished_beside_healthy():
            made, ended_ns = self.made_after[call.id], call.ended_ns or 0
            at_once = ended_ns - self.seen.left_ns < ENDS_TOGETHER_NS
            if call.made_after_close >= FEW_TOKENS or (made and not at_once):
                found.append(call)
        return found

    def _finished_beside_healthy(self) -> list[Call]:
        """Requests that ended by themselves, but for as many as healthy streams ended: those that ended nearest."""
        left = [call for call in self.calls if not call.running and not call.stopped]
        for end_ns in self.seen.healthy.ends_ns:
            if left:
                left.remove(min(left, key=lambda call: abs((call.ended_ns or 0) - end_ns)))
        return left

    def _leavers_ended(self, each: int) -> bool:
        """Whether all that was called for those who left has ended, by itself or not."""
        ended = len(self.stopped) + len(self._finished_beside_healthy())
        return ended >= each * self.seen.leavers or not self.running

    def _for_each_stream(self) -> int:
        """How many requests an app makes for each of its own at a time: 1, unless they are seen to come in sets."""
        if not self.seen.healthy.count:
            return 1
        open_streams = self.seen.leavers + self._healthy_open(self.before)
        running = sum(call.running for call in _calls(self.before))
        return running // open_streams if running and running % open_streams == 0 else 1

    def _healthy_open(self, sample: Sample) -> int:
        """How many healthy streams may still have run then: a record may be closed after its client saw the end."""
        return self.seen.healthy.open_at(sample.asked_ns - ENDS_TOGETHER_NS)

    def _came_late(self, call: Call) -> bool:
        """Whether it came too late to be part of what those who left had asked for."""
        return call.arrived_ns - call.clock_error_ns > self.last_due_ns

    def _ended_after(self, call: Call) -> bool:
        """Whether it may have ended after the hang-up."""
        return (call.ended_ns or 0) + call.clock_error_ns >= self.seen.left_ns - ENDS_TOGETHER_NS

    def _overrun(self) -> tuple[float | None, Notice]:
        """Tokens after the hang-up, and how they lie about the moment when the server noticed it."""
        overrun = self.overrun_by_figures()
        left = [*self.running, *self.late]
        closed = [call for call in left if call.closed_ns is not None]
        if not closed:
            return (None if self.seen.healthy.count else overrun), Notice()
        after = float(sum(call.made_after_close for call in closed))
        all_closed = len(closed) == len(left) or self.seen.healthy.count
        closed_ns = max(call.closed_ns or 0 for call in closed) if all_closed else None
        if self.seen.healthy.count or overrun is None:  # the sum holds the healthy streams' tokens too
            return after, Notice(closed_ns, None, after)
        overrun = max(overrun, after)
        if closed_ns is None:
            return overrun, Notice(of_some=True)
        return overrun, Notice(closed_ns, max(0.0, overrun - after), after)


def _calls(sample: Sample) -> tuple[Call, ...]:
    return sample.reading.calls or ()
