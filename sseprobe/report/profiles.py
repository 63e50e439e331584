"""Report types of buffer tests: simulated proxies, and two paths to one server."""

from msgspec import Struct

from sseprobe.http_exchange import Ending
from sseprobe.report.statistics import Percentiles, Verdict
from sseprobe.stop_detection.answers import Answer


class RemedyReport(Struct, frozen=True):
    """One remedy, tried by running the profile again with it. `helped`: None where that run was inconclusive.

    `where`: where the change is made, `endpoint`, `client` or `hop` (the proxy). `detail`: what was seen.
    """

    remedy: str
    where: str
    helped: bool | None
    detail: str


class LimitReport(Struct, frozen=True):
    """One time limit of a profile. `limit`: `first-byte`, `idle` or `total`; `answer`: `kept`, `cut` or `not-reached`.

    `scale`: how many times faster than in reality it was tried, 1 for real time.
    """

    limit: str
    limit_s: float
    answer: str
    scale: float
    detail: str


class ProfileAbort(Struct, frozen=True):
    """An abort through this profile. `closed_ms`: until the server stopped, None if it did not."""

    answer: Answer
    closed_ms: float | None
    overrun_tokens: int | None
    reason: str | None


class ProfileReport(Struct, frozen=True):
    """The endpoint behind one simulated proxy.

    `counted`: false where no change to the endpoint helps, and the profile was not named. `reason`: what was seen;
    `cause`: how the proxy buffers, None if it does not; `meaning`: what a user sees. `added_delay_ms`: of each event,
    against its arrival at the proxy. `bunching_ratio`: events per read; `burst_events`,
    `burst_period_ms`: medians, None without bursts. `remedies`: those that helped, best first; `tried`: all
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
    `compression`, `lumps` or `unknown`; `confidence`: `certain`, `likely` or `possible`.

    `block_bytes`, `period_ms`: of the buffer, None where that is not its kind. `added_ttft_ms`, `added_delay_ms`:
    against the direct path. `like`: profiles that behave so. `evidence`: what that was read from. `cut`: what ended
    this path's stream, None if it completed. `again`: the options of the request, to repeat it.
    """

    url: str
    direct_url: str
    buffers: str
    kind: str
    confidence: str
    block_bytes: int | None
    period_ms: float | None
    added_ttft_ms: float | None
    added_delay_ms: Percentiles
    bunching_ratio: float | None
    direct_bunching_ratio: float | None
    meaning: str
    like: list[str]
    evidence: list[str]
    cut: str | None = None
    again: list[str] = []
