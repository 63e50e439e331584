"""Reports as the commands make them, small, with fixed figures: what reporters are tested with."""

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from sseprobe.http_exchange import BodyEnd, Ending
from sseprobe.report import (
    AbortSummary,
    BaselineReport,
    Cause,
    ChainReport,
    Cost,
    Counts,
    Excerpt,
    FindingReport,
    Percentiles,
    ProbeReport,
    ReaderReport,
    RedirectReport,
    Report,
    RuleResult,
    StreamError,
    StreamMetrics,
    StreamReport,
    SweepReport,
    SweepWindow,
    Target,
    TestimonyReport,
    Tool,
    ToolCallReport,
    TrialReport,
    Verdict,
)
from sseprobe.rules.base import Kind, RuleVerdict, Severity
from sseprobe.stop_detection.answers import Answer, Strength
from tests.support import hop_reports

WHATWG = "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"
_LAG = Percentiles(42, 0.05, 0.1, 0.3, 0.4)
_METRICS = StreamMetrics(
    ttfb_ms=12.5,
    ttfe_ms=13.0,
    ttft_ms=41.2,
    e2e_ms=860.4,
    tpot_ms=20.1,
    tokens=40,
    tokens_per_s=49.75,
    input_tokens=7,
    itl_ms=Percentiles(39, 20.0, 21.5, 30.2, 41.0),
    unmeasured_gaps=0,
    gaps_ms=[20.0, 21.5, 41.0, 19.9],
    stalls=0,
    stall_limit_ms=1000.0,
    bunching_ratio=1.0,
    longest_burst=1,
    client_lag_ms=_LAG,
)
STREAM = StreamReport(
    status=200,
    http_version="1.1",
    ending=Ending.COMPLETE,
    ending_reason=None,
    body_end=BodyEnd.LAST_CHUNK,
    error=None,
    finish_reasons=["stop"],
    incomplete=None,
    text="Hello",
    reasoning="",
    refusal="",
    tool_calls=[],
    citations=[],
    text_is_cut=False,
    dialect="openai-chat",
    content_type="text/event-stream",
    events=42,
    reads=42,
    bytes=9001,
    comments=0,
    heartbeats=0,
    unknown_events=0,
    clock="kernel",
    redirects=[],
    notes=[],
    metrics=_METRICS,
)
TRUNCATED = replace(
    STREAM,
    ending=Ending.TRUNCATED,
    ending_reason="the body ended before data: [DONE]",
    body_end=BodyEnd.MISSING_LAST_CHUNK,
    finish_reasons=[],
    notes=["2 of 42 reads came without the kernel's stamp"],
)
_LUMPY = replace(
    STREAM,
    metrics=replace(
        _METRICS, ttft_ms=431.4, e2e_ms=870.2, itl_ms=Percentiles(39, 0.0, 408.0, 411.0, 412.5), bunching_ratio=17.0
    ),
)
_NO_GAPS = Percentiles(0, None, None, None, None)
TRIAL = TrialReport(
    how="fin",
    at="mid-stream",
    answer=Answer.STOPPED,
    verdict=Verdict.PASS,
    reason=None,
    left_ms=212.4,
    deltas=10,
    aborted_clients=1,
    stop_lag_ms=1.2,
    overrun_tokens=0,
    chain=None,
    control_clients=0,
    control_failures=[],
    notes=[],
    testimonies=[TestimonyReport("mock", Answer.STOPPED, Strength.DIRECT, "stopped 1.2 ms after the client left")],
)
LEAK = replace(
    TRIAL,
    answer=Answer.RUNNING,
    verdict=Verdict.FAIL,
    stop_lag_ms=None,
    overrun_tokens=143,
    chain=ChainReport(None, None, 143),
    testimonies=[TestimonyReport("upstream", Answer.RUNNING, Strength.DIRECT, "143 tokens after the client left")],
)
NOBODY = replace(TRIAL, answer=Answer.UNKNOWN, verdict=Verdict.INCONCLUSIVE, reason="no witness was named")


@dataclass(frozen=True)
class _Made:
    """What all reports share."""

    fields: dict[str, Any] = field(default_factory=dict)

    def __call__(self, command: str, verdict: Verdict, exit_code: int, **others: Any) -> Report:
        return Report(
            command=command,
            target=Target("http://127.0.0.1:8000/v1/chat/completions?key=***", "POST", "openai-chat"),
            started_at="2026-11-24T01:26:48.499Z",
            duration_ms=1234.5,
            verdict=verdict,
            exit_code=exit_code,
            tool=Tool(version="1.2.3"),
            **others,
        )


made = _Made()


