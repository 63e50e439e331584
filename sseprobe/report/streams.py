"""Report types of one stream."""

from msgspec import Struct

from sseprobe.http_exchange import BodyEnd, Ending
from sseprobe.report.statistics import Percentiles, Verdict
from sseprobe.streams.metrics import STALL_NS, Meter
from sseprobe.units import ms


class StreamMetrics(Struct, frozen=True):
    """Figures of one stream. Definitions: see `sseprobe.streams.metrics`."""

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
    content_silence_ms: float | None = None
    byte_silence_ms: float | None = None

    @classmethod
    def of(cls, meter: Meter) -> "StreamMetrics":
        """The meter's values, in milliseconds."""
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
            content_silence_ms=ms(meter.content_silence_ns),
            byte_silence_ms=ms(meter.byte_silence_ns),
        )


class StreamError(Struct, frozen=True):
    """An error: reported in-band by the stream, or about the answer as a whole."""

    message: str
    type: str | None = None
    code: str | None = None


class ToolCallReport(Struct, frozen=True):
    """A tool call. `arguments`: as they were streamed; JSON, if the call is complete."""

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
    `ending_proven`: False where `complete` rests on the end of HTTP alone, without an end mark; `end_mark`: the one of
    a stream that no vendor defines. `text_at`: the JSON pointer of such a stream's text, None where its
    data is the text; `text_learned_from`: from how many events it was learned, None where it was given.
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
    ending_proven: bool = True
    end_mark: str | None = None
    text_at: str | None = None
    text_learned_from: int | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict on the ending alone."""
        if self.ending is Ending.COMPLETE:
            return Verdict.PASS
        return Verdict.INCONCLUSIVE if self.ending is Ending.ABORTED else Verdict.FAIL
