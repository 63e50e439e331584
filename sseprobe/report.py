"""The report: what every command returns and every reporter renders. Schema version 1, as the contract fixes it.

A number that could not be measured is None, never 0. A list that does not concern the command is empty.
"""

from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from sseprobe import __version__
from sseprobe.errors import UsageError
from sseprobe.metrics import STALL_NS, Distribution, Meter
from sseprobe.rules.catalogue import Kind as RuleKind
from sseprobe.rules.catalogue import RuleVerdict, Severity
from sseprobe.testimony import Answer, Strength
from sseprobe.transcript import BodyEnd, Ending
from sseprobe.units import ms

SCHEMA_VERSION: Final = 1


class Verdict(StrEnum):
    """The verdict of a whole report."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Tool(Struct, frozen=True):
    """Who wrote the report."""

    name: str = "sseprobe"
    version: str = __version__


class Target(Struct, frozen=True):
    """What was tested, credentials masked."""

    url: str
    method: str
    dialect: str


class Percentiles(Struct, frozen=True):
    """A distribution in milliseconds."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, values: Distribution) -> "Percentiles":
        """The distribution of nanoseconds, in milliseconds."""
        p50, p90, p99 = (ms(values.percentile(percent)) for percent in (50, 90, 99))
        return cls(values.count, p50, p90, p99, ms(values.max))


class StreamMetrics(Struct, frozen=True):
    """Figures of one stream. Definitions: see `sseprobe.metrics`."""

    ttfb_ms: float | None
    ttfe_ms: float | None
    ttft_ms: float | None
    e2e_ms: float | None
    tpot_ms: float | None
    tokens: int | None
    tokens_per_s: float | None
    input_tokens: int | None
    itl_ms: Percentiles
    unmeasured_gaps: int
    gaps_ms: list[float]
    """At most 60 points: the maxima of the gaps, oldest first."""
    stalls: int
    stall_limit_ms: float
    bunching_ratio: float | None
    longest_burst: int
    client_lag_ms: Percentiles

    @classmethod
    def of(cls, meter: Meter) -> "StreamMetrics":
        """The meter's figures at the door: milliseconds."""
        return cls(
            ttfb_ms=ms(meter.ttfb_ns),
            ttfe_ms=ms(meter.ttfe_ns),
            ttft_ms=ms(meter.ttft_ns),
            e2e_ms=ms(meter.end_ns),
            tpot_ms=ms(meter.tpot_ns),
            tokens=meter.output_tokens,
            tokens_per_s=None if meter.tokens_per_s is None else round(meter.tokens_per_s, 2),
            input_tokens=meter.input_tokens,
            itl_ms=Percentiles.of(meter.itl),
            unmeasured_gaps=meter.unmeasured_gaps,
            gaps_ms=[round(gap / 1e6, 3) for gap in meter.gaps.points],
            stalls=meter.stalls,
            stall_limit_ms=STALL_NS / 1e6,
            bunching_ratio=None if meter.bunching_ratio is None else round(meter.bunching_ratio, 3),
            longest_burst=meter.longest_burst,
            client_lag_ms=Percentiles.of(meter.lag),
        )


class StreamError(Struct, frozen=True):
    """What was said of a failure: in-band by the stream, or about the answer as a whole."""

    message: str
    type: str | None = None
    code: str | None = None


class ToolCallReport(Struct, frozen=True):
    """A tool call. `arguments`: as they were streamed; JSON, if the call is whole."""

    choice: int
    name: str
    arguments: str


class RedirectReport(Struct, frozen=True):
    """A redirect that was followed, credentials masked."""

    status: int
    url: str
    location: str


class StreamReport(Struct, frozen=True):
    """One stream. `ending_reason`: why it did not end well, None if it did. `body_end`: how HTTP's body ended.

    `incomplete`: what a complete stream itself says is missing from its answer (length, content-filter, refusal, …).
    `text`, `reasoning`, `refusal`: of the first choice. `heartbeats`: the dialect's own, comments not counted.
    """

    status: int | None
    http_version: str | None
    ending: Ending
    ending_reason: str | None
    body_end: BodyEnd | None
    error: StreamError | None
    finish_reasons: list[str]
    incomplete: str | None
    text: str
    reasoning: str
    refusal: str
    tool_calls: list[ToolCallReport]
    citations: list[str]
    text_is_cut: bool
    dialect: str
    content_type: str | None
    events: int
    reads: int
    bytes: int
    comments: int
    heartbeats: int
    unknown_events: int
    clock: str | None
    redirects: list[RedirectReport]
    notes: list[str]
    metrics: StreamMetrics

    @property
    def verdict(self) -> Verdict:
        """What this ending means by itself."""
        if self.ending is Ending.COMPLETE:
            return Verdict.PASS
        return Verdict.INCONCLUSIVE if self.ending is Ending.ABORTED else Verdict.FAIL


