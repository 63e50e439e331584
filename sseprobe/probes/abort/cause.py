"""The likely mistake of a server that continues, or stops late. It is a guess, and worded as one; no verdict."""

import statistics
from typing import Final

import msgspec

from sseprobe.probes.abort import phases
from sseprobe.report import Cause
from sseprobe.units import NS_PER_MS, human_ms, ms

BURST: Final = 5
"""A burst is at least this many times as fast as before."""

_LATE_NS: Final = 20 * NS_PER_MS
_PART_OF_A_GAP: Final = 0.4
_MANY_GAPS: Final = 8
_LEAST_NS: Final = 4 * NS_PER_MS
_ENOUGH: Final = 3
_PYTHON_SERVERS: Final = (
    "uvicorn",
    "hypercorn",
    "granian",
    "gunicorn",
    "daphne",
    "werkzeug",
    "waitress",
    "python",
    "wsgi",
)
"""Beginnings of the header `Server` of Python servers."""


class TrialFacts(msgspec.Struct, frozen=True):
    """What a trial showed. `gap_ns`: between tokens while the stream ran, `gap_after_ns`: between those after it."""

    at: str
    running: bool
    lag_ns: int | None
    overrun: float | None
    gap_ns: float | None
    gap_after_ns: float | None
    has_ids: bool
    head_had_come: bool


def late_stop(trials: list[TrialFacts]) -> Cause | None:
    """Why a server stops, but late; None if unknown."""
    for facts in trials:
        late = not facts.running and (facts.lag_ns or 0) > _LATE_NS and (facts.overrun or 0) >= 1
        if facts.at == phases.BEFORE_HEADERS and late and not facts.head_had_come:
            late_by = human_ms(ms(facts.lag_ns))
            detail = f"the server noticed the abort only {late_by} later, with the first token"
            return Cause(f"{detail}: the handler waits for that token before it sends the head", ["slow-handler"])
    return None


def cause_from_trials(trials: list[TrialFacts]) -> Cause | None:
    """Why a server continues, from the trials alone; None if that takes a measurement."""
    running = [facts for facts in trials if facts.running]
    if any(facts.has_ids for facts in running):
        detail = "its events carry ids: if the stream can be resumed, continuing is right (use --expect continue)"
        return Cause(detail, ["resumable"])
    for facts in running:
        if facts.gap_ns and facts.gap_after_ns is not None and facts.gap_after_ns * BURST < facts.gap_ns:
            detail = "the rest was generated in one burst: CancelledError was swallowed, and no later await waits"
            return Cause(detail, ["leak-swallow"])
    return None


def cause_from_response_times(
    idle_ns: list[int], busy_ns: list[int], gap_ns: float, server: str | None
) -> Cause | None:
    """Why a server continues, from its response times while it streams (`busy_ns`) and when idle (`idle_ns`).

    `server`: its header of that name. A synchronous client is named only for a Python server: elsewhere a slow response
    has other reasons. None where there are too few samples.
    """
    if len(busy_ns) < _ENOUGH - 1 or not idle_ns:
        return None
    slower_ns = max(0, statistics.median(busy_ns) - statistics.median(idle_ns))
    apart = statistics.median(busy_ns) > max(idle_ns)
    waits = f"while it streams, other requests are answered {human_ms(ms(slower_ns))} later than when it is idle"
    blocked = apart and slower_ns > max(_PART_OF_A_GAP * gap_ns, _LEAST_NS)
    is_python = server is not None and server.lower().startswith(_PYTHON_SERVERS)
    if blocked and not is_python:
        return Cause(f"{waits}: something keeps the process busy, so it does not notice the abort", [])
    if blocked and slower_ns > _MANY_GAPS * gap_ns:
        return Cause(f"{waits}: a synchronous client blocks the event loop", ["leak-blocking-loop"])
    if blocked:
        detail = f"{waits}, about one token interval: a synchronous client in an async generator"
        return Cause(f"{detail}, which is cancelled before it closes the client", ["leak-poll-under-middleware"])
    detail = "it generates at the same pace and serves other requests: what generates is not what was cancelled"
    return Cause(detail, ["leak-queue", "leak-sync-gen", "leak-close-on-break-only"])
