"""Report types of abort tests: trials and their summary."""

from msgspec import Struct

from sseprobe.report.statistics import Counts, Percentiles, Verdict
from sseprobe.stop_detection.answers import Answer, Strength


class TestimonyReport(Struct, frozen=True):
    """The evidence of one witness in one trial."""

    witness: str
    answer: Answer
    strength: Strength
    evidence: str


class ChainReport(Struct, frozen=True):
    """How an abort passed through the app under test to its upstream.

    `closed_ms`: from the abort until the app closed its upstream request, None if it never did. `tokens_until_close`,
    `tokens_after_close`: generated upstream before and after that.
    """

    closed_ms: float | None
    tokens_until_close: int | None
    tokens_after_close: int | None


class TrialReport(Struct, frozen=True):
    """One abort. `verdict`: whether the answer is what was expected, None where it is reported and not judged.

    `reason`: why there is no answer, or no pass. `left_ms`: from the start of the stream to the abort, when `deltas`
    content deltas had come. `overrun_tokens`: generated after that. `aborted_clients`: how many clients aborted;
    `control_clients`: how many streams beside them had to complete; `control_failures`: why some did not.
    """

    how: str
    at: str
    answer: Answer
    verdict: Verdict | None
    reason: str | None
    left_ms: float | None
    deltas: int | None
    aborted_clients: int
    stop_lag_ms: float | None
    overrun_tokens: int | None
    chain: ChainReport | None
    control_clients: int
    control_failures: list[str]
    notes: list[str]
    testimonies: list[TestimonyReport]


class Cost(Struct, frozen=True):
    """What the overrun costs. `usd_per_day`: the mean overrun of a trial, at so many aborts a minute.

    `at_least`: tokens were still being generated when the grace ended.
    """

    usd_per_million_tokens: float
    aborts_per_minute: float
    usd_per_day: float
    at_least: bool


class Cause(Struct, frozen=True):
    """The likely mistake of the server. `examples`: apps that make it, by their names in docs/disconnect.md."""

    detail: str
    examples: list[str]


class SweepWindow(Struct, frozen=True):
    """Consecutive aborts that leaked: times of the first and the last, and how many of those between leaked.

    `from_head_ms`, `to_head_ms`: the same counted from each stream's own head, None where none had come.
    """

    from_ms: float
    to_ms: float
    running: int
    aborts: int
    from_head_ms: float | None = None
    to_head_ms: float | None = None


class SweepReport(Struct, frozen=True):
    """Aborts spread over the stream's life. `head_ms`, `first_content_ms`, `end_ms`: of a healthy stream;
    `head_spread_ms`: between the earliest and the latest head of all.
    """

    aborts: int
    head_ms: float | None
    first_content_ms: float | None
    end_ms: float
    windows: list[SweepWindow]
    head_spread_ms: float | None = None


class AbortSummary(Struct, frozen=True):
    """All judged trials together. `stop_lag_ms`: of those that stopped. `sweep`: None without --sweep."""

    expect: str
    stopped: int
    running: int
    unknown: int
    stop_lag_ms: Percentiles
    overrun_tokens: Counts | None
    cost: Cost | None
    cause: Cause | None
    sweep: SweepReport | None = None
