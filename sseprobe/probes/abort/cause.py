"""What the way in which a server goes on, or stops late, tells of its mistake: a guess, said as one, no verdict."""

import asyncio
import contextlib
import statistics
import time
from typing import Final

import msgspec

from sseprobe.errors import SseprobeError
from sseprobe.http_exchange import Request
from sseprobe.net.opening import OpenStream
from sseprobe.probes.abort import phases
from sseprobe.probes.receive import StreamPlan
from sseprobe.report import Cause
from sseprobe.units import NS_PER_MS, human_ms, ms

BURST: Final = 5
"""So many times as fast as before, at least, is a burst."""

_ASK_LIMIT_S: Final = 2.0
_LATE_NS: Final = 20 * NS_PER_MS
_PART_OF_A_GAP: Final = 0.4
_MANY_GAPS: Final = 8
_LEAST_NS: Final = 4 * NS_PER_MS
_ENOUGH: Final = 3
_PYTHONS: Final = ("uvicorn", "hypercorn", "granian", "gunicorn", "daphne", "werkzeug", "waitress", "python", "wsgi")
"""How servers of Python name themselves in their header `Server`."""


async def answering_time_ns(plan: StreamPlan) -> int:
    """How long the server takes to answer another request (OPTIONS, which asks for nothing); at most the limit."""
    options = msgspec.structs.replace(plan.options, timeout_s=2 * _ASK_LIMIT_S, idle_timeout_s=2 * _ASK_LIMIT_S)
    request = Request("OPTIONS", plan.request.url, [("User-Agent", "sseprobe")])
    began_ns = time.monotonic_ns()
    with contextlib.suppress(TimeoutError, SseprobeError):
        async with asyncio.timeout(_ASK_LIMIT_S), OpenStream(request, options):
            pass
    return time.monotonic_ns() - began_ns


class Seen(msgspec.Struct, frozen=True):
    """What a trial showed. `gap_ns`: between tokens while the stream ran, `gap_after_ns`: between those after it."""

    at: str
    running: bool
    lag_ns: int | None
    overrun: float | None
    gap_ns: float | None
    gap_after_ns: float | None
    has_ids: bool
    head_had_come: bool


def late_stop(trials: list[Seen]) -> Cause | None:
    """Why a server stops, but late, None if there is no telling."""
    for seen in trials:
        late = not seen.running and (seen.lag_ns or 0) > _LATE_NS and (seen.overrun or 0) >= 1
        if seen.at == phases.BEFORE_HEADERS and late and not seen.head_had_come:
            said = f"it heard its client leave only {human_ms(ms(seen.lag_ns))} later, when the first token was there"
            return Cause(f"{said}: the handler waits for that token before it answers", ["slow-handler"])
    return None


def told_by_trials(trials: list[Seen]) -> Cause | None:
    """Why a server goes on, as far as the trials tell; None if one must look closer."""
    running = [seen for seen in trials if seen.running]
    if any(seen.has_ids for seen in running):
        said = "its events carry ids: if the stream can be resumed, going on is right (--expect continue)"
        return Cause(said, ["resumable"])
    for seen in running:
        if seen.gap_ns and seen.gap_after_ns is not None and seen.gap_after_ns * BURST < seen.gap_ns:
            said = "all the rest was made in one burst: a cancellation was swallowed, and every further wait cut short"
            return Cause(said, ["leak-swallow"])
    return None


def told_by_answers(idle_ns: list[int], answers_ns: list[int], gap_ns: float, server: str | None) -> Cause | None:
    """Why a server goes on, told by how soon it answers others while it streams, beside how soon it does when idle.

    `server`: its header of that name. A synchronous client is named only for a server of Python's: elsewhere a wait has
    other reasons. None where the samples are too few.
    """
    if len(answers_ns) < _ENOUGH - 1 or not idle_ns:
        return None
    usual_ns = max(0, statistics.median(answers_ns) - statistics.median(idle_ns))
    apart = statistics.median(answers_ns) > max(idle_ns)
    waits = f"while it streams, others wait {human_ms(ms(usual_ns))} longer for an answer than before"
    blocked = apart and usual_ns > max(_PART_OF_A_GAP * gap_ns, _LEAST_NS)
    is_python = server is not None and server.lower().startswith(_PYTHONS)
    if blocked and not is_python:
        return Cause(f"{waits}: something keeps the process busy, and it hears of nothing meanwhile", [])
    if blocked and usual_ns > _MANY_GAPS * gap_ns:
        return Cause(f"{waits}: a synchronous client blocks the event loop", ["leak-blocking-loop"])
    if blocked:
        said = f"{waits}, about as long as for a token: a synchronous client in an async generator"
        return Cause(f"{said}, which is cancelled before it closes it", ["leak-poll-under-middleware"])
    said = "it goes on at its own pace and serves others meanwhile: what generates is not what was cancelled"
    return Cause(said, ["leak-queue", "leak-sync-gen", "leak-close-on-break-only"])
