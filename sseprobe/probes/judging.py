"""What the rules make of what a probe saw: the same for every probe, with the same options."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.baseline import Baseline, apply_baseline, baseline_of, load_baseline, save_baseline
from sseprobe.config.judging import JudgingOptions
from sseprobe.probes.files import read_file, write_file
from sseprobe.redaction import Redactor
from sseprobe.report import BaselineReport, RuleResult, Verdict
from sseprobe.report.from_rules import Asked, result_of
from sseprobe.rules import Rule, RuleVerdict, Severity
from sseprobe.rules.selection import Selection, selection
from sseprobe.streams.transcript import Transcript

_RANKS: Final = (Severity.INFO, Severity.WARNING, Severity.ERROR)
_UNDECIDED: Final = (RuleVerdict.INCONCLUSIVE, RuleVerdict.NOT_APPLICABLE)


class Judging(Struct, frozen=True):
    """What is asked of the streams, and what counts. `write_to`: the file to which the findings go, as a baseline."""

    selection: Selection = Selection()
    fail_on: Severity = Severity.ERROR
    baseline: Baseline | None = None
    baseline_name: str = ""
    write_to: str | None = None

    @classmethod
    def of(cls, options: JudgingOptions) -> "Judging":
        """As the options say, files read and found to be writable. Raises UsageError."""
        chosen = selection(options.select, options.ignore)
        expected = None
        if options.baseline is not None:
            expected = load_baseline(read_file(options.baseline, "--baseline"), options.baseline)
        if options.write_baseline is not None:
            write_file(options.write_baseline, b"", "--write-baseline", append=True)  # found out before the run
        name = options.baseline or options.write_baseline or ""
        return cls(chosen, Severity(options.fail_on), expected, name, options.write_baseline)

    def compared(self, results: list[RuleResult]) -> tuple[list[RuleResult], BaselineReport | None]:
        """The results with what was expected marked, and what became of the baseline; it is written if it shall be."""
        expected = self.baseline
        if self.write_to is not None:
            expected = baseline_of(results)
            write_file(self.write_to, save_baseline(expected), "--write-baseline")
        return (results, None) if expected is None else apply_baseline(expected, self.baseline_name, results)

    def verdict(self, results: Sequence[RuleResult], baseline: BaselineReport | None) -> Verdict:
        """Fails for a finding that counts or a stale entry; inconclusive if what was named could not be judged."""
        if has_crashed(results):
            return Verdict.INCONCLUSIVE
        if self.counts_any(results) or (baseline is not None and baseline.stale):
            return Verdict.FAIL
        if any(result.named and result.verdict in _UNDECIDED for result in results):
            return Verdict.INCONCLUSIVE
        return Verdict.PASS

    def counts_any(self, results: Iterable[RuleResult]) -> bool:
        """Whether there is a finding that makes the verdict fail."""
        return any(
            _RANKS.index(result.severity) >= _RANKS.index(self.fail_on)
            and not all(each.baselined for each in result.findings)
            for result in results
        )


def has_crashed(results: Iterable[RuleResult]) -> bool:
    """Whether a rule of ours crashed."""
    return any(result.verdict is RuleVerdict.CRASHED for result in results)


class Seen(Struct, frozen=True):
    """What the rules are asked about. `absent`: why there is nothing to ask a rule about, if there is nothing.

    `unreached`: evidence that was asked for and could not be had, so that its rules are inconclusive. `named`: evidence
    of probes that were named, so that its rules are. `only`: the id of the one rule that is asked at all.
    """

    streams: Sequence[Transcript]
    evidence: Sequence[Any]
    absent: Callable[[Rule], str]
    unreached: frozenset[type] = frozenset()
    named: frozenset[type] = frozenset()
    only: str | None = None


async def judge_all(
    rules: Iterable[Rule], seen: Seen, selection: Selection, redact: Redactor
) -> tuple[list[RuleResult], bool]:
    """One result a rule, and whether it was cancelled meanwhile: then the others are not applicable."""
    results = []
    interrupted = False
    for rule in rules:
        asked = [
            *(Asked(stream, index) for index, stream in enumerate(seen.streams) if rule.subject is Transcript),
            *(Asked(each, None) for each in seen.evidence if type(each) is rule.subject),
        ]
        if seen.only is not None and rule.id != seen.only:
            asked = []
        if asked and not interrupted:
            try:
                await asyncio.sleep(0)  # here it can be cancelled
            except asyncio.CancelledError:
                interrupted = True
        absent = "interrupted before it" if interrupted else seen.absent(rule)
        result = result_of(rule, [] if interrupted else asked, redact, absent=absent)
        if not asked and rule.subject in seen.unreached:
            result = replace(result, verdict=RuleVerdict.INCONCLUSIVE)
        results.append(replace(result, named=selection.names(rule) or rule.subject in seen.named))
    return _with_prefixes(selection, results), interrupted


def _with_prefixes(selection: Selection, results: list[RuleResult]) -> list[RuleResult]:
    """A family that was named counts as named where not one of its rules could be judged."""
    judged = (RuleVerdict.PASS, RuleVerdict.FAIL)
    for prefix in selection.prefixes():
        if not any(result.verdict in judged for result in results if result.rule.startswith(prefix)):
            results = [replace(each, named=each.named or each.rule.startswith(prefix)) for each in results]
    return results


def worst(*verdicts: Verdict) -> Verdict:
    """Fail before inconclusive before pass."""
    return next(each for each in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS) if each in verdicts)
