"""Rules: what a stream must or should do. A rule is one decorated function, of a transcript or a probe's results."""

from sseprobe.rules.base import Finding, Judgement, Kind, Rule, RuleVerdict, Severity, judge
from sseprobe.rules.catalogue import all_rules, run, wire_rules

__all__ = [
    "Finding",
    "Judgement",
    "Kind",
    "Rule",
    "RuleVerdict",
    "Severity",
    "all_rules",
    "judge",
    "run",
    "wire_rules",
]
