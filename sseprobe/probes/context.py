"""The context of a run: its options, its target, and a report that can be made at any moment."""

import contextlib
import time
from typing import Any, Generic

from msgspec import Struct

from sseprobe import dialects
from sseprobe.config.options.groups import Options, ProbeT
from sseprobe.dialects.base import Dialect
from sseprobe.errors import UsageError
from sseprobe.exit_codes import code_of
from sseprobe.probes.files import open_recording
from sseprobe.probes.judging import Judging, has_crashed
from sseprobe.probes.observer import Observer
from sseprobe.probes.receive import StreamPlan, now
from sseprobe.probes.request import build_request
from sseprobe.probes.target import resolved_target
from sseprobe.redaction import redact_url
from sseprobe.report import Report, Target, Verdict
from sseprobe.witnesses import by_spec
from sseprobe.witnesses.base import Context, Witness

BUNDLED_MOCK = "bundled mock"


class PreparedTarget(Struct, frozen=True):
    """The target with its request. `mock_url`, `truth_url`: of the bundled mock, if that is tested."""

    stream: StreamPlan
    mock_url: str | None
    truth_url: str | None

    @property
    def dialect_name(self) -> str:
        """The name of the expected dialect."""
        return self.stream.dialect.name if self.stream.dialect else dialects.PLAIN

    def witness_context(self, grace_s: float) -> Context:
        """What witnesses may use."""
        stream = self.stream
        return Context(stream.request.url, self.truth_url, stream.request, stream.dialect, stream.options, grace_s)


class RunContext(Generic[ProbeT]):
    """One run of a probe. `url` None: the bundled mock is tested. `cleanup` is closed after it."""

    def __init__(self, command: str, url: str | None, options: Options[ProbeT], observer: Observer) -> None:
        self.command = command
        self.url = url
        self.options = options
        self.observer = observer
        self.judging = Judging.of(options.judging)
        self.cleanup = contextlib.AsyncExitStack()
        self.interrupted = False
        """Whether it was cancelled: what was seen is reported."""
        self._start_clock()
        self._target: Target | None = None

    def _start_clock(self) -> None:
        self._started_at, self._started_ns = now(), time.monotonic_ns()

    @property
    def own(self) -> ProbeT:
        """The options of this probe alone."""
        return self.options.own

    async def prepare_target(self, **mock: Any) -> PreparedTarget:
        """Builds the request, and starts the bundled mock with these settings if that is tested.

        Raises UsageError and SseprobeError.
        """
        options = self.options
        resolved = await self.cleanup.enter_async_context(
            resolved_target(self.url, options.request, options.connection, **mock)
        )
        request, dialect, redact = build_request(resolved.url, resolved.request)
        record = options.output.record
        record_to = self.cleanup.enter_context(open_recording(record)) if record is not None else None
        named = options.request.names_dialect
        stream = StreamPlan(request, resolved.connect, dialect, redact, options.output.max_bytes, named, record_to)
        target = PreparedTarget(stream, resolved.mock_url, resolved.truth_url)
        self._target = Target(redact_url(request.url), request.method, target.dialect_name)
        self._start_clock()  # what the mock took to start is no part of the run
        return target

    def witnesses(self, target: PreparedTarget, specs: list[str] | None, grace_s: float) -> list[Witness]:
        """The named witnesses; without any, the record of the bundled mock if that is tested. Raises UsageError."""
        context = target.witness_context(grace_s)
        return [by_spec(spec, context) for spec in specs or ([] if self.url else ["mock"])]

    def report(
        self,
        verdict: Verdict,
        *,
        dialect: Dialect | str | None = None,
        error: str | None = None,
        target: Target | None = None,
        **parts: Any,
    ) -> Report:
        """The report. `parts`: the fields that this probe fills; `dialect`: as the streams showed it, if they did."""
        target = target or self._target or Target(redact_url(self.url or BUNDLED_MOCK), "GET", dialects.PLAIN)
        if dialect is not None:
            name = dialect if isinstance(dialect, str) else dialect.name
            target = Target(target.url, target.method, name)
        if self.interrupted:
            verdict = Verdict.INCONCLUSIVE
        crashed = has_crashed(parts.get("results", []))
        return Report(
            command=self.command,
            target=target,
            started_at=self._started_at,
            duration_ms=round((time.monotonic_ns() - self._started_ns) / 1e6, 3),
            verdict=verdict,
            exit_code=code_of(verdict, no_stream=error is not None, interrupted=self.interrupted, crashed=crashed),
            error=error,
            **parts,
        )


def refuse_request(options: Options[Any], url: str | None, *others: object) -> None:
    """Raises UsageError for what has no meaning where a recording is read: a URL, request options, `others`."""
    if url is not None or options.request.describes_request or options.output.record or any(others):
        extra = "the URL, request options, --record, --probe and --witness"
        raise UsageError(f"--from reads a recording and sends no request: leave out {extra}.")
