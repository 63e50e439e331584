"""What `buffer-test` says of hops and paths, with fixed figures: parts of the reports that reporters are tested with."""

from typing import Any

from sseprobe.http_exchange import Ending
from sseprobe.report import LimitReport, PathReport, Percentiles, ProfileAbort, ProfileReport, RemedyReport, Verdict
from sseprobe.stop_detection.answers import Answer

_XAB = "send X-Accel-Buffering: no"
_NO_TRANSFORM = "send Cache-Control: no-cache, no-transform"
_HEARTBEAT = "send a heartbeat (a comment, or the API's ping) every 15 s while nothing else comes"
_MEASURED = "measured: nginx 1.22.1, 2026-11-23"
_DOCUMENTED = "documented, not measured"
_SHORT = "adds 0.2 ms at the median, 0.9 ms at most"


def _delay(p50: float, most: float) -> Percentiles:
    return Percentiles(120, p50, most * 0.9, most, most)


def stopped(after_ms: float, overrun: int = 0) -> ProfileAbort:
    """The server learns that its client has left."""
    return ProfileAbort(Answer.STOPPED, after_ms, overrun, None)


NEVER = ProfileAbort(Answer.RUNNING, None, 219, None)


def limit(name: str, seconds: float, answer: str, said: str, scale: float = 1.0) -> LimitReport:
    """One time limit."""
    return LimitReport(name, seconds, answer, scale, said)


def profile(name: str, **fields: Any) -> ProfileReport:
    """A profile that passes, unless it is told otherwise."""
    known: dict[str, Any] = {
        "title": f"what {name} is",
        "verdict": Verdict.PASS,
        "counted": True,
        "reason": _SHORT,
        "cause": None,
        "meaning": "tokens appear as they are made",
        "ttft_ms": 41.6,
        "added_ttft_ms": 0.4,
        "added_delay_ms": _delay(0.2, 0.9),
        "bunching_ratio": 1.0,
        "burst_events": 1.0,
        "burst_period_ms": 20.0,
        "ending": Ending.COMPLETE,
        "ending_reason": None,
        "remedies": [],
        "tried": [],
        "limits": [],
        "abort": stopped(3.4),
        "basis": _MEASURED,
        "notes": [],
    }
    return ProfileReport(**{**known, "profile": name, **fields})


def holds_all(name: str, *, counted: bool = False, **fields: Any) -> ProfileReport:
    """A profile that nothing the endpoint sends would satisfy."""
    known: dict[str, Any] = {
        "verdict": Verdict.FAIL,
        "counted": counted,
        "reason": "held to the end: adds 1.2 s at the median, 2.41 s at most",
        "cause": "the hop keeps the whole answer until it is complete, whatever the headers say",
        "meaning": "the answer appears all at once after 2.46 s",
        "ttft_ms": 2460.1,
        "added_ttft_ms": 2419.0,
        "added_delay_ms": _delay(1204.0, 2410.0),
        "bunching_ratio": 61.0,
        "burst_events": 122.0,
        "burst_period_ms": None,
        "tried": [
            RemedyReport(_XAB, "endpoint", helped=False, detail=""),
            RemedyReport(_NO_TRANSFORM, "endpoint", helped=False, detail=""),
        ],
        "abort": NEVER,
        "basis": _DOCUMENTED,
    }
    return profile(name, **{**known, **fields})


