"""Cases: what sections yield for `junit`, `sarif` and `github`, and what CI counts.

The exit code is 0 exactly where no case counts: who reads only cases never sees green by mistake. All text in a case
may be shown as it is.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from sseprobe.report import RuleResult, Verdict
from sseprobe.reporters.blocks import Tone
from sseprobe.rules.base import Severity


class CaseOutcome(StrEnum):
    """What became of a case. `noted`: findings, none of which counts. `error`: no answer where one was needed."""

    PASSED = "passed"
    NOTED = "noted"
    SKIPPED = "skipped"
    FAILED = "failed"
    ERROR = "error"

    @property
    def counts(self) -> bool:
        """Whether it keeps the report from passing."""
        return self in (CaseOutcome.FAILED, CaseOutcome.ERROR)


VERDICT_OUTCOMES: Final = {
    Verdict.PASS: CaseOutcome.PASSED,
    Verdict.FAIL: CaseOutcome.FAILED,
    Verdict.INCONCLUSIVE: CaseOutcome.ERROR,
    None: CaseOutcome.SKIPPED,
}
OUTCOME_TONES: Final = {
    CaseOutcome.PASSED: Tone.GOOD,
    CaseOutcome.NOTED: Tone.OPEN,
    CaseOutcome.SKIPPED: Tone.PLAIN,
    CaseOutcome.FAILED: Tone.BAD,
    CaseOutcome.ERROR: Tone.BAD,
}


class Case(Struct, frozen=True):
    """One case. `kind`: the section it is from. `message`: why the outcome is what it is, empty if there is nothing to
    say. `result`: of a rule, else None. `duration_ms`: None if it has none of its own. `key`: what tells it from others
    of its kind in every run, where its place does not.
    """

    kind: str
    name: str
    title: str
    outcome: CaseOutcome
    message: str
    details: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    duration_ms: float | None = None
    result: RuleResult | None = None
    key: str = ""