def finding(message: str, **fields: Any) -> FindingReport:
    """A finding with nothing but a message, unless more is given."""
    return FindingReport(
        **{
            "key": "A1/made-up",
            "message": message,
            "expected": None,
            "actual": None,
            "span": None,
            "event": None,
            "t_ms": None,
            **fields,
        }
    )


def result(rule: str, verdict: RuleVerdict, *findings: FindingReport, **fields: Any) -> RuleResult:
    """A result, of severity error unless another is given."""
    known = {
        "severity": Severity.ERROR,
        "kind": Kind.CONFORMANCE,
        "title": f"The title of {rule}.",
        "reason": None,
        "spec": WHATWG,
    }
    return RuleResult(rule=rule, verdict=verdict, findings=list(findings), **{**known, **fields})


TAIL = finding(
    "the stream ends inside an event",
    key="SSE007/ends-inside-event",
    expected="a blank line after the last field",
    actual="data: [DONE]␊",
    span=(8980, 8993),
    event=41,
    t_ms=860.1,
    stream=1,
    excerpt=Excerpt('data: {"content":"世界"}␊␊', "data: [DONE]␊", ""),
)
_NA = RuleVerdict.NOT_APPLICABLE
PASSING = [
    result("SSE001", RuleVerdict.PASS),
    result("HTTP015", _NA, reason="probe method: runs when it is named: --probe method"),
    result("HTTP016", _NA, reason="probe method: runs when it is named: --probe method"),
]
WARNING = result(
    "SSE002",
    RuleVerdict.FAIL,
    finding("a byte order mark at the start", key="SSE002/bom", span=(0, 3), event=0, stream=0),
    severity=Severity.WARNING,
    kind=Kind.COMPATIBILITY,
    title="No byte order mark.",
    more=3,
)
OPEN = result("TIM001", RuleVerdict.INCONCLUSIVE, reason="reads came too late to tell")


def _summary(stopped: int, running: int, unknown: int) -> AbortSummary:
    return AbortSummary("stop", stopped, running, unknown, _NO_GAPS, None, None, None)


