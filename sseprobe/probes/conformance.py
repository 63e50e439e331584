"""The `check` probe: healthy streams, what the rules and other people's parsers make of them, and the active probes."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe import exit_codes
from sseprobe.baseline import Baseline, apply_baseline, baseline_of
from sseprobe.cassette import Cassette
from sseprobe.dialects.base import Dialect
from sseprobe.errors import ISSUES, SseprobeError, TargetError
from sseprobe.learning import learn_together
from sseprobe.probes import active
from sseprobe.probes.active.base import Bench, Found, Skipped, Unseen, run_async
from sseprobe.probes.receiving import StreamPlan, StreamRun, now
from sseprobe.probes.stream import report_of, report_of_recorded
from sseprobe.readers.run import read_all
from sseprobe.redaction import Redactor
from sseprobe.report import (
    ProbeReport,
    ReaderReport,
    Report,
    RuleResult,
    StreamReport,
    Target,
    Verdict,
)
from sseprobe.report.from_rules import Asked, result_of
from sseprobe.report.from_stream import target_of
from sseprobe.rules import Rule, RuleVerdict, Severity
from sseprobe.rules.selection import Selection
from sseprobe.transcript import Ending, Request
from sseprobe.transcription import Transcript, transcript_of_cassette
from sseprobe.units import human_bytes
from sseprobe.witnesses.base import Witness

_RANKS: Final = (Severity.INFO, Severity.WARNING, Severity.ERROR)
_READ_BY_OTHERS_BYTES: Final = 2**19
"""Of a larger body other people's parsers read the beginning: a difference shows early, and they are slow."""

_ANSWER_ONLY: Final = "HTTP001"
"""The one rule that judges an answer that is no stream."""


class Judging(Struct, frozen=True):
    """What is asked of the streams, and what counts. `baseline_name`: its file.

    `expect_all`: whatever is found becomes the baseline.
    """

    selection: Selection = Selection()
    fail_on: Severity = Severity.ERROR
    baseline: Baseline | None = None
    baseline_name: str = ""
    expect_all: bool = False


class CheckPlan(Struct, frozen=True):
    """What to check. `probes`: those that were named, None for the default.

    `mock_url`, `truth_url`: of the bundled mock, if it is what is tested.
    """

    stream: StreamPlan
    judging: Judging
    repeat: int = 3
    probes: tuple[str, ...] | None = None
    witnesses: tuple[Witness, ...] = ()
    mock_url: str | None = None
    truth_url: str | None = None


class _Check:
    """What was seen so far."""

    def __init__(self, judging: Judging, redact: Redactor) -> None:
        self.judging = judging
        self.redact = redact
        self.named: frozenset[type] = frozenset()
        """What a probe that was named brings home."""
        self.started_at = now()
        self._started_ns = time.monotonic_ns()
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

    def go(self, plan: CheckPlan, progress: Callable[[str], None]) -> None:
        """Runs it all. Ctrl-C ends it, and what was seen is kept."""
        self.named = frozenset(kind for name in plan.probes or () for kind in active.by_name(name).judged_by)
        try:
            for witness in plan.witnesses:
                witness.open()  # `upstream` serves what the streams below are made of
            progress("the first stream")
            if self._first(plan.stream):
                self._probe_all(plan, progress)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            for witness in plan.witnesses:
                witness.close()

    def _first(self, plan: StreamPlan) -> bool:
        """Whether a stream came."""
        run = StreamRun(replace(plan, keep=True), Unseen())
        try:
            run_async(run.go())
        except TargetError as error:
            self.error = error
        if run.head is not None:
            self.take(run, self.error)
        if run.interrupted:
            raise KeyboardInterrupt
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

    def _probe_all(self, plan: CheckPlan, progress: Callable[[str], None]) -> None:
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
            progress(name)
            try:
                found = active.by_name(name).run(bench)
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

    @property
    def duration_ms(self) -> float:
        """Since its start."""
        return round((time.monotonic_ns() - self._started_ns) / 1e6, 3)

    def skip(self, name: str, why: str, *, failed: bool) -> None:
        """Notes why a probe brings no evidence."""
        self.probes.append(ProbeReport(name, False, why))
        for kind in active.by_name(name).judged_by:
            self.missing[kind] = f"probe {name}: {why}"
            if failed:
                self.failed_probes.add(kind)


