"""A report as a document: what `html` and `markdown` write, each in its own way."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import Excerpt, Report, RuleResult
from sseprobe.reporters import hops, trials
from sseprobe.reporters.cases import (
    Case,
    Group,
    Told,
    by_weight,
    cases_of,
    counting,
    counts_of,
    fail_on_of,
    outcome_of,
    plain_rows,
    shown,
    told,
)
from sseprobe.reporters.document import (
    MAX_ROWS,
    OUTCOME_TONES,
    VERDICT_TONES,
    Cell,
    Outline,
    Quote,
    Row,
    Section,
    Tone,
)
from sseprobe.reporters.figures import FORMULAS, figures_of
from sseprobe.reporters.findings import compacted, idle_probes
from sseprobe.reporters.outline_hops import hop_sections
from sseprobe.rules.catalogue import RuleVerdict
from sseprobe.text import one_line
from sseprobe.units import human_ms

_SENTENCE: Final = 400
_QUOTED: Final = 200


def outline_of(report: Report) -> Outline:
    """The document, verdict first, then why, then figures. Sections with nothing to say are left out."""
    target, cases = report.target, cases_of(report)
    made = (
        _wanting(cases),
        *hop_sections(report),
        _findings(report),
        _trials(report, cases),
        _streams(report),
        _readers(report),
        _probes(report),
        _load(report),
        _others(report.results),
        Section("Notes", tuple((one_line(note, _SENTENCE),) for note in report.notes[:MAX_ROWS])),
    )
    return Outline(
        verdict="interrupted" if report.exit_code == 130 else str(report.verdict),
        tone=VERDICT_TONES[report.verdict],
        command=one_line(report.command, 40),
        target=one_line(f"{target.method} {target.url}", 2000),
        lines=tuple((line,) for line in _summary(report)),
        facts=" · ".join(_facts(report)),
        sections=tuple(section for section in made if section.lines or section.rows),
    )


def _summary(report: Report) -> Iterator[str]:
    if report.error is not None:
        yield one_line(report.error, _SENTENCE)
    if report.results:
        yield counts_of(report.results)
    if report.abort is not None and report.trials:
        yield trials.found(report, report.abort)
    yield from hops.found(report)


def _facts(report: Report) -> Iterator[str]:
    yield f"exit code {report.exit_code}"
    yield f"dialect {one_line(report.target.dialect, 40)}"
    yield f"started {one_line(report.started_at, 40)}"
    yield f"took {human_ms(report.duration_ms)}"
    if report.fail_on is not None:
        yield f"findings count from severity {report.fail_on}"
    if report.baseline is not None:
        yield f"baseline {one_line(report.baseline.file, 200)}"
    yield f"{one_line(report.tool.name, 40)} {one_line(report.tool.version, 40)}"


def _wanting(cases: list[Case]) -> Section:
    """What counts, and is neither a finding nor a trial nor a stream with a table of its own."""
    rows = [
        Row(((case.name,), (case.message, *case.details)), OUTCOME_TONES[case.outcome])
        for case in cases
        if case.outcome.counts and case.group in (Group.RUN, Group.BASELINE)
    ]
    return Section("Why it does not pass", head=("What", "Why"), rows=tuple(rows))


def _findings(report: Report) -> Section:
    fail_on = fail_on_of(report)
    rows: list[Row] = []
    more = 0
    for result in by_weight(report.results, fail_on):
        more += result.more
        tone = OUTCOME_TONES[outcome_of(result, fail_on)]
        counted = counting(result, fail_on)
        rule: Cell = (one_line(result.rule, 40), one_line(result.title, _QUOTED))
        spec = Quote(one_line(result.spec, 300), "spec")
        if result.verdict is RuleVerdict.CRASHED:
            rows.append(Row((rule, ("crashed",), (one_line(result.reason or "", _SENTENCE),)), tone))
        for fault in told(result):
            finding = fault.finding
            known = "expected by the baseline" if finding.baselined else "" if finding in counted else "does not count"
            severity = (str(result.severity), str(result.kind), *([known] if known else []))
            rows.append(Row((rule, severity, (*_finding(fault), spec)), tone if not known else Tone.OPEN))
    more += max(0, len(rows) - MAX_ROWS)
    lines: tuple[Cell, ...] = ((f"… and {more} more findings: see --report json",),) if more else ()
    return Section("Findings", lines, ("Rule", "Severity", "Finding"), tuple(rows[:MAX_ROWS]))


def _finding(fault: Told) -> Cell:
    finding = fault.finding
    parts: list[str | Quote | Excerpt] = [one_line(finding.message, _SENTENCE)]
    if fault.place:
        parts.append(fault.place)
    if finding.excerpt is not None:
        parts.append(shown(finding.excerpt))
    for label, said in (("expected", finding.expected), ("actual", finding.actual)):
        if said is not None:
            parts.append(Quote(one_line(said, _QUOTED), label))
    return tuple(parts)


def _trials(report: Report, cases: list[Case]) -> Section:
    tones = [OUTCOME_TONES[case.outcome] for case in cases if case.group is Group.TRIAL]
    rows = []
    for index, (trial, tone) in enumerate(zip(report.trials[:MAX_ROWS], tones, strict=False)):
        told = (trials.left(trial), *(f"{label}: {said}" for label, said in trials.told(trial)))
        rows.append(Row(((str(index),), (str(trial.answer),), (str(trial.verdict or "not judged"),), told), tone))
    lines = [(said,) for said in trials.conclusions(report.abort)] if report.abort is not None else []
    if len(report.trials) > MAX_ROWS:
        lines.append((f"… and {len(report.trials) - MAX_ROWS} more trials: see --report json",))
    return Section("Trials", tuple(lines), ("Trial", "Server", "Verdict", "What happened"), tuple(rows))


_IN_COLUMNS: Final = ("ending", "latency", "ITL")


def _streams(report: Report) -> Section:
    rows = []
    for index, stream in enumerate(report.streams[:MAX_ROWS]):
        told = list(figures_of(stream))
        figures = stream.metrics
        numbers = (figures.ttfb_ms, figures.ttft_ms, figures.itl_ms.p50, figures.itl_ms.max, figures.e2e_ms)
        notes = tuple(one_line(note, _SENTENCE) for note in stream.notes[:20])
        cells: tuple[Cell, ...] = (
            (str(index),),
            tuple(said for label, said in told if label == "ending"),
            *((human_ms(number),) for number in numbers),
            (*(f"{label}: {said}" for label, said in told if label not in _IN_COLUMNS), *notes),
        )
        rows.append(Row(cells, VERDICT_TONES[stream.verdict] if report.command == "stream" else Tone.PLAIN))
    lines: list[Cell] = [(FORMULAS,)] if rows else []
    if rows and report.profiles:
        lines.append(("Stream 0 is the URL's own, without a simulated hop.",))
    if len(report.streams) > MAX_ROWS:
        lines.append((f"… and {len(report.streams) - MAX_ROWS} more streams: see --report json",))
    head = ("Stream", "Ending", "TTFB", "TTFT", "ITL p50", "ITL max", "End", "More")
    return Section("Streams", tuple(lines), head, tuple(rows))


_AGREES: Final = {
    True: ("agrees", Tone.GOOD),
    False: ("disagrees", Tone.OPEN),
    None: ("could not be asked", Tone.PLAIN),
}


def _readers(report: Report) -> Section:
    rows = []
    for reader in report.readers[:MAX_ROWS]:
        said, tone = _AGREES[reader.agrees]
        differences = tuple(one_line(each, _SENTENCE) for each in reader.differences[:20])
        name = one_line(f"{reader.reader} {reader.version or ''}".rstrip(), 80)
        rows.append(Row(((name,), (said,), differences), tone))
    return Section("Readers", head=("Client", "Reads the stream", "Differences"), rows=tuple(rows))


def _probes(report: Report) -> Section:
    rows = [
        Row(((one_line(each.probe, 40),), (one_line(each.detail, _SENTENCE),))) for each in report.probes if each.ran
    ]
    rows += [Row(((names,), (f"not run: {why}",))) for names, why in idle_probes(report)]
    return Section("Probes", head=("Probe", "What it did"), rows=tuple(rows[:MAX_ROWS]))


def _load(report: Report) -> Section:
    return Section("Load", tuple((row,) for row in plain_rows(report.load or {})))


def _others(results: list[RuleResult]) -> Section:
    lines: list[Cell] = []
    for each in results:
        if each.verdict is RuleVerdict.INCONCLUSIVE or (each.named and each.verdict is RuleVerdict.NOT_APPLICABLE):
            named = ", and was named" if each.named else ""
            reason = one_line(each.reason or each.title, _SENTENCE)
            lines.append((f"{each.verdict}{named}: {one_line(each.rule, 40)}: {reason}",))
    if len(lines) > MAX_ROWS:
        lines = [*lines[:MAX_ROWS], (f"… and {len(lines) - MAX_ROWS} more: see --report json",)]
    absent = [each.rule for each in results if each.verdict is RuleVerdict.NOT_APPLICABLE and not each.named]
    if absent:
        lines.append((f"not applicable: {compacted(absent[: 3 * MAX_ROWS])}",))
    if passed := [each.rule for each in results if each.verdict is RuleVerdict.PASS]:
        lines.append((f"pass: {compacted(passed[: 3 * MAX_ROWS])}",))
    return Section("Other rules", tuple(lines))
