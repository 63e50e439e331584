"""One stream through a simulated proxy: what arrived, and how much later than it had reached the proxy."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from sseprobe.errors import SseprobeError
from sseprobe.http_exchange import Ending
from sseprobe.probes.buffering.arrivals import ArrivalRecorder
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.background import ProxyHost
from sseprobe.proxy.exchange_log import ExchangeRecord
from sseprobe.proxy.fault import FaultFactory
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing
from sseprobe.streams.buffer_classifier import AT_ONCE_NS
from sseprobe.streams.decoder import Message
from sseprobe.streams.ending import Outcome
from sseprobe.streams.metrics import Distribution
from sseprobe.streams.transcript import Transcript, transcribe
from sseprobe.streams.view import SilentView

_LOOK_AHEAD: Final = 8


class ProxyRun(Struct):
    """One stream through a proxy. `received`: what arrived; `record`: of the proxy. `error`: why there was no stream.

    `broke_before_proxy`: the body broke off on its way to the proxy. `delays`: of each event with content, against its
    arrival at the proxy, in order; events that the proxy added or changed are left out. `added_ttft_ns`: of the first
    of them. `bursts`: numbers of events with content that came together. Times in ns.
    """

    received: StreamRun
    record: ExchangeRecord | None
    error: SseprobeError | None
    broke_before_proxy: bool
    ttft_ns: int | None = None
    added_ttft_ns: int | None = None
    delays: Distribution = msgspec.field(default_factory=Distribution)
    bursts: list[int] = msgspec.field(default_factory=list)
    burst_period_ns: int | None = None
    last_content_ns: int | None = None

    @property
    def outcome(self) -> Outcome | None:
        """How the stream ended and why, None if there was no stream."""
        return self.received.outcome() if self.received.head is not None and self.error is None else None

    @property
    def ending(self) -> Ending | None:
        """How it ended, None if there was no stream."""
        return self.outcome.ending if self.outcome is not None else None

    @property
    def burst_events(self) -> float | None:
        """The median size of the bursts, None without any."""
        return median(self.bursts) if self.bursts else None


async def run_through_proxy(
    plan: StreamPlan,
    host: ProxyHost,
    upstream: UpstreamAddress,
    before: Sequence[FaultFactory],
    proxy_faults: Sequence[FaultFactory],
) -> ProxyRun:
    """Receives a stream through a proxy with these faults. `before`: faults between the endpoint and the proxy."""
    arrivals = ArrivalRecorder(plan.max_bytes)
    async with host.serving(upstream, [*before, lambda: arrivals, *proxy_faults]) as (port, server):
        run = StreamRun(via_proxy(plan, port), SilentView())
        error = None
        try:
            await run.go()
        except SseprobeError as failure:
            error = failure
        record = next(iter(server.log), None)
    proxy_run = ProxyRun(run, record, error, arrivals.broke)
    if run.head is not None and error is None and run.stream is not None:
        if run.decoder.framing is Framing.TEXT:
            run.read_as(run.decoder.dialect, cut_at=[end for end, _ in arrivals.pieces])
        _measure(proxy_run, arrivals, run.transcript(), run.stream.t0_ns)
    return proxy_run


def via_proxy(plan: StreamPlan, port: int) -> StreamPlan:
    """The same request, sent to a proxy on loopback instead."""
    parts = urlsplit(plan.request.url)
    userinfo, at, _ = parts.netloc.rpartition("@")
    url = urlunsplit(("http", f"{userinfo}{at}127.0.0.1:{port}", parts.path, parts.query, ""))
    options = msgspec.structs.replace(
        plan.options, use_environment=False, http2=False, proxy_url=None, unix_socket=None
    )
    request = msgspec.structs.replace(plan.request, url=url)
    return msgspec.structs.replace(plan, request=request, options=options, record_to=None, keep=True)


def _measure(proxy_run: ProxyRun, arrivals: ArrivalRecorder, transcript: Transcript, t0_ns: int) -> None:
    """Fills in the times. Both sides are stamped by the monotonic clock of this machine."""
    content = transcript.content or transcript.messages
    if not content:
        return
    proxy_run.ttft_ns = content[0].read.t_ns
    proxy_run.last_content_ns = content[-1].read.t_ns
    reached_proxy_ns = {id(event): at_ns for event, at_ns in _matched(transcript, arrivals)}
    for message in content:
        at_ns = reached_proxy_ns.get(id(message.event))
        if at_ns is None:
            continue
        delay_ns = max(0, t0_ns + message.read.t_ns - at_ns)
        if proxy_run.added_ttft_ns is None:
            proxy_run.added_ttft_ns = delay_ns
        proxy_run.delays.add(delay_ns)
    proxy_run.bursts, starts = _bursts(content)
    if len(starts) > 1 and len(starts) < len(content):
        proxy_run.burst_period_ns = round(median(later - earlier for earlier, later in pairwise(starts)))


def _matched(transcript: Transcript, arrivals: ArrivalRecorder) -> list[tuple[Event, int]]:
    """The events that arrived, each with the time at which it had reached the proxy."""
    ends = [end for end, _ in arrivals.pieces]
    arrived = transcribe(arrivals.body, transcript.framing, ends).events
    matched = []
    position = 0
    for event in transcript.events:
        # A proxy may have added, doubled or damaged events: the next one with the same data is the same event.
        for ahead in range(position, min(position + _LOOK_AHEAD, len(arrived))):
            if arrived[ahead].data == event.data:
                matched.append((event, arrivals.pieces[bisect_left(ends, arrived[ahead].end)][1]))
                position = ahead + 1
                break
    return matched


def _bursts(content: Sequence[Message]) -> tuple[list[int], list[int]]:
    """The number of events of each burst, and when it began."""
    sizes: list[int] = []
    starts: list[int] = []
    before_ns: int | None = None
    for message in content:
        if before_ns is not None and message.read.t_ns - before_ns <= AT_ONCE_NS:
            sizes[-1] += 1
        else:
            sizes.append(1)
            starts.append(message.read.t_ns)
        before_ns = message.read.t_ns
    return sizes, starts