_NOT_WANTED: Final = {
    active.ABORT: "only a witness knows whether the server stops: name one with --witness",
    active.RESUME: "no ids are sent: the stream does not claim that it can be resumed",
}


def run(plan: CheckPlan, progress: Callable[[str], None]) -> Report:
    """Runs the probe. Never raises for what a target does. Raises UsageError for a witness that cannot be had."""
    check = _Check(plan.judging, plan.stream.redact)
    check.go(plan, progress)
    progress("judging")
    first = check.transcripts[0] if check.transcripts else None
    dialect = (first.expected or first.dialect) if first else plan.stream.dialect
    return _report(check, target_of(plan.stream.request, dialect.name if dialect else "plain"))


def run_recorded(cassette: Cassette, dialect: Dialect | None, judging: Judging, *, named: bool) -> Report:
    """The same for a recording: no probe runs."""
    check = _Check(judging, Redactor())
    reception, stream = transcript_of_cassette(cassette, dialect, named=named)
    check.streams.append(report_of_recorded(cassette, reception))
    check.transcripts.append(stream)
    for name in active.NAMES:
        check.skip(name, "a recording answers no questions", failed=False)
    target = Request(cassette.opening.method, cassette.opening.url, [])
    return _report(check, target_of(target, (stream.expected or stream.dialect).name))


def _judge_all(check: _Check) -> list[RuleResult]:
    results = []
    selection = check.judging.selection
    for rule in selection.rules():
        asked = [
            *(Asked(stream, index) for index, stream in enumerate(check.transcripts) if rule.subject is Transcript),
            *(Asked(each, None) for each in check.evidence if type(each) is rule.subject),
        ]
        if check.error is not None and rule.id != _ANSWER_ONLY:
            asked = []
        result = result_of(rule, asked, check.redact, absent=_absent(rule, check))
        if not asked and rule.subject in check.failed_probes:
            result = replace(result, verdict=RuleVerdict.INCONCLUSIVE)
        results.append(replace(result, named=selection.names(rule) or rule.subject in check.named))
    return _with_prefixes(selection, results)


def _absent(rule: Rule, check: _Check) -> str:
    if check.error is not None or not check.transcripts:
        return "no stream came"
    if check.interrupted:
        return "interrupted before it"
    return check.missing.get(rule.subject, "the probe that asks about it had nothing to ask")


def _with_prefixes(selection: Selection, results: list[RuleResult]) -> list[RuleResult]:
    """A family that was named counts as named where not one of its rules could be judged."""
    judged = (RuleVerdict.PASS, RuleVerdict.FAIL)
    for prefix in selection.prefixes():
        if not any(result.verdict in judged for result in results if result.rule.startswith(prefix)):
            results = [replace(each, named=each.named or each.rule.startswith(prefix)) for each in results]
    return results


def _report(check: _Check, target: Target) -> Report:
    judging = check.judging
    with ThreadPoolExecutor(1) as beside:  # the readers' processes work while this one judges
        reading = beside.submit(_readers, check)
        results, baseline = _judge_all(check), None
        readers = reading.result()
    expected = baseline_of(results) if judging.expect_all else judging.baseline
    if expected is not None:
        results, baseline = apply_baseline(expected, judging.baseline_name, results)
    error = check.redact(str(check.error)) if check.error else None
    report = Report(
        command="check",
        target=target,
        started_at=check.started_at,
        duration_ms=check.duration_ms,
        verdict=Verdict.PASS,
        exit_code=exit_codes.PASS,
        error=error,
        results=results,
        fail_on=judging.fail_on,
        probes=check.probes,
        baseline=baseline,
        streams=check.streams,
        trials=[trial for found in check.found for trial in found.trials],
        abort=next((found.abort for found in check.found if found.abort is not None), None),
        notes=[*_notes(check, results, readers), *(note for found in check.found for note in found.notes)],
        readers=readers,
    )
    verdict, exit_code = _verdict(report, judging.fail_on, interrupted=check.interrupted)
    return replace(report, verdict=verdict, exit_code=exit_code)


