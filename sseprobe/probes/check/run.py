"""The streams and the active probes of a check: they collect what the rules judge."""

import asyncio
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.errors import SseprobeError, TargetError
from sseprobe.http_exchange import Ending
from sseprobe.probes.check import active
from sseprobe.probes.check.active.base import ProbeContext, ProbeResult, Skipped
from sseprobe.probes.judging import Judging
from sseprobe.probes.observer import Observer
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.probes.stream_report import report_of
from sseprobe.redaction import Redactor
from sseprobe.report import ProbeReport, StreamReport
from sseprobe.streams.learning import learn_together
from sseprobe.streams.transcript import Transcript
from sseprobe.streams.view import SilentView, StreamView
from sseprobe.witnesses.base import Witness

_NOT_WANTED: Final = {
    active.ABORT: "only a witness shows whether the server stopped: name one with --witness",
    active.RESUME: "the events carry no ids: the stream does not claim to be resumable",
}


class CheckPlan(Struct, frozen=True):
    """What to check. `probes`: those that were named, None for the default.

    `mock_url`, `truth_url`: of the bundled mock, if it is what is tested. `view` sees the first stream.
    """

    stream: StreamPlan
    repeat: int = 3
    probes: tuple[str, ...] | None = None
    witnesses: tuple[Witness, ...] = ()
    mock_url: str | None = None
    truth_url: str | None = None
    view: StreamView = SilentView()


class CheckRun:
    """The streams and evidence so far."""

    def __init__(self, judging: Judging, redact: Redactor) -> None:
        self.judging = judging
        self.redact = redact
        self.named: frozenset[type] = frozenset()
        """The types of evidence of the probes that were named."""
        self.runs: list[StreamRun] = []
        self.transcripts: list[Transcript] = []
        self.streams: list[StreamReport] = []
        self.evidence: list[Any] = []
        self.probes: list[ProbeReport] = []
        self.probe_results: list[ProbeResult] = []
        self.missing: dict[type, str] = {}
        """Why there is no evidence of a type."""
        self.failed_probes: set[type] = set()
        self.error: SseprobeError | None = None
        self.interrupted = False

    async def go(self, plan: CheckPlan, observer: Observer) -> None:
        """Runs all probes; cancelled, it keeps what was collected. Raises UsageError for an unavailable witness."""
        self.named = frozenset(kind for name in plan.probes or () for kind in active.by_name(name).judged_by)
        try:
            for witness in plan.witnesses:
                witness.open()  # `upstream` serves the tokens of the streams below
            observer.progress("the first stream")
            if await self._receive_first(plan):
                await self._probe_all(plan, observer)
        except asyncio.CancelledError:
            self.interrupted = True
        finally:
            for witness in plan.witnesses:
                witness.close()

    async def _receive_first(self, plan: CheckPlan) -> bool:
        """Receives the first stream. Returns whether there is one."""
        run = StreamRun(replace(plan.stream, keep=True), plan.view)
        try:
            await run.go()
        except TargetError as error:
            self.error = error
        finally:
            plan.view.close()
        if run.head is not None:
            self.take(run, self.error)
        if run.interrupted:
            raise asyncio.CancelledError
        return self.error is None

    def take(self, run: StreamRun, error: SseprobeError | None = None) -> None:
        """Keeps a stream for the rules and for the report."""
        report = report_of(run, error)
        if report is not None:
            self.runs.append(run)
            self.streams.append(report)
            self.transcripts.append(run.transcript())

    def learn(self) -> None:
        """Decodes the streams of an app's own dialect again, by what all of them show together."""
        dialect = learn_together(self.transcripts)
        if dialect is None:
            return
        for run in self.runs:
            run.read_as(dialect)
        self.transcripts = [run.transcript() for run in self.runs]
        self.streams = [report for run in self.runs if (report := report_of(run, None)) is not None]

    async def _probe_all(self, plan: CheckPlan, observer: Observer) -> None:
        first = self.transcripts[0]
        context = ProbeContext(
            replace(plan.stream, keep=True, record_to=None, dialect=first.dialect, named=plan.stream.named),
            first,
            plan.repeat,
            plan.witnesses,
            plan.mock_url,
            plan.truth_url,
        )
        # The abort test closes its witnesses, which another probe may need: it is the last.
        for name in sorted(active.NAMES, key=lambda name: name == active.ABORT):
            why_not = self._why_not(name, plan)
            if why_not is not None:
                self.skip(name, why_not, failed=False)
                continue
            observer.progress(name)
            try:
                result = await active.by_name(name).run(context)
            except (Skipped, TargetError) as reason:
                self.skip(name, self.redact(str(reason)), failed=isinstance(reason, TargetError))
                continue
            self.probes.append(ProbeReport(name, True, result.detail))
            self.probe_results.append(result)
            for run in result.streams:
                self.take(run)
            if name == active.REPEAT:
                self.learn()
                first = self.transcripts[0]
                context = replace(context, plan=replace(context.plan, dialect=first.dialect), first=first)
                evidence = [replace(each, streams=self.transcripts) for each in result.evidence]
                result = replace(result, evidence=evidence)
            self.evidence += result.evidence
            if result.evidence:  # what it collects only elsewhere, such as from the mock, was not requested
                collected = {type(each) for each in result.evidence}
                self.named -= frozenset(active.by_name(name).judged_by) - collected

    def _why_not(self, name: str, plan: CheckPlan) -> str | None:
        """Why a probe does not run, None if it does."""
        sends_ids = any(event.last_event_id for event in self.transcripts[0].events)
        whole = all(stream.ending is Ending.COMPLETE for stream in self.transcripts)
        if plan.probes is not None:
            wanted = name in plan.probes
        elif plan.mock_url is not None or name == active.REPEAT:
            wanted = True
        else:
            wanted = (name == active.ABORT and bool(plan.witnesses)) or (name == active.RESUME and sends_ids)
        if not wanted:
            return _NOT_WANTED.get(name, f"runs when it is named: --probe {name}")
        return None if whole else "the stream before it did not complete"

    def skip(self, name: str, reason: str, *, failed: bool) -> None:
        """Notes why a probe has no evidence."""
        self.probes.append(ProbeReport(name, False, reason))
        for kind in active.by_name(name).judged_by:
            self.missing[kind] = f"probe {name}: {reason}"
            if failed:
                self.failed_probes.add(kind)
