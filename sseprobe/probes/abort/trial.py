"""Trials: one abort each. Streams are opened, some leave in the phase asked for, and the witnesses are heard."""

import time
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

import msgspec

from sseprobe.http_exchange import Ending
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.cause import answering_time_ns, told_by_answers
from sseprobe.probes.abort.client import Client
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.session import Bench
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.report import Cause
from sseprobe.stop_detection.answers import Answer, Detection
from sseprobe.stop_detection.judge import calls_since, has_worked, judge, pace_after
from sseprobe.stop_detection.records import NOTHING_NEW_NS
from sseprobe.stop_detection.samples import Healthy, Observation, Sample
from sseprobe.streams.learning import ENOUGH_STREAMS
from sseprobe.units import NS_PER_S, human_ms, ms, ns
from sseprobe.witnesses.watch import Watch

_BECAME: Final = {
    Ending.ERROR: "failed",
    Ending.TRUNCATED: "was truncated",
    Ending.RESET: "was reset",
    Ending.IDLE_TIMEOUT: "fell silent",
    Ending.TOTAL_TIMEOUT: "was not over in time",
    Ending.LIMIT: "went over a limit",
}
_LOOK_LIMIT_NS: Final = 3 * NS_PER_S
LOOK_S: Final = 6.0
"""How long looking for a cause may take."""

_LOOK_TOKENS: Final = 3
_LOOK_TIMES: Final = 5
_FAR_SHORT: Final = 2


class Trial:
    """One abort, and what came of it. `reason`: why there is no answer, where it is not a witness who says so."""

    def __init__(self, how: AbortKind, at: Phase) -> None:
        self.how = how
        self.at = at
        self.reason: str | None = None
        self.notes: list[str] = []
        self.started_ns = 0
        self.aborted_ns: int | None = None
        self.leavers: list[Client] = []
        self.stayers: list[Client] = []
        self.testimonies: list[Detection] = []
        self.busy: list[str | None] = []
        """Why each witness was not idle before, None where it was."""
        self.gap_after_ns: float | None = None
        """Between tokens made after the hang-up, where a witness tells."""
        self.received_by_all = 0
        """Content deltas of all streams when the leavers left."""
        self.afterwards: str | None = None
        """What became of a request that came after it, if that did not go as before."""
        self.cut_short: list[str] = []
        """Streams that stayed and were given up at the provider, though they look whole."""

    @property
    def hurt(self) -> list[str]:
        """What happened to streams that began well and should have stayed whole. Those that we ended are not hurt."""
        ended = [(client.run, client.run.outcome()) for client in self.stayers if client.error is None]
        not_hurt = (Ending.COMPLETE, Ending.ABORTED)
        hurt = [f"{outcome.ending}: {outcome.reason}" for _, outcome in ended if outcome.ending not in not_hurt]
        hurt += self._cut([run for run, said in ended if said.ending is Ending.COMPLETE])
        return hurt + self.cut_short

    def _cut(self, complete: Sequence[StreamRun]) -> list[str]:
        """Of an app's own, whose end mark is learned: which streams were cut, since enough others ended with one."""
        marks = Counter(run.decoder.end_mark for run in complete if run.decoder.end_mark is not None)
        mark, count = marks.most_common(1)[0] if marks else (None, 0)
        if count < ENOUGH_STREAMS:
            return []
        cut = [run for run in complete if not run.decoder.end_is_proven]
        return [f"truncated: it ended without {mark}, with which {count} others ended" for _ in cut]

    @property
    def refused(self) -> list[str]:
        """Why streams that should have stayed did not even begin."""
        return [str(client.error) for client in self.stayers if client.error is not None]


async def run(bench: Bench, trial: Trial, at: Phase) -> None:
    """Runs one trial; `at`: its phase, and how far that is. Raises TargetError where there is no stream."""
    setting = bench.setting
    trial.started_ns = time.monotonic_ns()
    trial.leavers = [bench.open_stream(followed=True) for _ in range(setting.leavers)]
    trial.stayers = [bench.open_stream() for _ in range(setting.stayers)]
    try:
        if await _reach(bench, trial, at) and await _leave(trial):
            await _hear(bench, trial)
        await bench.until(lambda: 0 if all(client.ended_ns for client in trial.stayers) else None, None)
        heads = [client.run.head for client in trial.leavers if client.run.head is not None]
        bench.server = heads[0].header("server") if heads else bench.server
        if trial.aborted_ns is not None:
            trial.cut_short = find_cut_short(bench, trial)
    finally:
        for client in [*trial.leavers, *trial.stayers]:
            await client.end()


