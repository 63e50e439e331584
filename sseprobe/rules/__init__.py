"""Rules: what a stream must or should do. One family a file; a rule is one decorated function of a transcript."""

from sseprobe.rules.catalogue import Finding, Kind, Rule, Severity, run, wire_rules

__all__ = ["Finding", "Kind", "Rule", "Severity", "run", "wire_rules"]
