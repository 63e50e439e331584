"""The baseline: expected findings. Findings that it does not list are new; entries that no longer occur are stale."""

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sseprobe.errors import UsageError
from sseprobe.report import BaselineReport, FindingReport, RuleResult
from sseprobe.rules.base import RuleVerdict
from sseprobe.rules.selection import known_id

VERSION: Final = 2


class Expected(Struct, frozen=True, order=True):
    """All findings of this rule with this key are expected, whatever their number and message."""

    rule: str
    key: str


class _Versioned(Struct, frozen=True):
    sseprobe_baseline: int


class Baseline(_Versioned, frozen=True):
    """The baseline file, which is JSON."""

    expected: list[Expected]


def load_baseline(data: bytes, name: str) -> Baseline:
    """Reads a baseline. Raises UsageError; `name` is for the message."""
    try:
        version = msgspec.json.decode(data, type=_Versioned).sseprobe_baseline
        if version != VERSION:
            problem = f"baseline version {version} is not supported (expected {VERSION})"
            raise UsageError(f"{name}: {problem}. Create it again with --write-baseline {name}.")
        baseline = msgspec.json.decode(data, type=Baseline)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: not a valid baseline ({error}). Create one with --write-baseline {name}.") from error
    for entry in baseline.expected:
        known_id(entry.rule, name)
    return baseline


def baseline_of(results: list[RuleResult]) -> Baseline:
    """The baseline that expects all these findings."""
    return Baseline(VERSION, sorted({_expected(result, finding) for result in results for finding in result.findings}))


def save_baseline(baseline: Baseline) -> bytes:
    """The baseline file's bytes."""
    return msgspec.json.format(msgspec.json.encode(baseline), indent=2) + b"\n"


def apply_baseline(baseline: Baseline, name: str, results: list[RuleResult]) -> tuple[list[RuleResult], BaselineReport]:
    """The results with expected findings marked, and the stale entries of the baseline.

    An entry of a rule that could not be judged in this run is not stale.
    """
    expected = set(baseline.expected)
    marked = [
        replace(
            result,
            findings=[replace(each, baselined=_expected(result, each) in expected) for each in result.findings],
        )
        for result in results
    ]
    occurring = {_expected(result, finding) for result in results for finding in result.findings}
    judged = {each.rule for each in results if each.verdict in (RuleVerdict.PASS, RuleVerdict.FAIL)}
    stale = sorted(entry for entry in expected - occurring if entry.rule in judged)
    return marked, BaselineReport(name, len(expected), [entry.key for entry in stale])


def _expected(result: RuleResult, finding: FindingReport) -> Expected:
    return Expected(result.rule, finding.key)