async def _reach(bench: Bench, trial: Trial, at: Phase) -> bool:
    """Waits until all that shall leave have come far enough; False if one of them has ended before."""

    def wait_s() -> float | None:
        if any(client.ended_ns is not None for client in trial.leavers):
            return 0
        working = phases.heeds_work(at) and any(
            has_worked(watch.samples(), trial.started_ns) for watch in bench.watches
        )
        waits = [phases.wait_ns(at, client.progress(seen_working=working)) for client in trial.leavers]
        known = [wait for wait in waits if wait is not None]
        return None if len(known) < len(waits) else max(known, default=0) / NS_PER_S

    await bench.until(wait_s, None)
    ended = next((client for client in trial.leavers if client.ended_ns is not None), None)
    if ended is not None:
        trial.reason = _too_early(ended, at)
        return False
    deltas = max(client.deltas for client in trial.leavers)
    if at.name == phases.BEFORE_FIRST_TOKEN and deltas:
        trial.reason = f"{deltas} content deltas had come before the client could leave: there is no such phase here"
        return False
    return True


def _too_early(client: Client, at: Phase) -> str:
    """Why the phase was not reached. Raises TargetError if there never was a stream."""
    if client.error is not None:
        head = client.run.head
        if head is None or head.status != 200 or not _wants_no_stream(client.run.plan):
            raise client.error
        return f"answered in one piece after {human_ms(ms(head.t_ns))}, before the client was to leave; leave earlier"
    outcome = client.run.outcome()
    if outcome.ending is not Ending.COMPLETE:
        became = _BECAME.get(outcome.ending, f"ended as {outcome.ending}")
        return f"the stream {became} before the client was to leave ({at.word}): {outcome.reason}"
    given = client.run.decoder.event_format
    if not client.deltas and given is not None and given.given.text is not None:
        return f"the stream finished, and no event held text at {given.text_at}: see --text-at, or the config file"
    advice = "ask for more" if at.tokens else "ask for a longer answer"
    return f"the stream finished after {client.deltas} content deltas, before the client was to leave; {advice}"


async def _leave(trial: Trial) -> bool:
    trial.received_by_all = sum(client.deltas for client in [*trial.leavers, *trial.stayers])
    for client in trial.leavers:
        try:
            if not await client.leave(trial.how):
                trial.reason = "the connection was already gone when the client was to leave"
                return False
        except ValueError as error:
            trial.reason = f"{trial.how} cancels one stream of HTTP/2, and {error}: take --how fin"
            return False
    trial.aborted_ns = max(client.aborted_ns or 0 for client in trial.leavers)
    if trial.at.name == phases.BEFORE_HEADERS and any(client.head_had_come for client in trial.leavers):
        trial.notes.append("the head of the answer had come by then: this server sends it at once")
    return True


async def _hear(bench: Bench, trial: Trial) -> None:
    """Watches until every witness has settled, or the grace has ended, and takes down what they say."""
    grace_ns = ns(bench.setting.grace_s)
    aborted_ns = trial.aborted_ns or 0

    def settled() -> float | None:
        return 0 if all(detection.settled for detection in _detections(bench, trial, over=False)) else None

    await bench.until(settled, aborted_ns + grace_ns)
    if settled() is None and any(_counts_stayers(watch) for watch in bench.watches):
        await bench.until(lambda: 0 if all(client.ended_ns for client in trial.stayers) else None, None)
        last_ns = max([aborted_ns, *(client.ended_ns or 0 for client in trial.stayers)])
        await bench.until(settled, last_ns + grace_ns)
    # A witness that is slow to answer is given the time for one look.
    await bench.until(
        lambda: 0 if all(_asked_after(watch, aborted_ns) for watch in bench.watches) else None,
        time.monotonic_ns() + _LOOK_LIMIT_NS,
    )
    # An app that has left its provider may call again in a moment.
    await bench.until(
        lambda: None if _is_watched_on(_detections(bench, trial, over=False)) else 0,
        time.monotonic_ns() + NOTHING_NEW_NS + _LOOK_LIMIT_NS,
    )
    trial.testimonies = _detections(bench, trial, over=True)
    paces = [pace_after(watch.samples(), trial.started_ns, aborted_ns) for watch in bench.watches]
    trial.gap_after_ns = next((pace for pace in paces if pace is not None), None)


def _is_watched_on(testimonies: list[Detection]) -> bool:
    return any(each.answer is Answer.STOPPED and not each.settled for each in testimonies)


def _counts_stayers(watch: Watch) -> bool:
    """Whether its counter can be judged only once the streams that stay have ended."""
    readings = [sample.reading for sample in watch.samples() if isinstance(sample, Sample)]
    return any(reading.calls is None and reading.work is not None for reading in readings[-1:])