NGINX = profile(
    "nginx-legacy",
    title="nginx up to 1.29.6 with its defaults",
    verdict=Verdict.FAIL,
    reason="adds 205 ms at the median, 431 ms at most",
    cause="proxy_buffering with an HTTP/1.0 upstream keeps the answer until 4,096 bytes are there",
    meaning="text arrives in bursts: 17 tokens every 410 ms, the first after 431 ms",
    ttft_ms=431.4,
    added_ttft_ms=390.2,
    added_delay_ms=_delay(205.1, 431.0),
    bunching_ratio=17.0,
    burst_events=17.0,
    burst_period_ms=410.2,
    remedies=[_XAB, "proxy_buffering off", "proxy_http_version 1.1"],
    tried=[
        RemedyReport("proxy_buffering off", "hop", helped=True, detail="adds 0.3 ms at the median, 1.1 ms at most"),
        RemedyReport(_XAB, "endpoint", helped=True, detail=_SHORT),
        RemedyReport("proxy_http_version 1.1", "hop", helped=True, detail="adds 0.2 ms at the median, 1.4 ms at most"),
        RemedyReport(_NO_TRANSFORM, "endpoint", helped=False, detail="adds 205 ms at the median"),
        RemedyReport("ask without compression (Accept-Encoding: identity)", "client", helped=False, detail=""),
        RemedyReport("proxy_buffer_size 1k", "hop", helped=None, detail="the endpoint answered 429"),
    ],
    limits=[limit("idle", 60, "kept", "a silence of 75 s was bridged by heartbeats", 75)],
    abort=stopped(12.1),
)
GZIP = profile(
    "express-compression",
    title="compression middleware of Express",
    verdict=Verdict.FAIL,
    reason="held to the end: adds 1.2 s at the median, 2.41 s at most",
    cause="gzip is not flushed before 16 KiB of it are there",
    meaning="the answer appears all at once after 2.46 s",
    ttft_ms=2460.0,
    added_delay_ms=_delay(1204.0, 2410.0),
    burst_events=122.0,
    burst_period_ms=None,
    remedies=[_NO_TRANSFORM, "ask without compression (Accept-Encoding: identity)"],
    tried=[
        RemedyReport(_NO_TRANSFORM, "endpoint", helped=True, detail=_SHORT),
        RemedyReport("ask without compression (Accept-Encoding: identity)", "client", helped=True, detail=_SHORT),
        RemedyReport(_XAB, "endpoint", helped=False, detail=""),
    ],
    basis=_DOCUMENTED,
)
HAPROXY = profile(
    "haproxy",
    title="HAProxy with its defaults",
    verdict=Verdict.FAIL,
    reason="adds 104 ms at the median, 206 ms at most",
    cause="the kernel coalesces small segments for about 205 ms",
    meaning="text arrives in bursts: 10 tokens every 205 ms, the first after 246 ms",
    ttft_ms=246.0,
    added_delay_ms=_delay(104.0, 206.0),
    burst_events=10.0,
    burst_period_ms=205.0,
    remedies=["option http-no-delay"],
    tried=[
        RemedyReport(_XAB, "endpoint", helped=False, detail=""),
        RemedyReport(_NO_TRANSFORM, "endpoint", helped=False, detail=""),
        RemedyReport("option http-no-delay", "hop", helped=True, detail=_SHORT),
    ],
    limits=[limit("idle", 50, "kept", "a silence of 62 s was bridged by heartbeats", 62.5)],
    abort=stopped(302.0, 15),
    basis="measured: HAProxy 2.6.12, 2026-11-23",
)
ENVOY = profile(
    "envoy-default",
    title="Envoy with its default route timeout",
    verdict=Verdict.FAIL,
    reason="truncated after 15 s (the body ended without its last chunk); asked directly it ends complete",
    cause="a route may take 15 s in all",
    meaning="the answer stops after 15 s, and clients that do not look closely take it for whole",
    ending=Ending.TRUNCATED,
    ending_reason="the body ended without its last chunk",
    remedies=["timeout: 0s on the route"],
    tried=[
        RemedyReport(_HEARTBEAT, "endpoint", helped=False, detail=""),
        RemedyReport("timeout: 0s on the route", "hop", helped=True, detail="the stream is whole"),
    ],
    limits=[
        limit("idle", 300, "not-reached", "the stream was over after 15 s", 18.75),
        limit("total", 15, "cut", "cut after 15 s, truncated", 18.75),
    ],
    basis=_DOCUMENTED,
)
PASSING = [
    profile("transparent", title="a hop that passes on what comes"),
    profile("nginx-1.30", limits=[limit("idle", 60, "kept", "a silence of 75 s was bridged", 75)], abort=stopped(5.2)),
    profile("nginx-gzip-sse", added_delay_ms=_delay(0.3, 1.4)),
    profile(
        "apache", limits=[limit("idle", 60, "kept", "a silence of 75 s was bridged", 75)], abort=stopped(341.0, 16)
    ),
    profile("caddy-flush-neg1", abort=stopped(298.0, 15)),
    profile("aws-apigw-stream-edge", limits=[limit("idle", 30, "kept", "bridged", 37.5)], basis=_DOCUMENTED),
    profile("cloudfront", limits=[limit("idle", 30, "kept", "bridged", 37.5)], basis=_DOCUMENTED),
    profile("cloudflare", ttft_ms=43.1, added_delay_ms=_delay(0.3, 2.2), basis=_DOCUMENTED),
    profile("cloudflared-quick", basis=_DOCUMENTED),
    profile("heroku", limits=[limit("idle", 55, "kept", "bridged", 68.75)], basis=_DOCUMENTED),
    profile("alb", limits=[limit("idle", 60, "kept", "bridged", 75)], basis=_DOCUMENTED),
]
UNCOUNTED = [
    holds_all("lighttpd", basis="measured: lighttpd 1.4.69, 2026-11-23"),
    holds_all("full-buffer"),
    holds_all("aws-apigw-buffered", limits=[limit("total", 29, "not-reached", "the stream took 2.46 s")]),
    holds_all("azure-appgw-buffered"),
    holds_all("av-scanner", meaning="the answer appears all at once after 2.51 s"),
]
OPEN = profile(
    "my-hop",
    verdict=Verdict.INCONCLUSIVE,
    reason="there was no stream to judge: the upstream answered 429",
    meaning="inconclusive: there was no stream to judge",
    ttft_ms=None,
    added_delay_ms=Percentiles(0, None, None, None, None),
    burst_events=None,
    burst_period_ms=None,
    ending=None,
    tried=[RemedyReport(_XAB, "endpoint", helped=None, detail="the endpoint answered 429")],
    abort=ProfileAbort(Answer.UNKNOWN, None, None, "the witness was not idle"),
    notes=["the hop was asked twice"],
)
DEFAULT_RUN = [PASSING[0], NGINX, *PASSING[1:3], HAPROXY, *UNCOUNTED, ENVOY, GZIP, *PASSING[3:]]
"""As a run with no `--profile`: all that are known."""

