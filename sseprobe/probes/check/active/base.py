"""An active probe, its context, its result, and the requests that several probes make."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.errors import SseprobeError, TargetError
from sseprobe.http_exchange import Request
from sseprobe.net.open_stream import OpenStream
from sseprobe.probes.mock_knobs import with_knobs
from sseprobe.probes.not_a_stream import excerpt
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.report import AbortSummary, TrialReport
from sseprobe.rules.probe_results import ProbeAnswer
from sseprobe.sse.framing import by_content_type
from sseprobe.streams.transcript import Transcript
from sseprobe.streams.view import SilentView
from sseprobe.witnesses.base import Witness

_ANSWER_LIMIT_S: Final = 10.0


class Skipped(Exception):  # noqa: N818  no error, an answer
    """A probe cannot run here; the message says why, and what would help."""


class ProbeContext(Struct, frozen=True):
    """What a probe may use. `plan`: the healthy request; `first`: the stream that answered it.

    `mock_url`, `truth_url`: of the bundled mock, if that is tested. `witnesses`: open; who uses them closes them.
    """

    plan: StreamPlan
    first: Transcript
    repeat: int
    witnesses: Sequence[Witness] = ()
    mock_url: str | None = None
    truth_url: str | None = None

    def with_knobs(self, knobs: str) -> StreamPlan:
        """The plan with further knobs for the bundled mock."""
        return with_knobs(self.plan, knobs)


class ProbeResult(Struct, frozen=True):
    """What a probe collected. `detail`: what it did. `streams`: healthy ones, which other rules judge too."""

    evidence: Sequence[Any]
    detail: str
    streams: Sequence[StreamRun] = ()
    trials: Sequence[TrialReport] = ()
    abort: AbortSummary | None = None
    notes: Sequence[str] = ()


class ActiveProbe(Struct, frozen=True):
    """One active probe. `judged_by`: the types of its evidence. `run` raises `Skipped`, and TargetError."""

    name: str
    judged_by: tuple[type, ...]
    run: Callable[[ProbeContext], Awaitable[ProbeResult]]


async def stream_once(plan: StreamPlan) -> StreamRun:
    """Receives a stream to its end. Raises TargetError where there is none."""
    run = StreamRun(plan, SilentView())
    await receive(run)
    return run


async def receive(run: StreamRun) -> None:
    """Receives a stream to its end. Raises TargetError where there is no stream, and CancelledError."""
    await run.go()
    if run.interrupted:
        raise asyncio.CancelledError


async def send_request(plan: StreamPlan, request: Request, name: str, description: str) -> ProbeAnswer:
    """Sends a request whose answer need not be a stream. Returns its head, and the beginning of its body.

    `name`, `description`: `name` and `request` of `ProbeAnswer`.
    """
    limit_s = min(_ANSWER_LIMIT_S, plan.options.timeout_s)
    options = replace(plan.options, timeout_s=limit_s, idle_timeout_s=min(limit_s, plan.options.idle_timeout_s))
    try:
        async with OpenStream(request, options) as stream:
            body = b""
            # The body of a stream is not waited for.
            if request.method != "HEAD" and by_content_type(stream.head.header("content-type")) is None:
                async with contextlib.aclosing(stream.chunks()) as chunks:
                    body = await excerpt(stream, chunks)
            return ProbeAnswer(name, description, stream.head, body)
    except TargetError as error:
        return ProbeAnswer(name, description, None, problem=plan.redact(str(error)))


def refusal_of(error: SseprobeError, plan: StreamPlan) -> str:
    """Why there was no stream, in one line."""
    return plan.redact(str(error))
