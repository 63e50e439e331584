"""One stream through one simulated hop: what came, and how much later than it reached the hop."""

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
from sseprobe.probes.buffering.arrivals import Tap
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


class Passage(Struct):
    """One stream through a hop. `run` holds what came; `error`: why there was no stream; times in ns.

    `delays`: of each event with content, against its arrival at the hop, in order; events that the hop made up or
    changed are left out. `added_ttft_ns`: of the first of them. `bursts`: events with content that came together.
    """

    run: StreamRun
    record: ExchangeRecord | None
    error: SseprobeError | None
    tapped_broke: bool
    ttft_ns: int | None = None
    added_ttft_ns: int | None = None
    delays: Distribution = msgspec.field(default_factory=Distribution)
    bursts: list[int] = msgspec.field(default_factory=list)
    burst_period_ns: int | None = None
    last_content_ns: int | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What became of the stream, None if there was none."""
        return self.run.outcome() if self.run.head is not None and self.error is None else None

    @property
    def ending(self) -> Ending | None:
        """How it ended."""
        return self.outcome.ending if self.outcome is not None else None

    @property
    def burst_events(self) -> float | None:
        """The median size of the bursts, None without any."""
        return median(self.bursts) if self.bursts else None


async def through(
    plan: StreamPlan,
    host: ProxyHost,
    upstream: UpstreamAddress,
    before: Sequence[FaultFactory],
    hop: Sequence[FaultFactory],
) -> Passage:
    """Asks the endpoint through a hop. `before`: what stands between the two, a remedy for instance."""
    tap = Tap(plan.max_bytes)
    async with host.serving(upstream, [*before, lambda: tap, *hop]) as (port, server):
        run = StreamRun(by_way_of(plan, port), SilentView())
        error = None
        try:
            await run.go()
        except SseprobeError as failure:
            error = failure
        record = next(iter(server.log), None)
    passage = Passage(run, record, error, tap.broke)
    if run.head is not None and error is None and run.stream is not None:
        if run.decoder.framing is Framing.TEXT:
            run.read_as(run.decoder.dialect, cut_at=[end for end, _ in tap.arrivals])
        _measure(passage, tap, run.transcript(), run.stream.t0_ns)
    return passage


def by_way_of(plan: StreamPlan, port: int) -> StreamPlan:
    """The same request, sent to a proxy on loopback instead."""
    parts = urlsplit(plan.request.url)
    userinfo, at, _ = parts.netloc.rpartition("@")
    url = urlunsplit(("http", f"{userinfo}{at}127.0.0.1:{port}", parts.path, parts.query, ""))
    options = msgspec.structs.replace(
        plan.options, use_environment=False, http2=False, proxy_url=None, unix_socket=None
    )
    request = msgspec.structs.replace(plan.request, url=url)
    return msgspec.structs.replace(plan, request=request, options=options, record_to=None, keep=True)


def _measure(passage: Passage, tap: Tap, transcript: Transcript, t0_ns: int) -> None:
    """Fills in the figures. Both clocks are the monotonic one of this machine."""
    content = transcript.content or transcript.messages
    if not content:
        return
    passage.ttft_ns = content[0].read.t_ns
    passage.last_content_ns = content[-1].read.t_ns
    came = {id(event): at_ns for event, at_ns in _matched(transcript, tap)}
    for message in content:
        at_ns = came.get(id(message.event))
        if at_ns is None:
            continue
        delay_ns = max(0, t0_ns + message.read.t_ns - at_ns)
        if passage.added_ttft_ns is None:
            passage.added_ttft_ns = delay_ns
        passage.delays.add(delay_ns)
    passage.bursts, starts = _bursts(content)
    if len(starts) > 1 and len(starts) < len(content):
        passage.burst_period_ns = round(median(later - earlier for earlier, later in pairwise(starts)))


def _matched(transcript: Transcript, tap: Tap) -> list[tuple[Event, int]]:
    """The events that came, each with the time at which it had reached the hop."""
    ends = [end for end, _ in tap.arrivals]
    arrived = transcribe(tap.body, transcript.framing, ends).events
    matched = []
    place = 0
    for event in transcript.events:
        # A hop may have added, doubled or damaged events: the next one with the same data is it.
        for ahead in range(place, min(place + _LOOK_AHEAD, len(arrived))):
            if arrived[ahead].data == event.data:
                matched.append((event, tap.arrivals[bisect_left(ends, arrived[ahead].end)][1]))
                place = ahead + 1
                break
    return matched


def _bursts(content: Sequence[Message]) -> tuple[list[int], list[int]]:
    """How many events each burst has, and when each began."""
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
