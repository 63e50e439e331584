"""Applies the rules to what a probe collected: the same for every probe, with the same options."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.baseline import Baseline, apply_baseline, baseline_of, load_baseline, save_baseline
from sseprobe.config.options.judging import JudgingOptions
from sseprobe.probes.files import read_file, write_file
from sseprobe.redaction import Redactor
from sseprobe.report import BaselineReport, RuleResult, Verdict
from sseprobe.report.from_rules import RuleInput, result_of
from sseprobe.rules import Rule, RuleVerdict, Severity
from sseprobe.rules.selection import Selection, selection
from sseprobe.streams.transcript import Transcript

_RANKS: Final = (Severity.INFO, Severity.WARNING, Severity.ERROR)
_UNDECIDED: Final = (RuleVerdict.INCONCLUSIVE, RuleVerdict.NOT_APPLICABLE)


class Judging(Struct, frozen=True):
    """Which rules are applied, and which findings fail. `write_to`: the file of the new baseline."""

    selection: Selection = Selection()
    fail_on: Severity = Severity.ERROR
    baseline: Baseline | None = None
    baseline_name: str = ""
    write_to: str | None = None

    @classmethod
    def of(cls, options: JudgingOptions) -> "Judging":
        """From the options; files are read, and checked to be writable. Raises UsageError."""
        # Without a choice nothing need be looked up: a probe that asks no rule does not import them all.
        chosen = selection(options.select, options.ignore) if options.select or options.ignore else Selection()
        expected = None
        if options.baseline is not None:
            expected = load_baseline(read_file(options.baseline, "--baseline"), options.baseline)
        if options.write_baseline is not None:
            write_file(options.write_baseline, b"", "--write-baseline", append=True)  # fails before the run
        name = options.baseline or options.write_baseline or ""
        return cls(chosen, Severity(options.fail_on), expected, name, options.write_baseline)

    def compared(self, results: list[RuleResult], *, complete: bool) -> tuple[list[RuleResult], BaselineReport | None]:
        """The results with expected findings marked, and the baseline's report.

        Writes the baseline if asked to, unless the run is not `complete`: without a stream, or interrupted.
        """
        expected = self.baseline
        if self.write_to is not None:
            expected = baseline_of(results)
            if complete:
                write_file(self.write_to, save_baseline(expected), "--write-baseline")
        return (results, None) if expected is None else apply_baseline(expected, self.baseline_name, results)

    def verdict(self, results: Sequence[RuleResult], baseline: BaselineReport | None) -> Verdict:
        """Fail for a finding that counts or a stale entry; inconclusive if a named rule could not be judged."""
        if has_crashed(results):
            return Verdict.INCONCLUSIVE
        if self.counts_any(results) or (baseline is not None and baseline.stale):
            return Verdict.FAIL
        if any(result.named and result.verdict in _UNDECIDED for result in results):
            return Verdict.INCONCLUSIVE
        return Verdict.PASS

    def counts_any(self, results: Iterable[RuleResult]) -> bool:
        """Whether a finding that is not expected has the severity of --fail-on or above."""
        return any(
            _RANKS.index(result.severity) >= _RANKS.index(self.fail_on)
            and not all(each.baselined for each in result.findings)
            for result in results
        )


def has_crashed(results: Iterable[RuleResult]) -> bool:
    """Whether a rule crashed."""
    return any(result.verdict is RuleVerdict.CRASHED for result in results)


class Evidence(Struct, frozen=True):
    """What the rules judge. `absent`: why a rule has nothing to judge, where it has nothing.

    `unavailable`: types of probe results that were requested and could not be collected: their rules are inconclusive.
    `named`: types of results of probes that were named: their rules count as named. `only`: the one rule to apply.
    """

    streams: Sequence[Transcript]
    probe_results: Sequence[Any]
    absent: Callable[[Rule], str]
    unavailable: frozenset[type] = frozenset()
    named: frozenset[type] = frozenset()
    only: str | None = None


async def judge_all(
    rules: Iterable[Rule], evidence: Evidence, selection: Selection, redact: Redactor
) -> tuple[list[RuleResult], bool]:
    """One result per rule, and whether judging was cancelled: then the remaining rules are not applicable."""
    results = []
    interrupted = False
    for rule in rules:
        inputs = [
            *(RuleInput(stream, index) for index, stream in enumerate(evidence.streams) if rule.subject is Transcript),
            *(RuleInput(each, None) for each in evidence.probe_results if type(each) is rule.subject),
        ]
        if evidence.only is not None and rule.id != evidence.only:
            inputs = []
        if inputs and not interrupted:
            try:
                await asyncio.sleep(0)  # here it can be cancelled
            except asyncio.CancelledError:
                interrupted = True
        absent = "interrupted before it" if interrupted else evidence.absent(rule)
        result = result_of(rule, [] if interrupted else inputs, redact, absent=absent)
        if not inputs and rule.subject in evidence.unavailable:
            result = replace(result, verdict=RuleVerdict.INCONCLUSIVE)
        results.append(replace(result, named=selection.names(rule) or rule.subject in evidence.named))
    return _with_prefixes(selection, results), interrupted


def _with_prefixes(selection: Selection, results: list[RuleResult]) -> list[RuleResult]:
    """A named family counts as named where none of its rules could be judged."""
    judged = (RuleVerdict.PASS, RuleVerdict.FAIL)
    for prefix in selection.prefixes():
        if not any(result.verdict in judged for result in results if result.rule.startswith(prefix)):
            results = [replace(each, named=each.named or each.rule.startswith(prefix)) for each in results]
    return results


def worst(*verdicts: Verdict) -> Verdict:
    """Fail before inconclusive before pass."""
    return next(each for each in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS) if each in verdicts)
