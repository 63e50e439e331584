"""What an active probe is, and what it may use."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.dialects.base import Dialect
from sseprobe.errors import SseprobeError, TargetError
from sseprobe.framing import by_content_type
from sseprobe.net.opening import OpenStream
from sseprobe.probes.receiving import StreamPlan, StreamRun, excerpt
from sseprobe.reception import View
from sseprobe.report import AbortSummary, TrialReport
from sseprobe.rules.probe_results import Answer
from sseprobe.transcript import Chunk, Head, Redirect, Request
from sseprobe.transcription import Transcript
from sseprobe.witnesses.base import Witness

_ANSWER_LIMIT_S: Final = 10.0
_KNOBS: Final = "x-mock"


class Skipped(Exception):  # noqa: N818  no error, an answer
    """Raised by a probe that cannot run here; the message says why, and what would help."""


class Unseen(View):
    """A view that shows nothing."""

    def head(self, head: Head, redirects: list[Redirect]) -> None:
        """Nothing is shown."""

    def received(self, chunk: Chunk, received: list[Any], dialect: Dialect) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """Nothing is shown."""


class Bench(Struct, frozen=True):
    """What a probe may use. `plan`: the healthy request; `first`: the stream that it got.

    `mock_url`, `truth_url`: of the bundled mock, if it is what is tested. `witnesses`: open, closed by who uses them.
    """

    plan: StreamPlan
    first: Transcript
    repeat: int
    witnesses: Sequence[Witness] = ()
    mock_url: str | None = None
    truth_url: str | None = None

    def told(self, knobs: str) -> StreamPlan:
        """The plan with further knobs for the bundled mock."""
        return told(self.plan, knobs)


def told(plan: StreamPlan, knobs: str) -> StreamPlan:
    """A plan with further knobs for the bundled mock."""
    request = plan.request
    given = [value for name, value in request.headers if name.lower() == _KNOBS]
    others = [header for header in request.headers if header[0].lower() != _KNOBS]
    headers = [*others, ("X-Mock", ",".join([*given, knobs]))]
    return replace(plan, request=replace(request, headers=headers))


class Found(Struct, frozen=True):
    """What a probe brings home. `streams`: healthy ones, for the other rules to judge as well."""

    evidence: Sequence[Any]
    said: str
    streams: Sequence[StreamRun] = ()
    trials: Sequence[TrialReport] = ()
    abort: AbortSummary | None = None
    notes: Sequence[str] = ()


class ActiveProbe(Struct, frozen=True):
    """One active probe. `judged_by`: the types of its evidence. `run` raises `Skipped`, and TargetError."""

    name: str
    judged_by: tuple[type, ...]
    run: Callable[[Bench], Found]


def stream_once(plan: StreamPlan) -> StreamRun:
    """Receives a stream to its end. Raises TargetError where there is none, KeyboardInterrupt at Ctrl-C."""
    run = StreamRun(plan, Unseen())
    run_async(run.go())
    if run.interrupted:
        raise KeyboardInterrupt
    return run


def run_async(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs to the end; Ctrl-C raises KeyboardInterrupt."""
    return asyncio.run(work)


def ask(plan: StreamPlan, request: Request, name: str, asked: str) -> Answer:
    """The answer to a request that is no healthy stream: its head, and the beginning of its body.

    `name`, `asked`: see `Answer`.
    """
    limit_s = min(_ANSWER_LIMIT_S, plan.options.timeout_s)
    options = replace(plan.options, timeout_s=limit_s, idle_timeout_s=min(limit_s, plan.options.idle_timeout_s))

    async def go() -> Answer:
        async with OpenStream(request, options) as stream:
            body = b""
            # What is labelled as a stream is one: it is not waited for.
            if request.method != "HEAD" and by_content_type(stream.head.header("content-type")) is None:
                async with contextlib.aclosing(stream.chunks()) as chunks:
                    body = await excerpt(stream, chunks)
            return Answer(name, asked, stream.head, body)

    try:
        answer: Answer = run_async(go())
    except TargetError as error:
        return Answer(name, asked, None, problem=plan.redact(str(error)))
    return answer


def refusal_of(error: SseprobeError, plan: StreamPlan) -> str:
    """Why there was no stream, in one line."""
    return plan.redact(str(error))