BLOCK = PathReport(
    url="https://chat.example.com/v1/chat/completions?key=***",
    direct_url="http://10.0.0.7:8000/v1/chat/completions?key=***",
    buffers="yes",
    kind="block",
    confidence="certain",
    block_bytes=4096,
    period_ms=None,
    added_ttft_ms=390.2,
    added_delay_ms=_delay(205.1, 431.0),
    bunching_ratio=17.0,
    direct_bunching_ratio=1.0,
    meaning="text arrives in bursts of about 17 tokens every 410 ms",
    like=["nginx-legacy"],
    evidence=[
        "7 of 8 bursts are of 4,080 to 4,112 bytes; on the direct path events come one by one",
        "the response has the header Server: nginx/1.22.1",
    ],
)
UNKNOWN = PathReport(
    url="https://chat.example.com/v1/chat/completions",
    direct_url="http://10.0.0.7:8000/v1/chat/completions",
    buffers="unknown",
    kind="unknown",
    confidence="possible",
    block_bytes=None,
    period_ms=None,
    added_ttft_ms=None,
    added_delay_ms=Percentiles(0, None, None, None, None),
    bunching_ratio=None,
    direct_bunching_ratio=1.0,
    meaning="inconclusive: the evidence says what is missing",
    like=[],
    evidence=["only 3 events came: too few to tell a buffer from chance"],
)
