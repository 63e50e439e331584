"""A report as a flat list of cases: what CI counts, whatever the command.

One case a rule, trial or profile, one for two paths, one a stream where streams are judged by themselves, and one
wherever the run as a whole says no. The exit code is 0 exactly where no case counts: who reads only these cases never
sees green by mistake. All text in a case may be shown as it is.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

from msgspec import Struct

from sseprobe import exit_codes
from sseprobe.report import (
    Excerpt,
    FindingReport,
    PathReport,
    ProfileReport,
    Report,
    RuleResult,
    StreamReport,
    TrialReport,
    Verdict,
)
from sseprobe.reporters import hops, paths, trials
from sseprobe.reporters.figures import figures_of
from sseprobe.rules.base import RuleVerdict, Severity, gist
from sseprobe.text import one_line, visible
from sseprobe.units import human_ms

_RANKS: Final = (Severity.INFO, Severity.WARNING, Severity.ERROR)
_UNDECIDED: Final = (RuleVerdict.INCONCLUSIVE, RuleVerdict.NOT_APPLICABLE)
_SENTENCE: Final = 400
_EXCERPT: Final = 300
_MAX_STALE: Final = 100


class Outcome(StrEnum):
    """What became of a case. `noted`: findings, none of which counts. `error`: no answer where one was needed."""

    PASSED = "passed"
    NOTED = "noted"
    SKIPPED = "skipped"
    FAILED = "failed"
    ERROR = "error"

    @property
    def counts(self) -> bool:
        """Whether it keeps the report from passing."""
        return self in (Outcome.FAILED, Outcome.ERROR)


class Group(StrEnum):
    """What a case is about."""

    RULE = "rule"
    STREAM = "stream"
    TRIAL = "trial"
    PROFILE = "profile"
    PATH = "path"
    BASELINE = "baseline"
    RUN = "run"


class Case(Struct, frozen=True):
    """One case. `message`: why the outcome is what it is, empty if there is nothing to say. `result`: of a rule."""

    group: Group
    name: str
    title: str
    outcome: Outcome
    severity: Severity
    message: str
    details: tuple[str, ...] = ()
    duration_ms: float | None = None
    result: RuleResult | None = None


def cases_of(report: Report) -> list[Case]:
    """All cases: rules, streams, trials, profiles, paths, and what concerns the run as a whole."""
    cases = [_rule(result, fail_on_of(report)) for result in report.results]
    if report.abort is None or report.results:  # otherwise each is one side of a trial
        cases += [_stream(index, each, report) for index, each in enumerate(report.streams)]
    cases += [_trial(index, each, report) for index, each in enumerate(report.trials)]
    cases += [_profile(each, report) for each in report.profiles]
    if report.path is not None:
        cases.append(_path(report.path, report))
    if report.baseline is not None and report.baseline.stale:
        cases.append(_stale(report.baseline.stale))
    cases += _run(report, cases)
    return cases


def fail_on_of(report: Report) -> Severity:
    """From which severity on a finding counts."""
    return report.fail_on or Severity.ERROR


def counting(result: RuleResult, fail_on: Severity) -> list[FindingReport]:
    """The findings that make the verdict fail."""
    if _RANKS.index(result.severity) < _RANKS.index(fail_on):
        return []
    return [each for each in result.findings if not each.baselined]


def outcome_of(result: RuleResult, fail_on: Severity) -> Outcome:
    """What a rule's result means for the verdict."""
    if result.verdict is RuleVerdict.PASS:
        return Outcome.PASSED
    if result.verdict is RuleVerdict.CRASHED:
        return Outcome.ERROR
    if result.verdict in _UNDECIDED:
        return Outcome.ERROR if result.named else Outcome.SKIPPED
    return Outcome.FAILED if counting(result, fail_on) else Outcome.NOTED


def by_weight(results: list[RuleResult], fail_on: Severity) -> list[RuleResult]:
    """The results with findings, and those that crashed: what counts first, then by severity."""
    found = [each for each in results if each.verdict in (RuleVerdict.FAIL, RuleVerdict.CRASHED)]
    return sorted(
        found, key=lambda each: (not outcome_of(each, fail_on).counts, len(_RANKS) - _RANKS.index(each.severity))
    )


class Told(NamedTuple):
    """Findings that say the same, but for numbers: the first of them, how many, in how many streams."""

    finding: FindingReport
    times: int
    streams: int

    @property
    def place(self) -> str:
        """Where it is, or the first of them."""
        place = where(self.finding)
        if self.times == 1:
            return place
        among = f" in {self.streams} streams" if self.streams > 1 else ""
        return f"{self.times} times{among}" + (f"; the first: {place}" if place else "")