class TestimonyReport(Struct, frozen=True):
    """What one witness says of one trial."""

    witness: str
    answer: Answer
    strength: Strength
    evidence: str


class ChainReport(Struct, frozen=True):
    """An abort on its way through the app under test: when it closed its upstream, None if it never did.

    `closed_ms`: after the client's leaving. `tokens_until_close`, `tokens_after_close`: made upstream meanwhile.
    """

    closed_ms: float | None
    tokens_until_close: int | None
    tokens_after_close: int | None


class TrialReport(Struct, frozen=True):
    """One abort. `verdict`: whether the answer is what was expected, None where it is reported and not judged.

    `reason`: why there is no answer, or no pass. `left_ms`: after the start of the stream, when `deltas` content deltas
    had come. `overrun_tokens`: made after that. `stayers`: streams beside it that had to stay whole; `hurt`: what
    happened to those that did not.
    """

    how: str
    at: str
    answer: Answer
    verdict: Verdict | None
    reason: str | None
    left_ms: float | None
    deltas: int | None
    leavers: int
    stop_lag_ms: float | None
    overrun_tokens: int | None
    chain: ChainReport | None
    stayers: int
    hurt: list[str]
    notes: list[str]
    testimonies: list[TestimonyReport]


class Counts(Struct, frozen=True):
    """A distribution of counts."""

    count: int
    min: int
    p50: int
    max: int
    mean: float


class Cost(Struct, frozen=True):
    """What the overrun costs. `usd_per_day`: the mean overrun of a trial, at so many aborts a minute.

    `at_least`: tokens were still being made when the grace ended.
    """

    usd_per_million_tokens: float
    aborts_per_minute: float
    usd_per_day: float
    at_least: bool


class Cause(Struct, frozen=True):
    """What the way in which the server goes on, or stops, tells of its mistake. `modes`: in docs/disconnect.md."""

    said: str
    modes: list[str]


class AbortSummary(Struct, frozen=True):
    """All judged trials together. `stop_lag_ms`: of those that stopped."""

    expect: str
    stopped: int
    running: int
    unknown: int
    stop_lag_ms: Percentiles
    overrun_tokens: Counts | None
    cost: Cost | None
    cause: Cause | None


class Excerpt(Struct, frozen=True):
    """The bytes of a finding in their surroundings, as one line that may be shown: control characters as symbols."""

    before: str
    marked: str
    after: str


class FindingReport(Struct, frozen=True):
    """One violation. `span`: byte range in the body; `event`: which event of it, from 0; `t_ms`: its arrival.

    `stream`: which of `streams`, None where the finding is of no single one. `baselined`: the baseline expects it.
    """

    message: str
    expected: str | None
    actual: str | None
    span: tuple[int, int] | None
    event: int | None
    t_ms: float | None
    stream: int | None = None
    excerpt: Excerpt | None = None
    baselined: bool = False


class RuleResult(Struct, frozen=True):
    """What one rule says of all that was seen. `reason`: why it could not be judged. `more`: findings not listed.

    `named`: `--select` or `--probe` asked for it, so that it counts if it stays inconclusive.
    """

    rule: str
    severity: Severity
    kind: RuleKind
    verdict: RuleVerdict
    title: str
    reason: str | None
    spec: str
    findings: list[FindingReport]
    more: int = 0
    named: bool = False


class ProbeReport(Struct, frozen=True):
    """An active probe: whether it ran, and if not, why."""

    probe: str
    ran: bool
    said: str


class BaselineReport(Struct, frozen=True):
    """What became of the expected findings. `stale`: those that no longer occur, which is a failure."""

    file: str
    expected: int
    stale: list[str]