def _detections(bench: Bench, trial: Trial, *, over: bool) -> list[Detection]:
    ended = tuple(client.ended_ns for client in trial.stayers if client.ended_ns is not None)
    healthy = Healthy(len(trial.stayers), ended, sum(client.deltas for client in trial.stayers))
    received = sum(client.deltas_when_left for client in trial.leavers)
    said = [
        judge(
            Observation(
                samples=watch.samples(),
                started_ns=trial.started_ns,
                aborted_ns=trial.aborted_ns or 0,
                over=over,
                received=received,
                received_by_all=trial.received_by_all,
                aborted=len(trial.leavers),
                healthy=healthy,
                counts_tokens=watch.witness.counts_tokens,
                sure=watch.witness.sure,
                is_called=watch.witness.is_called,
                pause_ns=_pause_ns(bench, place, began=received > 0),
                least_share=watch.witness.least_share,
            )
        )
        for place, watch in enumerate(bench.watches)
    ]
    return [
        Detection(Answer.UNKNOWN, f"was not idle before: {busy}", settled=True) if busy else each
        for busy, each in zip_longest(trial.busy, said)
    ]


def _pause_ns(bench: Bench, place: int, *, began: bool) -> int | None:
    """The longest silence of a healthy stream; if content had not begun, the one before it is one too."""
    seen = bench.healthy[place] if bench.healthy else None
    if seen is None or seen.gap_ns is None:
        return None
    return seen.gap_ns if began else max(seen.gap_ns, seen.first_ns or 0)


def find_cut_short(bench: Bench, trial: Trial) -> list[str]:
    """Streams that stayed and look whole, but were given up: the wrong ones were cancelled.

    Told by a provider's record, where fewer requests came to their end than streams did; or by a healthy stream that
    went on for much longer than one that ended just after the hang-up.
    """
    whole = [
        client
        for client in trial.stayers
        if client.error is None and client.ended_ns is not None and client.run.outcome().ending is Ending.COMPLETE
    ]
    found: dict[int, str] = {}
    for watch in bench.watches:
        calls = calls_since(watch.samples(), trial.started_ns)
        planned = min((call.planned for call in calls if call.planned), default=0)
        given_up = len(whole) - sum(not call.running and not call.stopped for call in calls)
        shortest = sorted(whole, key=lambda client: client.deltas)[: max(0, given_up)] if calls else []
        for client in shortest:
            if client.deltas * _FAR_SHORT < planned:
                found[id(client)] = f"ended after {client.deltas} of {planned} tokens: its request was given up"
    received = max((seen.received for seen in bench.healthy or []), default=0)
    for client in whole:
        soon = 0 <= (client.ended_ns or 0) - (trial.aborted_ns or 0) < NS_PER_S
        if soon and client.deltas * _FAR_SHORT < received and id(client) not in found:
            said = f"ended {human_ms(ms((client.ended_ns or 0) - (trial.aborted_ns or 0)))} after another client left"
            found[id(client)] = f"{said}, with {client.deltas} content deltas; a healthy stream had {received}"
    return list(found.values())


async def look_closer(bench: Bench, idle_ns: list[int], gap_ns: float) -> Cause | None:
    """Asks how soon the server answers others while it streams; bounded by `LOOK_S` seconds.

    `idle_ns`: how soon it began to answer when idle; `gap_ns`: between tokens. None where that tells nothing.
    """
    plan = bench.setting.plan
    until_ns = time.monotonic_ns() + ns(LOOK_S)
    client = bench.open_stream(plan, followed=True)
    answers_ns: list[int] = []
    try:
        # A loop that the leak still blocks answers nobody: others are asked all the same.
        begun_by_ns = time.monotonic_ns() + ns(LOOK_S) // 3
        await bench.until(lambda: 0 if client.deltas >= _LOOK_TOKENS or client.ended_ns else None, begun_by_ns)
        while client.ended_ns is None and len(answers_ns) < _LOOK_TIMES and time.monotonic_ns() < until_ns:
            answers_ns.append(await answering_time_ns(plan))
        gap_ns = client.gap_ns(time.monotonic_ns()) or gap_ns
        await client.leave(AbortKind.FIN)
    finally:
        await client.end()
    return told_by_answers(idle_ns, answers_ns, gap_ns, _server(bench, client))


def _server(bench: Bench, client: Client) -> str | None:
    """What the server calls itself, as far as an answer has told."""
    head = client.run.head
    return bench.server if head is None else head.header("server")


def weigh(testimonies: list[tuple[bool, Answer]]) -> tuple[Answer, str | None]:
    """(direct, answer) of each witness -> the trial's answer, and a contradiction between direct witnesses."""
    direct = {answer for is_direct, answer in testimonies if is_direct} - {Answer.UNKNOWN}
    indirect = {answer for is_direct, answer in testimonies if not is_direct} - {Answer.UNKNOWN}
    if len(direct) > 1:
        return Answer.RUNNING, "direct witnesses contradict each other: one says stopped, one says running"
    heard = direct or indirect
    return (heard.pop() if len(heard) == 1 else Answer.UNKNOWN), None


def _asked_after(watch: Watch, aborted_ns: int) -> bool:
    return any(sample.requested_ns >= aborted_ns for sample in watch.samples()[-1:])


def _wants_no_stream(plan: StreamPlan) -> bool:
    try:
        body = msgspec.json.decode(plan.request.body or b"")
    except msgspec.DecodeError:
        return False
    return isinstance(body, dict) and not body.get("stream")