def told(result: RuleResult) -> list[Told]:
    """The findings of a rule, each fault once: those that say the same, but for numbers, are counted."""
    groups: dict[tuple[str, bool], list[FindingReport]] = {}
    for finding in result.findings:
        groups.setdefault((gist(finding.message), finding.baselined), []).append(finding)
    return [Told(each[0], len(each), len({finding.stream for finding in each})) for each in groups.values()]


def where(finding: FindingReport) -> str:
    """The place of a finding. Streams and events count from 0, as they do in the JSON report."""
    parts = []
    if finding.stream is not None:
        parts.append(f"stream {finding.stream}")
    if finding.event is not None:
        parts.append(f"event {finding.event}")
    if finding.span is not None:
        parts.append(f"bytes {finding.span[0]}-{finding.span[1]}")
    if finding.t_ms is not None:
        parts.append(f"after {human_ms(finding.t_ms)}")
    return ", ".join(parts)


def lines_of(fault: Told) -> Iterator[str]:
    """A finding in plain lines: what and where, expected and actual, the bytes."""
    finding, place = fault.finding, fault.place
    yield one_line(finding.message, _SENTENCE) + (f" ({place})" if place else "")
    if finding.expected is not None:
        yield f"expected: {one_line(finding.expected, _SENTENCE)}"
    if finding.actual is not None:
        yield f"actual: {one_line(finding.actual, _SENTENCE)}"
    if finding.excerpt is not None:
        bytes_ = shown(finding.excerpt)
        yield f"bytes: {bytes_.before}⟦{bytes_.marked}⟧{bytes_.after}"
    if finding.baselined:
        yield "the baseline expects it"


def shown(excerpt: Excerpt) -> Excerpt:
    """The excerpt as one line, safe to show and of bounded length; no space of it is lost."""
    return Excerpt(*(_on_one_line(part) for part in (excerpt.before, excerpt.marked, excerpt.after)))


def _on_one_line(part: str) -> str:
    return visible(part[:_EXCERPT].replace("\n", "␊").replace("\t", "␉"))


def counts_of(results: list[RuleResult]) -> str:
    """How many rules said what: `31 rules: 20 pass, 1 fail, 10 not-applicable`."""
    said = [each.verdict for each in results]
    parts = [f"{said.count(verdict)} {verdict}" for verdict in RuleVerdict if verdict in said]
    return f"{len(results)} rule{'' if len(results) == 1 else 's'}: {', '.join(parts)}"


def _rule(result: RuleResult, fail_on: Severity) -> Case:
    outcome = outcome_of(result, fail_on)
    telling = counting(result, fail_on) or result.findings
    message = one_line(result.reason or "", _SENTENCE)
    if telling:
        others = len(result.findings) + result.more - 1
        message = one_line(telling[0].message, _SENTENCE) + (f" (and {others} more)" if others else "")
    details = [line for fault in told(result) for line in lines_of(fault)]
    if result.more:
        details.append(f"… and {result.more} more findings")
    if result.findings and result.reason:
        details.append(one_line(result.reason, _SENTENCE))
    if outcome is Outcome.ERROR:
        said = "crashed" if result.verdict is RuleVerdict.CRASHED else f"named, and {result.verdict}"
        message = f"{said}: {message}"
    name, title = one_line(result.rule, 40) or "-", one_line(result.title, 200)
    return Case(Group.RULE, name, title, outcome, result.severity, message, tuple(details), result=result)


def _stream(index: int, stream: StreamReport, report: Report) -> Case:
    """A stream by itself is judged by `stream` alone; elsewhere rules, trials or profiles judge it."""
    if stream.verdict is Verdict.PASS:
        outcome = Outcome.PASSED
    elif report.command != "stream":
        outcome = Outcome.SKIPPED
    else:
        outcome = Outcome.FAILED if stream.verdict is Verdict.FAIL else Outcome.ERROR
    message = f"{stream.ending}: {one_line(stream.ending_reason or '', _SENTENCE)}".removesuffix(": ")
    if not stream.ending_proven:
        message += ", unproven"
    if outcome is Outcome.SKIPPED:
        message += " (not judged by itself)"
    details = [f"{label}: {said}" for label, said in figures_of(stream)]
    details += [f"note: {one_line(note, _SENTENCE)}" for note in stream.notes[:20]]
    e2e_ms = stream.metrics.e2e_ms
    return Case(
        Group.STREAM, f"stream {index}", message, outcome, Severity.ERROR, message, tuple(details), duration_ms=e2e_ms
    )


