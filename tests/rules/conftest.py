"""Recall and false alarms of the rules, as figures at the end of the run."""

from typing import Any

_FOUND = "test_the_right_rule_speaks_and_no_other_error"
_CLEAN = ("test_what_was_broken_was_clean", "test_the_good_stream_breaks_no_other_rule")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Counts what the mutation tests found."""
    passed, failed = (
        [report.nodeid for report in terminalreporter.stats.get(kind, []) if getattr(report, "when", "") == "call"]
        for kind in ("passed", "failed")
    )
    found, missed = (sum(_FOUND in each for each in ids) for ids in (passed, failed))
    quiet, alarms = (sum(any(name in each for name in _CLEAN) for each in ids) for ids in (passed, failed))
    if found + missed:
        said = f"{found} of {found + missed} mutants named rightly, {alarms} false alarms on {quiet + alarms} clean streams"
        terminalreporter.write_line(f"rules: {said}")
