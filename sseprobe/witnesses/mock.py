"""`mock` and `mock:URL`: the bundled mock's own record of each request, counted where the tokens are made."""

import time
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.net.fetch import Fetcher
from sseprobe.stop_detection.samples import Call, Reading
from sseprobe.units import NS_PER_MS
from sseprobe.witnesses.base import Context, Spec, Witness, checked_url
from sseprobe.witnesses.documents import Count, fetch_json

_PATH: Final = "/_truth"
_LIMIT_S: Final = 2.0
_Ms = Annotated[float, msgspec.Meta(ge=0, le=1e12)]


class _Record(msgspec.Struct, frozen=True):
    """What counts of a record in `/_truth`. `age_ms`: since the request arrived, now."""

    id: str
    generated_tokens: Count
    state: str
    planned_tokens: Count = 0
    disconnected_at_ms: _Ms | None = None
    stopped_at_ms: _Ms | None = None
    tokens_after_disconnect: Count = 0
    age_ms: _Ms | None = None


SPEC: Final = Spec(
    "mock",
    "mock[:URL]",
    "the bundled mock's own record of each request",
    "the end of each request, at once",
)


class Mock(Witness):
    """Sums up the records that are newer than the witness."""

    spec = SPEC
    interval_s = 0.02
    counts_tokens = True

    def __init__(self, truth_url: str, options: ConnectOptions) -> None:
        self._url = truth_url
        self._fetcher = Fetcher(truth_url, options, _LIMIT_S)
        self._known: str | None = None
        self._moments: dict[tuple[str, float], tuple[int, int]] = {}

    def sample(self) -> Reading:
        """Counts what is new. The first time it learns which records are old."""
        if self._known is None:
            records = self._records(self._url)
            running = sum(record.state == "running" for record in records)
            if running == 0:
                self._known = records[-1].id if records else ""
            return Reading(work=0.0, running=running, calls=())
        requested_ns = time.monotonic_ns()
        records = self._records(f"{self._url}?after={self._known}")
        answered_ns = time.monotonic_ns()
        now_ns = (requested_ns + answered_ns) // 2  # when the ages were true, as near as can be known
        calls = tuple(self._call(record, now_ns, answered_ns - now_ns) for record in records)
        return Reading(sum(call.made for call in calls), sum(call.running for call in calls), calls)

    def close(self) -> None:
        self._fetcher.close()

    def _call(self, record: _Record, now_ns: int, error_ns: int) -> Call:
        def when(at_ms: float | None) -> int | None:
            """A time of the record on our clock, by the quickest answer; without its age, by the first."""
            if at_ms is None:
                return None
            age_ms = at_ms if record.age_ms is None else record.age_ms
            latest = (error_ns, now_ns - round((age_ms - at_ms) * NS_PER_MS))
            known = self._moments.setdefault((record.id, at_ms), latest)
            off_ns, at_ns = known if record.age_ms is None else min(known, latest)
            self._moments[record.id, at_ms] = (off_ns, at_ns)
            errors_ns.append(off_ns)
            return at_ns

        errors_ns: list[int] = []
        return Call(
            record.id,
            arrived_ns=when(0.0) or 0,
            made=record.generated_tokens,
            planned=record.planned_tokens or None,
            closed_ns=when(record.disconnected_at_ms),
            made_after_close=record.tokens_after_disconnect,
            ended_ns=None if record.state == "running" else when(record.stopped_at_ms or 0.0),
            stopped=record.state == "stopped",
            clock_error_ns=max(errors_ns),
        )

    def _records(self, url: str) -> list[_Record]:
        advice = f"A mock serves its record at {_PATH}, and prints the URL when it starts"
        return fetch_json(self._fetcher, url, list[_Record], "a mock's record", advice)


def make(words: str, context: Context) -> Witness:
    """From `mock` (of the target itself, or of the mock under test) or `mock:URL`. Raises UsageError."""
    if not words:
        parts = urlsplit(context.url)
        return Mock(context.truth_url or f"{parts.scheme}://{parts.netloc}{_PATH}", context.options)
    url = checked_url(words, SPEC.name)
    path = urlsplit(url).path.rstrip("/")
    witness = Mock(url if path.endswith(_PATH) else url.rstrip("/") + _PATH, context.options)
    witness.is_called = urlsplit(url).netloc != urlsplit(context.url).netloc
    return witness
