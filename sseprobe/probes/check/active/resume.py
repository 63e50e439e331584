"""`resume`: a stream that sends ids is left in the middle, and asked for again with the last id."""

import asyncio
import contextlib
from typing import Any

from msgspec.structs import replace

from sseprobe.dialects import PLAIN, by_name
from sseprobe.dialects.base import Dialect
from sseprobe.errors import TargetError
from sseprobe.http_exchange import Chunk
from sseprobe.net.abort_kind import AbortKind
from sseprobe.probes.check.active.base import (
    ActiveProbe,
    Bench,
    Found,
    Skipped,
    receive,
    refusal_of,
    stream_once,
)
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.rules.probe_results import ProbeAnswer, Resumption
from sseprobe.sse import Event
from sseprobe.streams.transcript import Transcript
from sseprobe.streams.view import Received, SilentView

_NOT_SENT = "no ids are sent: the stream does not claim that it can be resumed"


class _Leaver(SilentView):
    """Collects ids, and leaves when the wanted one has come."""

    def __init__(self, until: str) -> None:
        self.ids: list[str] = []
        self.there = asyncio.Event()
        self._until = until

    def received(self, chunk: Chunk, received: list[Any], dialect: Dialect) -> None:
        """Takes ids until it leaves: what came later is not missed."""
        del chunk, dialect
        for each in received:
            if self.there.is_set() or not (isinstance(each, Received) and isinstance(each.item, Event)):
                continue
            identifier = each.item.last_event_id
            if identifier and (not self.ids or self.ids[-1] != identifier):
                self.ids.append(identifier)
                if identifier == self._until or len(self.ids) == _MOST:
                    self.there.set()


_MOST = 100_000


def ids_of(stream: Transcript) -> list[str]:
    """The ids of a stream in order, each once."""
    return list(dict.fromkeys(event.last_event_id for event in stream.events if event.last_event_id))


async def _run(bench: Bench) -> Found:
    plan, whole = bench.plan, bench.first
    if not ids_of(whole) and bench.mock_url is not None:
        plan, whole = await _other_path(bench, bench.mock_url)
    ids = ids_of(whole)
    if not ids:
        raise Skipped(_NOT_SENT)
    if len(ids) < 2:
        raise Skipped("one id only: there is no middle to leave at")
    seen = await _leave(plan, ids[len(ids) // 2 - 1])
    if not seen:
        raise Skipped("the stream to be left sent no id")
    asking = replace(plan, request=replace(plan.request, headers=[*plan.request.headers, ("Last-Event-ID", seen[-1])]))
    run = StreamRun(asking, SilentView())
    try:
        await receive(run)
    except TargetError as error:
        answer = ProbeAnswer("resumption", "Last-Event-ID", run.head, problem=refusal_of(error, plan))
        return Found([Resumption(whole, tuple(seen), seen[-1], None, answer)], "left, and asked for the rest")
    answer = ProbeAnswer("resumption", "Last-Event-ID", run.head)
    evidence = Resumption(whole, tuple(seen), seen[-1], run.transcript(), answer)
    return Found([evidence], f"left after {len(seen)} of {len(ids)} ids, and asked for the rest")


async def _leave(plan: StreamPlan, until: str) -> list[str]:
    """The ids that came until the stream was left."""
    leaver = _Leaver(until)
    run = StreamRun(plan, leaver)
    receiving = asyncio.create_task(run.go())
    waiting = asyncio.create_task(leaver.there.wait())
    await asyncio.wait({receiving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if run.stream is not None and not receiving.done():
        await run.stream.hang_up(AbortKind.FIN)
    waiting.cancel()
    receiving.cancel()
    with contextlib.suppress(asyncio.CancelledError, TargetError):
        await receiving
    return leaver.ids


async def _other_path(bench: Bench, mock_url: str) -> tuple[StreamPlan, Transcript]:
    """The bundled mock sends ids at its path for EventSource."""
    plain = by_name(PLAIN)
    headers = [(name, value) for name, value in bench.plan.request.headers if name.lower() != "content-type"]
    request = replace(bench.plan.request, method="GET", url=mock_url + plain.path, headers=headers, body=None)
    plan = replace(bench.plan, request=request, dialect=plain, named=True)
    return plan, (await stream_once(plan)).transcript()


PROBE = ActiveProbe("resume", (Resumption,), _run)