_TRIALS: Final = {
    Verdict.PASS: Outcome.PASSED,
    Verdict.FAIL: Outcome.FAILED,
    Verdict.INCONCLUSIVE: Outcome.ERROR,
    None: Outcome.SKIPPED,
}


def _trial(index: int, trial: TrialReport, report: Report) -> Case:
    """A trial is judged by `abort-test`; in `check` a rule judges it."""
    outcome = _TRIALS[trial.verdict]
    if report.command != "abort-test" and outcome.counts:
        outcome = Outcome.SKIPPED
    left = trials.left(trial)
    message = f"{trial.answer}: {one_line(trial.reason or left, _SENTENCE)}"
    details = tuple(f"{label}: {said}" for label, said in trials.told(trial))
    if trial.reason is not None:
        details = (left, *details)
    title = f"{one_line(trial.how, 40)} at {one_line(trial.at, 40)}"
    return Case(Group.TRIAL, f"trial {index}", title, outcome, Severity.ERROR, message, details)


def _profile(profile: ProfileReport, report: Report) -> Case:
    """What fails without counting is skipped, and says why."""
    outcome = Outcome.PASSED if profile.verdict is Verdict.PASS else Outcome.SKIPPED
    if hops.counts(profile, report):
        outcome = Outcome.FAILED if profile.verdict is Verdict.FAIL else Outcome.ERROR
    told = [(label, said) for label, said in hops.told(profile) if label != "meaning"]
    details = (hops.figures_line(profile), *(f"{label}: {said}" for label, said in told))
    message = "" if outcome is Outcome.PASSED else hops.meaning(profile)
    if outcome is Outcome.SKIPPED and not hops.is_counted(profile, report):
        message = f"{hops.why_uncounted(report)}; {message}"
    title = hops.title_of(profile) or "streaming behind this hop"
    return Case(Group.PROFILE, hops.name_of(profile), title, outcome, Severity.ERROR, message, details)


def _path(path: PathReport, report: Report) -> Case:
    """Both paths are one case: they, and nothing else, are the verdict."""
    rows = (f"{label}: {' | direct: '.join(filter(None, said))}" for label, *said in paths.side_by_side(report, path))
    details = [one_line(path.meaning, _SENTENCE), *rows, *(f"evidence: {said}" for said in paths.evidence(path))]
    if like := paths.like(path):
        details.append(f"behaves like: {like}")
    if (step := paths.next_step(report, path)) is not None:
        details.append(f"next, {step[1]}: {step[0]}")
    found = paths.found(path)
    title = "this path streams as the direct one does"
    return Case(Group.PATH, "path", title, _TRIALS[report.verdict], Severity.ERROR, found, tuple(filter(None, details)))


def plain_rows(values: dict[str, Any]) -> Iterator[str]:
    """A part of the report that has no shape of its own here, one line a key."""
    for key, value in list(values.items())[:50]:
        yield f"{one_line(str(key), 60)}: {one_line(str(value), _SENTENCE)}"


def _stale(stale: list[str]) -> Case:
    shown = tuple(one_line(entry, _SENTENCE) for entry in stale[:_MAX_STALE])
    if len(stale) > _MAX_STALE:
        shown += (f"… and {len(stale) - _MAX_STALE} more",)
    others = f" (and {len(stale) - 1} more)" if len(stale) > 1 else ""
    message = f"expected by the baseline, and no longer there: {shown[0]}{others}"
    details = shown if others else ()
    return Case(
        Group.BASELINE, "baseline", "the baseline is up to date", Outcome.FAILED, Severity.ERROR, message, details
    )


def _run(report: Report, cases: list[Case]) -> Iterator[Case]:
    """The run as a whole, where something is to be said of it that no other case says."""
    notes = tuple(one_line(note, _SENTENCE) for note in report.notes[:20])
    title = "the run as a whole"
    if report.exit_code == exit_codes.PASS:
        if not cases:
            yield Case(Group.RUN, "run", title, Outcome.PASSED, Severity.ERROR, "", notes)
        return
    said = None
    if report.exit_code == exit_codes.INTERRUPTED:
        said = "interrupted"
    elif report.error is not None:
        said = one_line(report.error, _SENTENCE)
    elif not any(case.outcome.counts for case in cases):
        because = f": {notes[0]}" if notes else ""
        said = f"{report.verdict}, with exit code {report.exit_code}{because}"
    if said is not None:
        yield Case(Group.RUN, "run", title, Outcome.ERROR, Severity.ERROR, said, notes)
