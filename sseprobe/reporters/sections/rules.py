"""Rules: findings with their bytes, what stayed open, and, in detail, which rules passed or do not apply."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import Report, RuleResult
from sseprobe.reporters.blocks import MAX_ROWS, Block, Cell, Field, Lines, Quote, Record, Records, Tone, more_than
from sseprobe.reporters.cases import OUTCOME_TONES, Case, CaseOutcome
from sseprobe.reporters.findings import (
    UNDECIDED,
    Repeated,
    counting,
    fail_on_of,
    grouped,
    lines_of,
    message_of,
    on_one_line,
    outcome_of,
    sides,
    worst_first,
)
from sseprobe.reporters.sections.base import Section
from sseprobe.rules.base import RuleVerdict, Severity
from sseprobe.text import one_line

_SENTENCE: Final = 400
_REASON: Final = 600
_TITLE: Final = 200
_MAX_FINDINGS: Final = 20
"""Different ones of a rule."""
_AT_ONCE: Final = 2
"""Different ones of a rule that a terminal shows without -v."""


def summary(report: Report) -> Iterator[str]:
    """How many rules came to which verdict, and how many of those that fail count."""
    if not report.results:
        return
    verdicts = [each.verdict for each in report.results]
    counted = sum(outcome_of(each, fail_on_of(report)) is CaseOutcome.FAILED for each in report.results)
    parts = []
    for verdict in RuleVerdict:
        if count := verdicts.count(verdict):
            which = f" ({counted} counted)" if verdict is RuleVerdict.FAIL and counted < count else ""
            parts.append(f"{count} {_words(verdict)}{which}")
    yield f"{len(verdicts)} rule{'' if len(verdicts) == 1 else 's'}: {', '.join(parts)}"


def blocks(report: Report) -> Iterator[Block]:
    """Findings, and selected rules that were not judged, what counts first; what is inconclusive; the other rules."""
    fail_on = fail_on_of(report)
    found = worst_first(report.results, fail_on)
    records = tuple(_record(result, fail_on) for result in found[:MAX_ROWS])
    findings = Records("Findings", ("Rule", "Finding"), records, more_than(len(records), len(found), "rules"))
    undecided = [each for each in report.results if each.verdict in UNDECIDED]
    named = Lines("Selected, but not judged", _reasons([each for each in undecided if each.named]), Tone.BAD)
    yield from (findings, named) if found and outcome_of(found[0], fail_on).counts else (named, findings)
    inconclusive = [each for each in undecided if each.verdict is RuleVerdict.INCONCLUSIVE and not each.named]
    yield Lines("Inconclusive rules", _reasons(inconclusive), Tone.OPEN)
    yield Lines("Other rules", tuple(_others(report.results)), detail=True)


def cases(report: Report) -> Iterator[Case]:
    for result in report.results:
        yield _case(result, fail_on_of(report))


SECTION: Final = Section("rule", blocks, summary, cases)


def _words(verdict: RuleVerdict) -> str:
    return verdict.replace("-", " ")


def _record(result: RuleResult, fail_on: Severity) -> Record:
    outcome = outcome_of(result, fail_on)
    word = "crashed" if result.verdict is RuleVerdict.CRASHED else str(result.severity)
    remark = ""
    if not outcome.counts:
        expected = all(finding.baselined for finding in result.findings)
        remark = " (expected by the baseline)" if expected else " (does not count)"
    found = grouped(result)
    fields = [Field("", one_line(result.reason, _REASON))] if result.reason is not None else []
    for index, each in enumerate(found[:_MAX_FINDINGS]):
        fields += _fields(each, detail=index >= _AT_ONCE)
    if more := len(result.findings) - sum(each.times for each in found[:_MAX_FINDINGS]) + result.more:
        fields.append(Field("", f"… and {more} more: see --report json"))
    fields.append(Field("", Quote(one_line(result.spec, 300))))
    heading = f"{word}  {one_line(result.title, _TITLE)}{remark}"
    return Record(one_line(result.rule, 40), heading, tuple(fields), OUTCOME_TONES[outcome])


def _fields(repeated: Repeated, *, detail: bool) -> Iterator[Field]:
    finding = repeated.finding
    expected = " · expected by the baseline" if finding.baselined else ""
    yield Field("", message_of(repeated) + expected, detail=detail)
    if finding.excerpt is not None:
        yield Field("", on_one_line(finding.excerpt), detail=detail)
    for label, text in sides(finding):
        yield Field(label, Quote(text), detail=detail)


def _reasons(results: list[RuleResult]) -> tuple[Cell, ...]:
    """Why rules could not be judged, each reason once."""
    reasons: dict[str, list[str]] = {}
    for each in results:
        reasons.setdefault(one_line(each.reason or each.title, _REASON), []).append(each.rule)
    shown: tuple[Cell, ...] = tuple(
        (f"{compacted(ids[: 3 * MAX_ROWS])}: {reason}",) for reason, ids in list(reasons.items())[:MAX_ROWS]
    )
    return shown + more_than(len(shown), len(reasons), "reasons")


def _others(results: list[RuleResult]) -> Iterator[Cell]:
    reasons: dict[str, list[str]] = {}
    for each in results:
        if each.verdict is RuleVerdict.NOT_APPLICABLE and not each.named:
            reasons.setdefault(one_line(each.reason or "", _SENTENCE), []).append(each.rule)
    for reason, ids in list(reasons.items())[:MAX_ROWS]:
        yield (f"not applicable: {compacted(ids[: 3 * MAX_ROWS])}" + (f": {reason}" if reason else ""),)
    if passed := [each.rule for each in results if each.verdict is RuleVerdict.PASS]:
        yield (f"pass: {compacted(passed[: 3 * MAX_ROWS])}",)


def compacted(rules: list[str]) -> str:
    """Ids with neighbours drawn together: `SSE001-003, HTTP007`."""
    groups: list[list[str]] = []
    for rule in rules:
        if groups and _follows(groups[-1][-1], rule):
            groups[-1].append(rule)
        else:
            groups.append([rule])
    return ", ".join(one_line(group[0] + (f"-{_number(group[-1])}" if len(group) > 1 else ""), 60) for group in groups)


def _number(rule: str) -> str:
    return rule[len(rule.rstrip("0123456789")) :]


def _follows(first: str, second: str) -> bool:
    one, two = _number(first), _number(second)
    same = first.removesuffix(one) == second.removesuffix(two)
    return same and bool(one) and bool(two) and max(len(one), len(two)) < 10 and int(two) == int(one) + 1


def _case(result: RuleResult, fail_on: Severity) -> Case:
    outcome = outcome_of(result, fail_on)
    findings = counting(result, fail_on) or result.findings
    message = one_line(result.reason or "", _SENTENCE)
    if findings:
        others = len(result.findings) + result.more - 1
        message = one_line(findings[0].message, _SENTENCE) + (f" (and {others} more)" if others else "")
    details = [line for repeated in grouped(result) for line in lines_of(repeated)]
    if result.more:
        details.append(f"… and {result.more} more findings")
    if result.findings and result.reason:
        details.append(one_line(result.reason, _SENTENCE))
    if outcome is CaseOutcome.ERROR:
        word = "crashed" if result.verdict is RuleVerdict.CRASHED else f"selected, but {_words(result.verdict)}"
        message = f"{word}: {message}"
    name, title = one_line(result.rule, 40) or "-", one_line(result.title, _TITLE)
    return Case("rule", name, title, outcome, message, tuple(details), result.severity, result=result)
