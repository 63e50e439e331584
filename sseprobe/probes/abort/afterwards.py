"""Afterwards: one more request, which shows whether an abort has left something behind, such as a lock or a slot."""

import time
from collections.abc import Sequence
from typing import Final

from sseprobe.errors import TargetError
from sseprobe.http_exchange import Ending
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.abort.session import Bench
from sseprobe.probes.abort.trial import Trial
from sseprobe.units import NS_PER_S, human_ms, ms

_SILENT_NS: Final = 5 * NS_PER_S
_TIMES_AS_LONG: Final = 5
_TRIES: Final = 3
_SILENT: Final = "was silent for"
_BETWEEN_NS: Final = NS_PER_S


def had_content(trial: Trial) -> bool:
    """Whether a client that left had received content: it worked."""
    return any(client.deltas_when_left for client in trial.leavers)


async def problem(bench: Bench, trials: Sequence[Trial]) -> str | None:
    """What is wrong with a request that follows these trials, where theirs had content; None if that comes again.

    A refusal is tried again, since a slot may be given back a moment later.
    """
    first_ns = [client.first_content_ns for trial in trials for client in trial.leavers]
    known_ns = [each for each in first_ns if each is not None]
    if not known_ns:
        return None
    said: str | None = None
    for turn in range(_TRIES):
        if turn:
            await bench.until(lambda: None, time.monotonic_ns() + _BETWEEN_NS)
        said = await _ask(bench, max(known_ns))
        if said is None or _SILENT in said:
            return said
    return said


async def _ask(bench: Bench, usual_ns: int) -> str | None:
    limit_ns = max(_SILENT_NS, _TIMES_AS_LONG * usual_ns)
    client = bench.open_stream(followed=True)
    try:
        await bench.until(lambda: 0 if client.deltas or client.ended_ns else None, client.started_ns + limit_ns)
        if client.ended_ns is None:
            await client.leave(AbortKind.FIN)
    finally:
        await client.end()
    if client.deltas:
        return None
    if isinstance(client.error, TargetError):
        return f"the request after it was refused: {client.error}"
    if client.error is None and client.aborted_ns is None:
        outcome = client.run.outcome()
        if outcome.ending is Ending.COMPLETE:
            return None
        return f"the request after it had no content: {outcome.ending}, {outcome.reason}"
    waited = f"{human_ms(ms(limit_ns))}; before, content came within {human_ms(ms(usual_ns))}"
    return f"the request after it {_SILENT} {waited}: something is still held"