REPORTS: dict[str, Report] = {
    "stream-complete": made("stream", Verdict.PASS, 0, streams=[STREAM]),
    "stream-truncated": made("stream", Verdict.FAIL, 1, streams=[TRUNCATED]),
    "stream-refused": made("stream", Verdict.FAIL, 3, error="127.0.0.1:8000 refused the connection."),
    "stream-interrupted": made(
        "stream", Verdict.INCONCLUSIVE, 130, streams=[replace(STREAM, ending=Ending.ABORTED, finish_reasons=[])]
    ),
    "abort-stops": made("abort-test", Verdict.PASS, 0, trials=[TRIAL], abort=_summary(1, 0, 0)),
    "abort-leaks": made(
        "abort-test",
        Verdict.FAIL,
        1,
        trials=[TRIAL, LEAK],
        streams=[replace(STREAM, ending=Ending.ABORTED)] * 2,
        abort=AbortSummary(
            "stop",
            1,
            1,
            0,
            Percentiles(1, 1.2, 1.2, 1.2, 1.2),
            Counts(2, 0, 0, 143, 71.5),
            Cost(3.0, 1.0, 0.62, at_least=True),
            Cause("a synchronous client in the generator", ["leak-sync-gen"]),
        ),
    ),
    "abort-sweep": made(
        "abort-test",
        Verdict.FAIL,
        1,
        trials=[TRIAL, LEAK],
        abort=AbortSummary(
            "stop",
            1,
            1,
            0,
            _NO_GAPS,
            None,
            None,
            None,
            SweepReport(40, 12.0, 180.0, 2400.0, [SweepWindow(12.5, 15.5, 3, 3)]),
        ),
    ),
    "abort-unknown": made(
        "abort-test", Verdict.INCONCLUSIVE, 4, trials=[NOBODY], abort=_summary(0, 0, 1), notes=["no witness was named"]
    ),
    "abort-broken-witness": made(
        "abort-test", Verdict.INCONCLUSIVE, 4, trials=[TRIAL], abort=_summary(1, 0, 0), notes=["log could not testify"]
    ),
    "abort-half-close": made(
        "abort-test",
        Verdict.INCONCLUSIVE,
        4,
        trials=[replace(TRIAL, how="half-close", verdict=None)],
        abort=_summary(0, 0, 0),
    ),
    "check-passes": made(
        "check",
        Verdict.PASS,
        0,
        results=[*PASSING, WARNING, OPEN],
        fail_on=Severity.ERROR,
        streams=[STREAM, TRUNCATED],
        trials=[LEAK],
        abort=_summary(0, 1, 0),
    ),
    "check-fails": made(
        "check",
        Verdict.FAIL,
        1,
        results=[
            *PASSING,
            WARNING,
            result("SSE007", RuleVerdict.FAIL, TAIL, title="The last event is ended by a blank line."),
            result("SSE009", RuleVerdict.FAIL, finding("known for long", key="SSE009/unknown-field", baselined=True)),
            OPEN,
        ],
        fail_on=Severity.ERROR,
        streams=[STREAM, TRUNCATED],
        probes=[
            ProbeReport("repeat", True, "2 streams"),
            ProbeReport("error", False, "runs when it is named: --probe error"),
            ProbeReport("method", False, "runs when it is named: --probe method"),
        ],
        readers=[
            ReaderReport("httpx-sse", "0.4.3", False, ["1 event fewer than the specification says"]),
            ReaderReport("openai", "3.54.0", True, []),
            ReaderReport("eventsource-parser", None, None, ["node is not installed"]),
        ],
        baseline=BaselineReport("known.json", 2, ["SSE011/nul-in-id"]),
        notes=["the streams were 9 kB each"],
    ),
    "check-warnings-count": made(
        "check", Verdict.FAIL, 1, results=[*PASSING, WARNING], fail_on=Severity.WARNING, streams=[STREAM]
    ),
    "check-stale": made(
        "check",
        Verdict.FAIL,
        1,
        results=PASSING,
        fail_on=Severity.ERROR,
        baseline=BaselineReport("known.json", 1, ["SSE011/nul-in-id"]),
    ),
    "check-crashed": made(
        "check",
        Verdict.INCONCLUSIVE,
        70,
        results=[*PASSING, result("SSE003", RuleVerdict.CRASHED, reason="KeyError: 'x' (in sse.py, line 1)")],
        fail_on=Severity.ERROR,
    ),
    "check-named": made(
        "check", Verdict.INCONCLUSIVE, 4, results=[replace(OPEN, named=True)], fail_on=Severity.ERROR, streams=[STREAM]
    ),
    "check-no-stream": made(
        "check",
        Verdict.FAIL,
        3,
        results=[result("SSE001", _NA, reason="no stream came")],
        fail_on=Severity.ERROR,
        error="http://127.0.0.1:8000/ answered 404 Not Found, not a stream.",
    ),
    "buffer-passes": made(
        "buffer-test", Verdict.PASS, 0, streams=[STREAM], profiles=[*hop_reports.PASSING, *hop_reports.UNCOUNTED]
    ),
    "buffer-fails": made("buffer-test", Verdict.FAIL, 1, streams=[STREAM], profiles=hop_reports.DEFAULT_RUN),
    "buffer-open": made(
        "buffer-test",
        Verdict.INCONCLUSIVE,
        4,
        streams=[STREAM],
        results=[WARNING],
        profiles=[hop_reports.PASSING[0], hop_reports.OPEN],
        notes=["whether the server learns that a client has left was not tried: name a --witness"],
    ),
    "buffer-path-block": made(
        "buffer-test", Verdict.FAIL, 1, streams=[_LUMPY, STREAM], path=hop_reports.BLOCK, profiles=[hop_reports.NGINX]
    ),
    "buffer-path-unknown": made(
        "buffer-test", Verdict.INCONCLUSIVE, 4, streams=[STREAM, STREAM], path=hop_reports.UNKNOWN
    ),
    "buffer-path-clean": made(
        "buffer-test",
        Verdict.PASS,
        0,
        streams=[STREAM, STREAM],
        path=replace(hop_reports.UNKNOWN, buffers="no", kind="none", confidence="certain", bunching_ratio=1.0),
        profiles=[hop_reports.NGINX],
    ),
}

FULL = replace(
    REPORTS["check-fails"],
    error="refused",
    streams=[
        replace(
            TRUNCATED,
            error=StreamError("overloaded", "server_error", "503"),
            tool_calls=[ToolCallReport(0, "f", "{}")],
            citations=["https://example.com"],
            redirects=[RedirectReport(307, "http://a/", "http://b/")],
            incomplete="length",
            text_at="/token",
            text_learned_from=23,
            end_mark="[DONE]",
        ),
        replace(STREAM, incomplete="length", ending_proven=False),
    ],
    trials=[
        replace(LEAK, control_failures=["cut short"], control_clients=1, notes=["late"], reason="it went on"),
        NOBODY,
    ],
    abort=REPORTS["abort-leaks"].abort,
    profiles=[*hop_reports.DEFAULT_RUN, hop_reports.OPEN],
    path=replace(hop_reports.BLOCK, cut="something on it cuts after 4 s of silence", again=["-d", "{}"]),
)
"""A report with something in every place."""