class ReaderReport(Struct, frozen=True):
    """Someone else's parser on the same bytes. `agrees`: None where it could not be run; `differences` says why."""

    reader: str
    version: str | None
    agrees: bool | None
    differences: list[str]


class RemedyReport(Struct, frozen=True):
    """One remedy, tried by running the profile again with it. `helped`: None where that run did not come about.

    `where`: who would have to do it, `endpoint`, `client` or `hop`. `said`: what was seen.
    """

    remedy: str
    where: str
    helped: bool | None
    said: str


class LimitReport(Struct, frozen=True):
    """One time limit of a profile. `limit`: `first-byte`, `idle` or `total`; `answer`: `kept`, `cut` or `not-reached`.

    `scale`: how many times faster than in reality it was tried, 1 for real time.
    """

    limit: str
    limit_s: float
    answer: str
    scale: float
    said: str


class ProfileAbort(Struct, frozen=True):
    """A client that left behind this profile. `closed_ms`: until the upstream learned of it, None: it never did."""

    answer: Answer
    closed_ms: float | None
    overrun_tokens: int | None
    reason: str | None


class ProfileReport(Struct, frozen=True):
    """The endpoint behind one simulated hop.

    `counted`: false where nothing that the endpoint could send would satisfy it, and it was not named. `reason`: what
    was seen; `cause`: how the hop holds back, None if it does not; `meaning`: what it means to a user.
    `added_delay_ms`: of each event, against its arrival at the hop. `bunching_ratio`: events a read; `burst_events`,
    `burst_period_ms`: medians, None without bursts. `remedies`: those that were seen to help, best first; `tried`: all
    of them. `basis`: where the profile's numbers come from.
    """

    profile: str
    title: str
    verdict: Verdict
    counted: bool
    reason: str
    cause: str | None
    meaning: str
    ttft_ms: float | None
    added_ttft_ms: float | None
    added_delay_ms: Percentiles
    bunching_ratio: float | None
    burst_events: float | None
    burst_period_ms: float | None
    ending: Ending | None
    ending_reason: str | None
    remedies: list[str]
    tried: list[RemedyReport]
    limits: list[LimitReport]
    abort: ProfileAbort | None
    basis: str
    notes: list[str]


class PathReport(Struct, frozen=True):
    """Two paths to one server. `buffers`: `yes`, `no` or `unknown`; `kind`: `none`, `whole-body`, `block`, `timer`,
    `compression` or `unknown`; `sureness`: `certain`, `likely` or `possible`.

    `block_bytes`, `period_ms`: of the buffer, None where that is not its kind. `added_ttft_ms`, `added_delay_ms`:
    against the direct path. `like`: profiles that behave so. `evidence`: what that was read from.
    """

    url: str
    direct_url: str
    buffers: str
    kind: str
    sureness: str
    block_bytes: int | None
    period_ms: float | None
    added_ttft_ms: float | None
    added_delay_ms: Percentiles
    bunching_ratio: float | None
    direct_bunching_ratio: float | None
    meaning: str
    like: list[str]
    evidence: list[str]


class Report(Struct, frozen=True):
    """A whole report."""

    command: str
    target: Target
    started_at: str
    duration_ms: float
    verdict: Verdict
    exit_code: int
    schema_version: int = SCHEMA_VERSION
    tool: Tool = field(default_factory=Tool)
    error: str | None = None
    """The sentence printed on standard error, if there was one."""
    results: list[RuleResult] = field(default_factory=list)
    fail_on: Severity | None = None
    """`check` only: from which severity on a finding makes the verdict fail."""
    probes: list[ProbeReport] = field(default_factory=list)
    baseline: BaselineReport | None = None
    streams: list[StreamReport] = field(default_factory=list)
    trials: list[TrialReport] = field(default_factory=list)
    abort: AbortSummary | None = None
    """`abort-test` only."""
    notes: list[str] = field(default_factory=list)
    """What the reader of the verdict should know."""
    profiles: list[ProfileReport] = field(default_factory=list)
    path: PathReport | None = None
    """`buffer-test --direct` only."""
    load: dict[str, Any] | None = None
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
                f"{name}: a report of schema version {version}; this sseprobe reads up to {SCHEMA_VERSION}."
            )
        return msgspec.json.decode(data, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name}: not a report as --report json writes it ({error}).") from error