def _readers(check: _Check) -> list[ReaderReport]:
    """What other people's parsers make of the first stream, or of its beginning. `--select` asks for rules alone."""
    if check.error is not None or check.interrupted or not check.transcripts or check.judging.selection.select:
        return []
    stream = check.transcripts[0]
    chunks, end = _beginning(stream)
    whole = end == len(stream.body)
    reports = read_all(
        chunks,
        stream.events if whole else [event for event in stream.events if event.end <= end],
        dialect=stream.dialect.name if stream.dialect.reading is None else "plain",
        framing=stream.framing,
        content_type=stream.head.header("content-type") if stream.head else None,
        ended_in_error=whole and stream.ending is Ending.ERROR,
    )
    return [replace(each, differences=[check.redact(said) for said in each.differences]) for each in reports]


def _beginning(stream: Transcript) -> tuple[list[bytes], int]:
    """The chunks up to the last whole event within `_READ_BY_OTHERS_BYTES`, and where that ends."""
    if len(stream.body) <= _READ_BY_OTHERS_BYTES:
        return [chunk.data for chunk in stream.chunks], len(stream.body)
    end = max((frame.end for frame in stream.frames if frame.end <= _READ_BY_OTHERS_BYTES), default=0)
    kept, start = [], 0
    for chunk in stream.chunks:
        if start >= end:
            break
        kept.append(chunk.data[: end - start])
        start += len(chunk.data)
    return kept, end


def _notes(check: _Check, results: list[RuleResult], readers: list[ReaderReport]) -> list[str]:
    """What was not seen because a stream ended early, though as it may; and whose fault a crash is."""
    notes = []
    if readers and len(check.transcripts[0].body) > _READ_BY_OTHERS_BYTES:
        notes.append(f"other people's parsers read the first {human_bytes(_READ_BY_OTHERS_BYTES)} of stream 0")
    notes += [
        f"stream {place} ended with an error that it reported: what a whole stream has to do was not seen"
        for place, stream in enumerate(check.transcripts)
        if stream.ending is Ending.ERROR and stream.expected is None and check.error is None
    ]
    crashed = [result.rule for result in results if result.verdict is RuleVerdict.CRASHED]
    if crashed:
        notes.append(
            f"{', '.join(crashed)} crashed: that is a bug of sseprobe; please report it, with this report: {ISSUES}"
        )
    return notes


def _verdict(report: Report, fail_on: Severity, *, interrupted: bool) -> tuple[Verdict, int]:
    if any(result.verdict is RuleVerdict.CRASHED for result in report.results):
        return Verdict.INCONCLUSIVE, exit_codes.BUG
    if interrupted:
        return Verdict.INCONCLUSIVE, exit_codes.INTERRUPTED
    if report.error is not None:
        return Verdict.FAIL, exit_codes.NO_STREAM
    if _counting(report.results, fail_on) or (report.baseline is not None and report.baseline.stale):
        return Verdict.FAIL, exit_codes.FAIL
    undecided = (RuleVerdict.INCONCLUSIVE, RuleVerdict.NOT_APPLICABLE)
    if any(result.named and result.verdict in undecided for result in report.results):
        return Verdict.INCONCLUSIVE, exit_codes.INCONCLUSIVE
    return Verdict.PASS, exit_codes.PASS


def _counting(results: Iterable[RuleResult], fail_on: Severity) -> bool:
    """Whether there is a finding that makes the verdict fail."""
    return any(
        _RANKS.index(result.severity) >= _RANKS.index(fail_on) and not all(each.baselined for each in result.findings)
        for result in results
    )
