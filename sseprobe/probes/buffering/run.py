"""The measurements of a buffer test: the endpoint behind simulated proxies, or two paths to one server compared."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from sseprobe import dialects
from sseprobe.config.options.connection import proxy_for, verification
from sseprobe.errors import SseprobeError, TargetError, UsageError
from sseprobe.http_exchange import Ending
from sseprobe.probes.buffering.client_abort import abort_mock_through_profiles, abort_through_profile
from sseprobe.probes.buffering.compare_paths import compare
from sseprobe.probes.buffering.profile_run import ProfileResult, run_profile
from sseprobe.probes.buffering.stream_kinds import LongSilence
from sseprobe.probes.buffering.try_remedies import DirectStream
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
    """What to measure. `profiles`: to run; `named`: they were named, so that all of them count.

    `direct`: the direct path to the same server; the two paths are compared. `is_mock`: the bundled mock is tested,
    whose time runs faster unless `real_time`. `witnesses`: makes the witnesses of an abort through a proxy, anew for
    each profile. `side_by_side`: how many streams may run at once. `again`: the options of the request as given, to be
    shown. `view` sees the first stream.
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
    """The measurements so far."""

    def __init__(self, plan: BufferPlan, observer: Observer) -> None:
        self.plan = plan
        self.streams: list[StreamReport] = []
        self.transcript: Transcript | None = None
        """Of the endpoint's own stream, without a proxy."""
        self.results: list[ProfileResult] = []
        self.aborts: dict[str, ProfileAbort] = {}
        self.path: PathReport | None = None
        self.error: SseprobeError | None = None
        self.interrupted = False
        self.notes: list[str] = []
        self.dialect = plan.stream.dialect.name if plan.stream.dialect else dialects.PLAIN
        self.unclear: str | None = None
        """Why the verdict is inconclusive, whatever was measured."""
        self.cut: str | None = None
        """Why the path fails, whether it buffers or not."""
        self._observer = observer

    async def go(self) -> None:
        """Runs all measurements; cancelled, it keeps the finished ones. Raises UsageError."""
        try:
            if self.plan.direct is not None:
                self._observer.progress("measuring both paths side by side")
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
        self._observer.progress("measuring the endpoint directly")
        run = StreamRun(msgspec.structs.replace(plan, keep=True), self.plan.view)
        try:
            await run.go()
        finally:
            if run.head is not None and self.path is None:
                self.streams = [report for report in [report_of(run, None)] if report is not None]
        if run.interrupted:
            raise asyncio.CancelledError
        transcript = run.transcript()
        # The end mark of the endpoint's own stream is expected of each stream through a proxy.
        dialect = learn_together([transcript], enough=1) or transcript.dialect
        self.dialect = dialect.name
        if self.path is None:
            self.transcript = transcript
        ending = run.outcome().ending
        if ending is not Ending.COMPLETE:
            self.unclear = f"asked directly, the stream ends {ending}: there is no healthy stream to compare with"
            return
        # A redirect would bypass the proxy: its target is requested instead.
        assert run.head is not None
        plan = msgspec.structs.replace(
            plan,
            request=msgspec.structs.replace(plan.request, url=run.head.url),
            dialect=dialect,
            named=True,
            record_to=None,
        )
        with ProxyHost() as host:
            direct = DirectStream(
                plan,
                host,
                _upstream(plan),
                run.head,
                transcript.framing,
                ending,
                _longest_silence_ns(transcript),
                asyncio.Semaphore(self.plan.side_by_side),
            )
            await self._run_all(direct)
            await self._abort_all(direct)

    async def _run_all(self, direct: DirectStream) -> None:
        silence = LongSilence(direct.plan, self.plan.real_time) if self.plan.is_mock else None
        profiles = self.plan.profiles
        done: dict[str, ProfileResult] = {}

        async def one(profile: Profile) -> None:
            done[profile.name] = await run_profile(profile, direct, silence)
            self.results = [done[each.name] for each in profiles if each.name in done]
            self._observer.progress(f"{len(done)} of {len(profiles)} profiles")

        self._observer.progress(f"{len(profiles)} profiles")
        async with asyncio.TaskGroup() as group:
            for profile in profiles:
                group.create_task(one(profile))

    async def _abort_all(self, direct: DirectStream) -> None:
        profiles = self.plan.profiles
        self._observer.progress("aborting through the profiles")
        if self.plan.is_mock:
            self.aborts = await abort_mock_through_profiles(profiles, direct.plan, direct.host)
        elif self.plan.witnesses is not None:
            for profile in profiles:
                self.aborts[profile.name] = await abort_through_profile(
                    profile, direct.plan, direct.host, direct.upstream, self.plan.witnesses()
                )
        else:
            self.notes.append("whether the server notices an abort through a proxy was not tested: name a --witness")


def _upstream(plan: StreamPlan) -> UpstreamAddress:
    """The endpoint's address for the simulated proxies. Raises UsageError where they cannot reach it."""
    options, parts = plan.options, urlsplit(plan.request.url)
    if proxy_for(plan.request.url, options) is not None or options.unix_socket is not None:
        raise UsageError(
            "--profile: simulated proxies reach the endpoint directly only, not through --proxy, HTTPS_PROXY or a unix "
            "socket. Run it where the endpoint is reached directly, or set NO_PROXY."
        )
    verify = verification(options) if parts.scheme == "https" else None
    host = parts.netloc.rpartition("@")[2]
    return UpstreamAddress(f"{parts.scheme}://{host}", verify, options.connect_timeout_s)


def _longest_silence_ns(transcript: Transcript) -> int:
    times = [0, *(chunk.read.t_ns for chunk in transcript.chunks)]
    return max((later - earlier for earlier, later in pairwise(times)), default=0)
