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
