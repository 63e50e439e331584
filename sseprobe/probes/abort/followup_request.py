"""One more request after the trials: it shows whether an abort left something held, such as a lock or a slot."""

import time
from collections.abc import Sequence
from typing import Final

from sseprobe.errors import TargetError
from sseprobe.http_exchange import Ending
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.session import Session
from sseprobe.probes.abort.trial import Trial
from sseprobe.units import NS_PER_S, human_ms, ms

_SILENT_NS: Final = 5 * NS_PER_S
_TIMES_AS_LONG: Final = 5
_TRIES: Final = 3
_SILENT: Final = "got no content for"
_BETWEEN_NS: Final = NS_PER_S


def had_content(trial: Trial) -> bool:
    """Whether an aborted client had received content: it worked."""
    return any(client.deltas_at_abort for client in trial.aborting)


async def followup_problem(session: Session, trials: Sequence[Trial]) -> str | None:
    """What goes wrong with a request after these trials, if theirs had content; None if it gets content too.

    A refused request is tried again, since a slot may be released a moment later.
    """
    first_ns = [client.first_content_ns for trial in trials for client in trial.aborting]
    known_ns = [each for each in first_ns if each is not None]
    if not known_ns:
        return None
    problem: str | None = None
    for turn in range(_TRIES):
        if turn:
            await session.until(lambda: None, time.monotonic_ns() + _BETWEEN_NS)
        problem = await _request(session, max(known_ns))
        if problem is None or _SILENT in problem:
            return problem
    return problem


async def _request(session: Session, usual_ns: int) -> str | None:
    limit_ns = max(_SILENT_NS, _TIMES_AS_LONG * usual_ns)
    client = session.open_stream(followed=True)
    try:
        await session.until(lambda: 0 if client.deltas or client.ended_ns else None, client.started_ns + limit_ns)
        if client.ended_ns is None:
            await client.abort(AbortKind.FIN)
    finally:
        await client.end()
    if client.deltas:
        return None
    if isinstance(client.error, TargetError):
        return f"the next request was refused: {client.error}"
    if client.error is None and client.aborted_ns is None:
        outcome = client.run.outcome()
        if outcome.ending is Ending.COMPLETE:
            return None
        return f"the next request got no content: {outcome.ending}, {outcome.reason}"
    waited = f"{human_ms(ms(limit_ns))}; before, content came within {human_ms(ms(usual_ns))}"
    return f"the next request {_SILENT} {waited}: the server still holds something, such as a lock or a slot"
