"""`resume`: aborts a stream that sends ids in the middle, and requests the rest with the last id."""

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
    ProbeContext,
    ProbeResult,
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

_NOT_SENT = "the events carry no ids: the stream does not claim to be resumable"


class _IdCollector(SilentView):
    """Collects the ids of events until the one at which the stream is aborted."""

    def __init__(self, until: str) -> None:
        self.ids: list[str] = []
        self.reached = asyncio.Event()
        self._until = until

    def received(self, chunk: Chunk, received: list[Any], dialect: Dialect) -> None:
        """Collects ids; ignores those after the last one."""
        del chunk, dialect
        for each in received:
            if self.reached.is_set() or not (isinstance(each, Received) and isinstance(each.item, Event)):
                continue
            identifier = each.item.last_event_id
            if identifier and (not self.ids or self.ids[-1] != identifier):
                self.ids.append(identifier)
                if identifier == self._until or len(self.ids) == _MOST:
                    self.reached.set()


_MOST = 100_000


def ids_of(stream: Transcript) -> list[str]:
    """The ids of a stream in order, each once."""
    return list(dict.fromkeys(event.last_event_id for event in stream.events if event.last_event_id))


async def _run(context: ProbeContext) -> ProbeResult:
    plan, whole = context.plan, context.first
    if not ids_of(whole) and context.mock_url is not None:
        plan, whole = await _eventsource_path(context, context.mock_url)
    ids = ids_of(whole)
    if not ids:
        raise Skipped(_NOT_SENT)
    if len(ids) < 2:
        raise Skipped("only one event has an id: the stream has no middle to abort at")
    ids_before_abort = await _abort_at(plan, ids[len(ids) // 2 - 1])
    if not ids_before_abort:
        raise Skipped("the stream that was aborted sent no id")
    asking = replace(
        plan, request=replace(plan.request, headers=[*plan.request.headers, ("Last-Event-ID", ids_before_abort[-1])])
    )
    run = StreamRun(asking, SilentView())
    try:
        await receive(run)
    except TargetError as error:
        answer = ProbeAnswer("resumption", "Last-Event-ID", run.head, problem=refusal_of(error, plan))
        return ProbeResult(
            [Resumption(whole, tuple(ids_before_abort), ids_before_abort[-1], None, answer)],
            "aborted, and requested the rest",
        )
    answer = ProbeAnswer("resumption", "Last-Event-ID", run.head)
    evidence = Resumption(whole, tuple(ids_before_abort), ids_before_abort[-1], run.transcript(), answer)
    return ProbeResult([evidence], f"aborted after {len(ids_before_abort)} of {len(ids)} ids, and requested the rest")


async def _abort_at(plan: StreamPlan, until: str) -> list[str]:
    """The ids that came before the abort, which is at the id `until`."""
    collector = _IdCollector(until)
    run = StreamRun(plan, collector)
    receiving = asyncio.create_task(run.go())
    waiting = asyncio.create_task(collector.reached.wait())
    await asyncio.wait({receiving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if run.stream is not None and not receiving.done():
        await run.stream.abort(AbortKind.FIN)
    waiting.cancel()
    receiving.cancel()
    with contextlib.suppress(asyncio.CancelledError, TargetError):
        await receiving
    return collector.ids


async def _eventsource_path(context: ProbeContext, mock_url: str) -> tuple[StreamPlan, Transcript]:
    """The request and stream of the mock's path for EventSource, which sends ids."""
    plain = by_name(PLAIN)
    headers = [(name, value) for name, value in context.plan.request.headers if name.lower() != "content-type"]
    request = replace(context.plan.request, method="GET", url=mock_url + plain.path, headers=headers, body=None)
    plan = replace(context.plan, request=request, dialect=plain, named=True)
    return plan, (await stream_once(plan)).transcript()


PROBE = ActiveProbe("resume", (Resumption,), _run)
