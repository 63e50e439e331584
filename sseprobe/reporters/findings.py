"""Findings of rules: which of them count, which say the same, and where they are."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sseprobe.report import Excerpt, FindingReport, Report, RuleResult
from sseprobe.reporters.cases import CaseOutcome
from sseprobe.rules.base import RuleVerdict, Severity, without_numbers
from sseprobe.text import one_line, visible
from sseprobe.units import human_ms

_RANKS: Final = (Severity.INFO, Severity.WARNING, Severity.ERROR)
UNDECIDED: Final = (RuleVerdict.INCONCLUSIVE, RuleVerdict.NOT_APPLICABLE)
_SENTENCE: Final = 400
_EXCERPT: Final = 300


def fail_on_of(report: Report) -> Severity:
    """From which severity on a finding counts."""
    return report.fail_on or Severity.ERROR


def counting(result: RuleResult, fail_on: Severity) -> list[FindingReport]:
    """The findings that make the verdict fail."""
    if _RANKS.index(result.severity) < _RANKS.index(fail_on):
        return []
    return [each for each in result.findings if not each.baselined]


def outcome_of(result: RuleResult, fail_on: Severity) -> CaseOutcome:
    """What a rule's result means for the verdict."""
    if result.verdict is RuleVerdict.PASS:
        return CaseOutcome.PASSED
    if result.verdict is RuleVerdict.CRASHED:
        return CaseOutcome.ERROR
    if result.verdict in UNDECIDED:
        return CaseOutcome.ERROR if result.named else CaseOutcome.SKIPPED
    return CaseOutcome.FAILED if counting(result, fail_on) else CaseOutcome.NOTED


def worst_first(results: list[RuleResult], fail_on: Severity) -> list[RuleResult]:
    """The results with findings, and those that crashed: what counts first, then by severity."""
    found = [each for each in results if each.verdict in (RuleVerdict.FAIL, RuleVerdict.CRASHED)]
    return sorted(
        found, key=lambda each: (not outcome_of(each, fail_on).counts, len(_RANKS) - _RANKS.index(each.severity))
    )


class Repeated(NamedTuple):
    """Findings that say the same, but for numbers: the first of them, how many, in how many streams."""

    finding: FindingReport
    times: int
    streams: int

    @property
    def location(self) -> str:
        """Where it is, or the first of them."""
        location = where(self.finding)
        if self.times == 1:
            return location
        among = f" in {self.streams} streams" if self.streams > 1 else ""
        return f"{self.times} times{among}" + (f"; the first: {location}" if location else "")


def grouped(result: RuleResult) -> list[Repeated]:
    """The findings of a rule: those that say the same, but for numbers, once. What the baseline expects comes last."""
    groups: dict[tuple[bool, str], list[FindingReport]] = {}
    for finding in sorted(result.findings, key=lambda each: each.baselined):
        groups.setdefault((finding.baselined, without_numbers(finding.message)), []).append(finding)
    return [Repeated(each[0], len(each), len({finding.stream for finding in each})) for each in groups.values()]


def where(finding: FindingReport) -> str:
    """The location of a finding. Streams and events count from 0, as they do in the JSON report."""
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


def message_of(repeated: Repeated) -> str:
    """What was found, and where."""
    location = f" ({repeated.location})" if repeated.location else ""
    return one_line(repeated.finding.message, _SENTENCE) + location


def sides(finding: FindingReport) -> Iterator[tuple[str, str]]:
    """What was expected and what came, as far as it is known."""
    for label, text in (("expected", finding.expected), ("actual", finding.actual)):
        if text is not None:
            yield label, one_line(text, _SENTENCE)


def lines_of(repeated: Repeated) -> Iterator[str]:
    """A finding in plain lines: what and where, expected and actual, the bytes."""
    yield message_of(repeated)
    for label, text in sides(repeated.finding):
        yield f"{label}: {text}"
    if repeated.finding.excerpt is not None:
        part = on_one_line(repeated.finding.excerpt)
        yield f"bytes: {part.before}⟦{part.marked}⟧{part.after}"
    if repeated.finding.baselined:
        yield "expected by the baseline"


def on_one_line(excerpt: Excerpt) -> Excerpt:
    """The excerpt as one line, safe to show and of bounded length; no space of it is lost."""
    return Excerpt(
        *(
            visible(part[:_EXCERPT].replace("\n", "␊").replace("\t", "␉"))
            for part in (excerpt.before, excerpt.marked, excerpt.after)
        )
    )
