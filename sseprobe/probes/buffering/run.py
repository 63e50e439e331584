"""The measurements of a buffer test: the endpoint behind simulated proxies, or two paths to one server side by side."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from sseprobe import dialects
from sseprobe.config.connection import proxy_for, verification
from sseprobe.errors import SseprobeError, TargetError, UsageError
from sseprobe.http_exchange import Ending
from sseprobe.probes.buffering.client_abort import leave_behind, leave_the_mock
from sseprobe.probes.buffering.compare_paths import compare
from sseprobe.probes.buffering.limits import Patience
from sseprobe.probes.buffering.profile_run import Endpoint, Examined, examine
from sseprobe.probes.observer import Observer
from sseprobe.probes.receive import StreamPlan, StreamRun
from sseprobe.probes.stream_report import report_of
from sseprobe.proxy.address import UpstreamAddress
from sseprobe.proxy.background import ProxyHost
from sseprobe.proxy.profile import Profile
from sseprobe.report import PathReport, ProfileAbort, StreamReport
from sseprobe.streams.learning import learn_together
from sseprobe.streams.transcript import Transcript
from sseprobe.streams.view import SilentView, StreamView
from sseprobe.witnesses.base import Witness


class BufferPlan(Struct, frozen=True):
    """`profiles`: to run; `named`: they were asked for, so that all of them count.

    `direct`: the direct path to the same server, which makes it a comparison of two paths. `is_mock`: the bundled mock
    is tested, whose time runs faster unless `real_time`. `witnesses`: makes those who see whether the server stops when
    a client leaves behind a hop; anew for each hop. `side_by_side`: how many streams may run at once. `again`: the
    options of the request as they were given, to be shown. `view` sees the first stream.
    """

    stream: StreamPlan
    profiles: tuple[Profile, ...]
    named: bool
    direct: StreamPlan | None = None
    is_mock: bool = False
    real_time: bool = False
    witnesses: Callable[[], list[Witness]] | None = None
    side_by_side: int = 4
    again: tuple[str, ...] = ()
    view: StreamView = SilentView()


class BufferRun:
    """What was seen so far."""

    def __init__(self, plan: BufferPlan, observer: Observer) -> None:
        self.plan = plan
        self.streams: list[StreamReport] = []
        self.transcript: Transcript | None = None
        """Of the endpoint's own stream, without a proxy between."""
        self.examined: list[Examined] = []
        self.aborts: dict[str, ProfileAbort] = {}
        self.path: PathReport | None = None
        self.error: SseprobeError | None = None
        self.interrupted = False
        self.notes: list[str] = []
        self.dialect = plan.stream.dialect.name if plan.stream.dialect else dialects.PLAIN
        self.unclear: str | None = None
        """Why nothing can be said at all."""
        self.cut: str | None = None
        """Why a path fails, whether it buffers or not."""
        self._observer = observer

    async def go(self) -> None:
        """Runs it all; cancelled, it keeps what was seen. Raises UsageError."""
        try:
            if self.plan.direct is not None:
                self._observer.progress("both paths, side by side")
                compared = await compare(self.plan.stream, self.plan.direct)
                again = [self.plan.stream.redact(word) for word in self.plan.again]
                self.path, self.streams = msgspec.structs.replace(compared.report, again=again), compared.streams
                self.cut, self.unclear = compared.cut, compared.unclear
            if self.plan.profiles:
                await self._run_profiles(self.plan.direct or self.plan.stream)
        except asyncio.CancelledError:
            self.interrupted = True
        except TargetError as error:
            self.error = error

    async def _run_profiles(self, plan: StreamPlan) -> None:
        self._observer.progress("the endpoint, asked directly")
        run = StreamRun(msgspec.structs.replace(plan, keep=True), self.plan.view)
        try:
            await run.go()
        finally:
            if run.head is not None and self.path is None:
                self.streams = [report for report in [report_of(run, None)] if report is not None]
        if run.interrupted:
            raise asyncio.CancelledError
        transcript = run.transcript()
        # What the endpoint's own stream ends with, a stream through a hop has to end with.
        dialect = learn_together([transcript], enough=1) or transcript.dialect
        self.dialect = dialect.name
        if self.path is None:
            self.transcript = transcript
        ending = run.outcome().ending
        if ending is not Ending.COMPLETE:
            self.unclear = f"asked directly, the stream ends {ending}: there is no healthy one to compare with"
            return
        # A redirect would lead past the hop: what it leads to is asked.
        assert run.head is not None
        plan = msgspec.structs.replace(
            plan,
            request=msgspec.structs.replace(plan.request, url=run.head.url),
            dialect=dialect,
            named=True,
            record_to=None,
        )
        with ProxyHost() as host:
            endpoint = Endpoint(
                plan,
                host,
                _upstream(plan),
                run.head,
                transcript.framing,
                ending,
                _longest_silence_ns(transcript),
                asyncio.Semaphore(self.plan.side_by_side),
            )
            await self._examine_all(endpoint)
            await self._leave_all(endpoint)

    async def _examine_all(self, endpoint: Endpoint) -> None:
        patience = Patience(endpoint.plan, self.plan.real_time) if self.plan.is_mock else None
        profiles = self.plan.profiles
        done: dict[str, Examined] = {}

        async def one(profile: Profile) -> None:
            done[profile.name] = await examine(profile, endpoint, patience)
            self.examined = [done[each.name] for each in profiles if each.name in done]
            self._observer.progress(f"{len(done)} of {len(profiles)} profiles")

        self._observer.progress(f"{len(profiles)} profiles")
        async with asyncio.TaskGroup() as group:
            for profile in profiles:
                group.create_task(one(profile))

    async def _leave_all(self, endpoint: Endpoint) -> None:
        profiles = self.plan.profiles
        self._observer.progress("clients that leave")
        if self.plan.is_mock:
            self.aborts = await leave_the_mock(profiles, endpoint.plan, endpoint.host)
        elif self.plan.witnesses is not None:
            for profile in profiles:
                self.aborts[profile.name] = await leave_behind(
                    profile, endpoint.plan, endpoint.host, endpoint.upstream, self.plan.witnesses()
                )
        else:
            self.notes.append("whether the server learns that a client has left was not tried: name a --witness")


def _upstream(plan: StreamPlan) -> UpstreamAddress:
    """The endpoint, as the hops reach it. Raises UsageError where they cannot."""
    options, parts = plan.options, urlsplit(plan.request.url)
    if proxy_for(plan.request.url, options) is not None or options.unix_socket is not None:
        raise UsageError(
            "--profile: simulated hops connect to the endpoint themselves, and neither through a proxy (--proxy, "
            "HTTPS_PROXY) nor to a unix socket. Run it where the endpoint is reached directly, or set NO_PROXY."
        )
    verify = verification(options) if parts.scheme == "https" else None
    host = parts.netloc.rpartition("@")[2]
    return UpstreamAddress(f"{parts.scheme}://{host}", verify, options.connect_timeout_s)


def _longest_silence_ns(transcript: Transcript) -> int:
    times = [0, *(chunk.read.t_ns for chunk in transcript.chunks)]
    return max((later - earlier for earlier, later in pairwise(times)), default=0)
