"""Measures how soon the server answers other requests while it streams: a clue to what blocks it."""

import asyncio
import contextlib
import time
from typing import Final

import msgspec

from sseprobe.errors import SseprobeError
from sseprobe.http_exchange import Request
from sseprobe.net.abort_kind import AbortKind
from sseprobe.net.open_stream import OpenStream
from sseprobe.probes.abort.cause import cause_from_response_times
from sseprobe.probes.abort.client import Client
from sseprobe.probes.abort.session import Session
from sseprobe.probes.receive import StreamPlan
from sseprobe.report import Cause
from sseprobe.units import ns

LIMIT_S: Final = 6.0
"""How long the whole measurement may take."""

_REQUEST_LIMIT_S: Final = 2.0
_TOKENS_FIRST: Final = 3
_REQUESTS: Final = 5


async def find_cause(session: Session, idle_ns: list[int], gap_ns: float) -> Cause | None:
    """The cause that response times suggest, None where they suggest none. Takes at most `LIMIT_S` seconds.

    `idle_ns`: response times of the idle server; `gap_ns`: between tokens.
    """
    plan = session.setting.plan
    until_ns = time.monotonic_ns() + ns(LIMIT_S)
    client = session.open_stream(plan, followed=True)
    busy_ns: list[int] = []
    try:
        # An event loop that the leak still blocks sends no tokens: measure all the same.
        first_tokens_by_ns = time.monotonic_ns() + ns(LIMIT_S) // 3
        await session.until(
            lambda: 0 if client.deltas >= _TOKENS_FIRST or client.ended_ns else None, first_tokens_by_ns
        )
        while client.ended_ns is None and len(busy_ns) < _REQUESTS and time.monotonic_ns() < until_ns:
            busy_ns.append(await response_time_ns(plan))
        gap_ns = client.gap_ns(time.monotonic_ns()) or gap_ns
        await client.abort(AbortKind.FIN)
    finally:
        await client.end()
    return cause_from_response_times(idle_ns, busy_ns, gap_ns, _server(session, client))


def _server(session: Session, client: Client) -> str | None:
    """Its header of that name, None if no response had one."""
    head = client.run.head
    return session.server if head is None else head.header("server")


async def response_time_ns(plan: StreamPlan) -> int:
    """How long the server takes to answer another request (OPTIONS, which starts nothing); at most the limit."""
    options = msgspec.structs.replace(plan.options, timeout_s=2 * _REQUEST_LIMIT_S, idle_timeout_s=2 * _REQUEST_LIMIT_S)
    request = Request("OPTIONS", plan.request.url, [("User-Agent", "sseprobe")])
    began_ns = time.monotonic_ns()
    with contextlib.suppress(TimeoutError, SseprobeError):
        async with asyncio.timeout(_REQUEST_LIMIT_S), OpenStream(request, options):
            pass
    return time.monotonic_ns() - began_ns
