"""The streams and the active probes of a check: what they bring home for the rules to judge."""

import asyncio
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.errors import SseprobeError, TargetError
from sseprobe.http_exchange import Ending
from sseprobe.probes.check import active
from sseprobe.probes.check.active.base import Bench, Found, Skipped
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
    active.ABORT: "only a witness knows whether the server stops: name one with --witness",
    active.RESUME: "no ids are sent: the stream does not claim that it can be resumed",
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
    """What was seen so far."""

    def __init__(self, judging: Judging, redact: Redactor) -> None:
        self.judging = judging
        self.redact = redact
        self.named: frozenset[type] = frozenset()
        """What a probe that was named brings home."""
        self.runs: list[StreamRun] = []
        self.transcripts: list[Transcript] = []
        self.streams: list[StreamReport] = []
        self.evidence: list[Any] = []
        self.probes: list[ProbeReport] = []
        self.found: list[Found] = []
        self.missing: dict[type, str] = {}
        """Why there is no evidence of a type."""
        self.failed_probes: set[type] = set()
        self.error: SseprobeError | None = None
        self.interrupted = False

    async def go(self, plan: CheckPlan, observer: Observer) -> None:
        """Runs all probes; cancelled, it keeps what was seen. Raises UsageError for a witness that cannot be had."""
        self.named = frozenset(kind for name in plan.probes or () for kind in active.by_name(name).judged_by)
        try:
            for witness in plan.witnesses:
                witness.open()  # `upstream` serves what the streams below are made of
            observer.progress("the first stream")
            if await self._first(plan):
                await self._probe_all(plan, observer)
        except asyncio.CancelledError:
            self.interrupted = True
        finally:
            for witness in plan.witnesses:
                witness.close()

    async def _first(self, plan: CheckPlan) -> bool:
        """Whether a stream came."""
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
        """Reads the streams of an app's own by what all of them show together."""
        dialect = learn_together(self.transcripts)
        if dialect is None:
            return
        for run in self.runs:
            run.read_as(dialect)
        self.transcripts = [run.transcript() for run in self.runs]
        self.streams = [report for run in self.runs if (report := report_of(run, None)) is not None]

    async def _probe_all(self, plan: CheckPlan, observer: Observer) -> None:
        first = self.transcripts[0]
        bench = Bench(
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
                found = await active.by_name(name).run(bench)
            except (Skipped, TargetError) as said:
                self.skip(name, self.redact(str(said)), failed=isinstance(said, TargetError))
                continue
            self.probes.append(ProbeReport(name, True, found.said))
            self.found.append(found)
            for run in found.streams:
                self.take(run)
            if name == active.REPEAT:
                self.learn()
                first = self.transcripts[0]
                bench = replace(bench, plan=replace(bench.plan, dialect=first.dialect), first=first)
                found = replace(found, evidence=[replace(each, streams=self.transcripts) for each in found.evidence])
            self.evidence += found.evidence
            if found.evidence:  # what it could bring home from elsewhere, such as the mock, was not asked for
                brought = {type(each) for each in found.evidence}
                self.named -= frozenset(active.by_name(name).judged_by) - brought

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

    def skip(self, name: str, why: str, *, failed: bool) -> None:
        """Notes why a probe brings no evidence."""
        self.probes.append(ProbeReport(name, False, why))
        for kind in active.by_name(name).judged_by:
            self.missing[kind] = f"probe {name}: {why}"
            if failed:
                self.failed_probes.add(kind)
