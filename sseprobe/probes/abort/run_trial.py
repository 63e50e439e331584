"""Runs a trial: opens its streams, aborts some of them in the chosen phase, lets the control clients finish."""

import time
from typing import Final

import msgspec

from sseprobe.http_exchange import Ending
from sseprobe.probes.abort import phases
from sseprobe.probes.abort.client import Client
from sseprobe.probes.abort.cut_short import find_cut_short
from sseprobe.probes.abort.detection import detect
from sseprobe.probes.abort.phases import Phase
from sseprobe.probes.abort.session import Session
from sseprobe.probes.abort.trial import Trial
from sseprobe.probes.receive import StreamPlan
from sseprobe.stop_detection.judge import has_worked
from sseprobe.units import NS_PER_S, human_ms, ms

_ENDED_AS: Final = {
    Ending.ERROR: "failed",
    Ending.TRUNCATED: "was truncated",
    Ending.RESET: "was reset",
    Ending.IDLE_TIMEOUT: "fell silent",
    Ending.TOTAL_TIMEOUT: "exceeded --timeout",
    Ending.LIMIT: "exceeded a size limit",
}


async def run_trial(session: Session, trial: Trial, at: Phase) -> None:
    """Runs one trial; `at`: its phase, and how far that is. Raises TargetError where there is no stream."""
    setting = session.setting
    trial.started_ns = time.monotonic_ns()
    trial.aborting = [session.open_stream(followed=True) for _ in range(setting.aborting_count)]
    trial.control_clients = [session.open_stream() for _ in range(setting.control_count)]
    try:
        if await _reach(session, trial, at) and await _abort(trial):
            await detect(session, trial)
        await session.until(lambda: 0 if all(client.ended_ns for client in trial.control_clients) else None, None)
        heads = [client.run.head for client in trial.aborting if client.run.head is not None]
        session.server = heads[0].header("server") if heads else session.server
        if trial.aborted_ns is not None:
            trial.cut_short = find_cut_short(session, trial)
    finally:
        for client in [*trial.aborting, *trial.control_clients]:
            await client.end()


async def _reach(session: Session, trial: Trial, at: Phase) -> bool:
    """Waits until all aborting clients have reached the phase; False if one of them ended first."""

    def wait_s() -> float | None:
        if any(client.ended_ns is not None for client in trial.aborting):
            return 0
        working = phases.depends_on_work(at) and any(
            has_worked(watch.samples(), trial.started_ns) for watch in session.watches
        )
        waits = [phases.wait_ns(at, client.progress(seen_working=working)) for client in trial.aborting]
        known = [wait for wait in waits if wait is not None]
        return None if len(known) < len(waits) else max(known, default=0) / NS_PER_S

    await session.until(wait_s, None)
    ended = next((client for client in trial.aborting if client.ended_ns is not None), None)
    if ended is not None:
        trial.reason = _too_early(ended, at)
        return False
    deltas = max(client.deltas for client in trial.aborting)
    if at.name == phases.BEFORE_FIRST_TOKEN and deltas:
        trial.reason = f"{deltas} content deltas had come before the client could abort: this stream has no such phase"
        return False
    return True


def _too_early(client: Client, at: Phase) -> str:
    """Why the phase was not reached. Raises TargetError if there never was a stream."""
    if client.error is not None:
        head = client.run.head
        if head is None or head.status != 200 or not _asks_for_no_stream(client.run.plan):
            raise client.error
        return f"answered in one piece after {human_ms(ms(head.t_ns))}, before the abort; abort earlier"
    outcome = client.run.outcome()
    if outcome.ending is not Ending.COMPLETE:
        ended_as = _ENDED_AS.get(outcome.ending, f"ended as {outcome.ending}")
        return f"the stream {ended_as} before the abort ({at.word}): {outcome.reason}"
    given = client.run.decoder.event_format
    if not client.deltas and given is not None and given.given.text is not None:
        return f"the stream finished, and no event held text at {given.text_at}: see --text-at, or the config file"
    advice = "abort earlier, or ask for a longer answer" if at.tokens else "ask for a longer answer"
    return f"the stream finished after {client.deltas} content deltas, before the abort; {advice}"


async def _abort(trial: Trial) -> bool:
    trial.received_by_all = sum(client.deltas for client in [*trial.aborting, *trial.control_clients])
    for client in trial.aborting:
        try:
            if not await client.abort(trial.how):
                trial.reason = "the connection was already closed at the time of the abort"
                return False
        except ValueError as error:
            trial.reason = f"--how {trial.how} needs HTTP/2, but {error}: use --how fin or rst"
            return False
    trial.aborted_ns = max(client.aborted_ns or 0 for client in trial.aborting)
    if trial.at.name == phases.BEFORE_HEADERS and any(client.head_had_come for client in trial.aborting):
        trial.notes.append("the response head had come before the abort: this server sends it at once")
    return True


def _asks_for_no_stream(plan: StreamPlan) -> bool:
    try:
        body = msgspec.json.decode(plan.request.body or b"")
    except msgspec.DecodeError:
        return False
    return isinstance(body, dict) and not body.get("stream")
