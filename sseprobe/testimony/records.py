"""A direct record of each request: it is seen to stop, or to go on to its end."""

from typing import Final

from sseprobe.testimony.answers import Answer, Notice, Testimony, late, tokens
from sseprobe.testimony.case import Case
from sseprobe.testimony.seen import Records, Sample
from sseprobe.units import NS_PER_MS

ENDS_TOGETHER_NS: Final = 50 * NS_PER_MS
FEW_TOKENS: Final = 2


class RecordsCase(Case):
    """Judges by records, which need no waiting."""

    def judge(self) -> Testimony:
        """A request is seen to stop, or to go on to its end."""
        seen, now, then = self.seen, _records(self.last), _records(self.before)
        overrun, notice = self._overrun_of_records()
        made = self.made_in_all()
        if self._calls() == 0:
            said = "saw no request while the stream ran: it is not what serves this endpoint"
            return Testimony(Answer.UNKNOWN, said, settled=seen.over, broken=True)
        if now.stopped - then.stopped >= seen.leavers:
            stop_ns = now.last_stop_ns or self.last.t_ns
            said = f"generation stopped {late(stop_ns, seen.left_ns)}, {tokens(overrun)} made after it"
            return Testimony(Answer.STOPPED, said, stop_ns, overrun, made, settled=True, notice=notice)
        if not self.last.reading.running and not seen.healthy.count:
            return self._all_ended(overrun, made)
        if seen.over and self._had_ended():
            said = "answers of those who left had been made before they left: nothing was left to stop"
            return Testimony(Answer.UNKNOWN, f"{said}; ask for longer answers", made=made, settled=True, notice=notice)
        said = f"still generating {late(self.last.t_ns, seen.left_ns)}: {tokens(overrun)} made after it"
        if not seen.over:
            return Testimony(Answer.UNKNOWN, said, overrun=overrun, made=made, notice=notice)
        return Testimony(Answer.RUNNING, said, None, overrun, made, settled=True, notice=notice)

    def _all_ended(self, overrun: float | None, made: float | None) -> Testimony:
        """No request runs any more, and none was seen to stop."""
        end_ns = next(sample.t_ns for sample in self.after if not sample.reading.running)
        at_once = end_ns - self.seen.left_ns < ENDS_TOGETHER_NS
        if not overrun or (overrun < FEW_TOKENS and at_once):
            said = f"had made its whole answer ({tokens(made)}) when the client left: nothing was left to stop"
            return Testimony(Answer.UNKNOWN, f"{said}; ask for a longer answer", settled=True, made=made)
        said = f"ran to its end: {tokens(overrun)} made after the hang-up"
        answer = Answer.RUNNING if self.seen.over else Answer.UNKNOWN
        return Testimony(answer, said, None, overrun, made, settled=self.seen.over)

    def _had_ended(self) -> bool:
        """Whether, beside healthy streams, each leaver stopped or had its whole answer when it left.

        A healthy stream whose client has seen its end is told apart. If more requests run than healthy streams can,
        one of them is a leaver's.
        """
        seen, now = self.seen, _records(self.last)
        if (self.last.reading.running or 0) > self._healthy_open(self.last):
            return False
        moments = [self.before]
        if now.made_after_close - _records(self.before).made_after_close < FEW_TOKENS:
            # The last token of one that ended in that moment was on its way.
            moments += [sample for sample in self.after if sample.t_ns - seen.left_ns < ENDS_TOGETHER_NS]
        had_ended = max(map(self._leavers_finished, moments))
        return now.stopped - _records(self.before).stopped + had_ended >= seen.leavers

    def _leavers_finished(self, sample: Sample) -> int:
        """How many requests had run to their end, but for those of healthy streams that are known to have."""
        healthy_over = self.seen.healthy.count - self._healthy_open(sample)
        return _records(sample).finished - _records(self.base).finished - healthy_over

    def _healthy_open(self, sample: Sample) -> int:
        """How many healthy streams may still have run then: a record may be closed after its client saw the end."""
        return self.seen.healthy.open_at(sample.asked_ns - ENDS_TOGETHER_NS)

    def _calls(self) -> int:
        now, then = _records(self.last), _records(self.base)
        return (self.last.reading.running or 0) + now.stopped + now.finished - then.stopped - then.finished

    def _overrun_of_records(self) -> tuple[float | None, Notice]:
        """Tokens after the hang-up, and how they lie about the moment when the server noticed it."""
        now, then = _records(self.last), _records(self.before)
        overrun = self.overrun_by_figures()
        if now.closed_ns is None:
            return (None if self.seen.healthy.count else overrun), Notice()
        after = float(now.made_after_close - then.made_after_close)
        if self.seen.healthy.count or overrun is None:  # the sum holds the healthy streams' tokens too
            return after, Notice(now.closed_ns, None, after)
        return max(overrun, after), Notice(now.closed_ns, max(0.0, overrun - after), after)


def _records(sample: Sample) -> Records:
    return sample.reading.records or Records()
