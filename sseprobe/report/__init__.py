"""The report that every command returns and every reporter renders. Schema version 1.

A number that could not be measured is None, never 0. A list that the command does not fill is empty.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct, field

from sseprobe import __version__
from sseprobe.errors import UsageError
from sseprobe.report.aborts import (
    AbortSummary,
    Cause,
    ChainReport,
    Cost,
    SweepReport,
    SweepWindow,
    TestimonyReport,
    TrialReport,
)
from sseprobe.report.profiles import LimitReport, PathReport, ProfileAbort, ProfileReport, RemedyReport
from sseprobe.report.rules import BaselineReport, Excerpt, FindingReport, ProbeReport, ReaderReport, RuleResult
from sseprobe.report.statistics import Counts, Percentiles, Verdict
from sseprobe.report.streams import RedirectReport, StreamError, StreamMetrics, StreamReport, ToolCallReport
from sseprobe.rules.base import Severity
from sseprobe.stop_detection.answers import Answer

__all__ = [
    "SCHEMA_VERSION",
    "AbortSummary",
    "BaselineReport",
    "Cause",
    "ChainReport",
    "Cost",
    "Counts",
    "Excerpt",
    "FindingReport",
    "LimitReport",
    "PathReport",
    "Percentiles",
    "ProbeReport",
    "ProfileAbort",
    "ProfileReport",
    "ReaderReport",
    "RedirectReport",
    "RemedyReport",
    "Report",
    "RuleResult",
    "StreamError",
    "StreamMetrics",
    "StreamReport",
    "SweepReport",
    "SweepWindow",
    "Target",
    "TestimonyReport",
    "Tool",
    "ToolCallReport",
    "TrialReport",
    "Verdict",
    "load_report",
    "schema",
]

SCHEMA_VERSION: Final = 1


class Tool(Struct, frozen=True):
    """The program that wrote the report."""

    name: str = "sseprobe"
    version: str = __version__


class Target(Struct, frozen=True):
    """What was tested, credentials masked."""

    url: str
    method: str
    dialect: str


class Report(Struct, frozen=True):
    """The report of one command."""

    command: str
    target: Target
    started_at: str
    duration_ms: float
    verdict: Verdict
    exit_code: int
    schema_version: int = SCHEMA_VERSION
    tool: Tool = field(default_factory=Tool)
    error: str | None = None
    """Why there was no stream, as printed on standard error; None if there was one."""
    results: list[RuleResult] = field(default_factory=list)
    fail_on: Severity | None = None
    """The lowest severity that makes the verdict fail; None where no rules were applied."""
    probes: list[ProbeReport] = field(default_factory=list)
    baseline: BaselineReport | None = None
    streams: list[StreamReport] = field(default_factory=list)
    """`buffer-test`: that of the URL, without a simulated proxy; after it, that of `--direct`."""
    trials: list[TrialReport] = field(default_factory=list)
    abort: AbortSummary | None = None
    """`abort-test` only."""
    notes: list[str] = field(default_factory=list)
    """Remarks on the verdict."""
    profiles: list[ProfileReport] = field(default_factory=list)
    path: PathReport | None = None
    """`buffer-test --direct` only."""
    load: None = None
    readers: list[ReaderReport] = field(default_factory=list)

    @property
    def findings(self) -> list[FindingReport]:
        """All findings of all rules; each has its rule's id in its key."""
        return [finding for result in self.results for finding in result.findings]

    def to_json(self) -> str:
        """The report as `--report json` writes it."""
        return msgspec.json.encode(self).decode()

    def __str__(self) -> str:
        """The report as a terminal shows it, without colours."""
        from sseprobe.reporters import by_format  # a report is made without them

        return by_format("terminal")(self, width=100, colour=False)

    def assert_passed(self) -> None:
        """Raises AssertionError with the report in words unless the verdict is `pass`; inconclusive fails too."""
        if self.verdict is not Verdict.PASS:
            raise AssertionError(f"expected the verdict pass\n{self}")

    def assert_stopped(self, max_overrun: int | None = None) -> None:
        """Raises AssertionError unless every trial shows that the server stopped.

        `max_overrun`: so many tokens at most may be generated after an abort; a trial without a count fails.
        """
        problems = [
            f"trial {number}: {problem}"
            for number, trial in enumerate(self.trials)
            if (problem := _not_stopped(trial, max_overrun)) is not None
        ]
        if not self.trials:
            problems = ["no trial was run"]
        if problems or self.verdict is not Verdict.PASS:
            expected = "expected every trial to show that the server stopped"
            raise AssertionError("\n".join([expected, *problems, str(self)]))


def _not_stopped(trial: TrialReport, max_overrun: int | None) -> str | None:
    """Why a trial does not show a stop within these tokens, None if it does."""
    if trial.answer is not Answer.STOPPED:
        return f"{trial.answer}: {trial.reason or 'the server continued'}"
    if max_overrun is None or (trial.overrun_tokens is not None and trial.overrun_tokens <= max_overrun):
        return None
    tokens = "an unknown number of" if trial.overrun_tokens is None else trial.overrun_tokens
    return f"{tokens} tokens were generated after the abort, at most {max_overrun} were allowed"


def schema() -> dict[str, Any]:
    """The JSON Schema of a report, generated from the types above."""
    return msgspec.json.schema(Report)


class _Versioned(Struct, frozen=True):
    schema_version: int


def load_report(data: bytes, name: str) -> Report:
    """Reads a report as `--report json` writes it; unknown keys are ignored. Raises UsageError."""
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if not 1 <= version <= SCHEMA_VERSION:
            raise UsageError(
                f"{name}: schema version {version}, but this sseprobe reads up to version {SCHEMA_VERSION}."
            )
        return msgspec.json.decode(data, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name}: not a report ({error}). Expected a file written by --report json.") from error
