"""The `buffer` probe: the endpoint behind simulated hops, or two paths to one server side by side."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

import msgspec

from sseprobe import exit_codes
from sseprobe.errors import SseprobeError, TargetError, UsageError
from sseprobe.learning import learn_together
from sseprobe.net.options import proxy_for, verification
from sseprobe.probes.active.base import Unseen
from sseprobe.probes.buffering.aborts import leave_behind, leave_the_mock
from sseprobe.probes.buffering.examination import Endpoint, Examined, examine
from sseprobe.probes.buffering.limits import Patience
from sseprobe.probes.buffering.paths import compare
from sseprobe.probes.buffering.plan import BufferPlan
from sseprobe.probes.receiving import StreamPlan, StreamRun, now
from sseprobe.probes.stream import report_of
from sseprobe.proxy.host import ProxyHost
from sseprobe.proxy.profile import Profile
from sseprobe.proxy.server import UpstreamAddress
from sseprobe.report import (
    PathReport,
    Percentiles,
    ProfileAbort,
    ProfileReport,
    Report,
    RuleResult,
    StreamReport,
    Verdict,
)
from sseprobe.report.from_rules import Asked, result_of
from sseprobe.report.from_stream import target_of
from sseprobe.rules.catalogue import RuleVerdict, Severity, all_rules
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript
from sseprobe.units import ms

_FAMILY = "BUF"


class _Test:
    """What was seen so far."""

    def __init__(self, plan: BufferPlan, progress: Callable[[str], None]) -> None:
        self.plan = plan
        self.streams: list[StreamReport] = []
        self.results: list[RuleResult] = []
        self.examined: list[Examined] = []
        self.aborts: dict[str, ProfileAbort] = {}
        self.path: PathReport | None = None
        self.error: SseprobeError | None = None
        self.interrupted = False
        self.notes: list[str] = []
        self.dialect = plan.stream.dialect.name if plan.stream.dialect else "plain"
        self.unclear: str | None = None
        """Why nothing can be said at all."""
        self.cut: str | None = None
        """Why a path fails, whether it buffers or not."""
        self._progress = progress

    async def go(self) -> None:
        """Runs it all. Ctrl-C ends it, and what was seen is kept."""
        try:
            if self.plan.direct is not None:
                self._progress("both paths, side by side")
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
        self._progress("the endpoint, asked directly")
        run = StreamRun(msgspec.structs.replace(plan, keep=True), Unseen())
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
            self.results = _judge_alone(transcript, plan)
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
            self._progress(f"{len(done)} of {len(profiles)} profiles")

        self._progress(f"{len(profiles)} profiles")
        async with asyncio.TaskGroup() as group:
            for profile in profiles:
                group.create_task(one(profile))

    async def _leave_all(self, endpoint: Endpoint) -> None:
        profiles = self.plan.profiles
        self._progress("clients that leave")
        if self.plan.is_mock:
            self.aborts = await leave_the_mock(profiles, endpoint.plan, endpoint.host)
        elif self.plan.witnesses is not None:
            for profile in profiles:
                self.aborts[profile.name] = await leave_behind(
                    profile, endpoint.plan, endpoint.host, endpoint.upstream, self.plan.witnesses()
                )
        else:
            self.notes.append("whether the server learns that a client has left was not tried: name a --witness")


def run(plan: BufferPlan, progress: Callable[[str], None]) -> Report:
    """Runs the probe. Never raises for what a target does. Raises UsageError."""
    started_at, started_ns = now(), time.monotonic_ns()
    test = _Test(plan, progress)
    try:
        asyncio.run(test.go())
    except KeyboardInterrupt:
        test.interrupted = True
    redact = plan.stream.redact
    profiles = [_report_of(each, test) for each in test.examined]
    verdict, exit_code = _verdict(test, profiles)
    notes = [note for note in (*test.notes, test.cut, test.unclear) if note]
    return Report(
        command="buffer-test",
        target=target_of(plan.stream.request, test.dialect),
        started_at=started_at,
        duration_ms=round((time.monotonic_ns() - started_ns) / 1e6, 3),
        verdict=verdict,
        exit_code=exit_code,
        error=redact(str(test.error)) if test.error else None,
        results=test.results,
        streams=test.streams,
        profiles=profiles,
        path=test.path,
        notes=[redact(note) for note in notes],
    )


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


def _judge_alone(transcript: Transcript, plan: StreamPlan) -> list[RuleResult]:
    """What the rules about buffering say of the endpoint's own stream, before any hop."""
    rules = [rule for rule in all_rules() if rule.id.startswith(_FAMILY) and rule.subject is Transcript]
    return [result_of(rule, [Asked(transcript, 0)], plan.redact, absent="no stream came") for rule in rules]


def _longest_silence_ns(transcript: Transcript) -> int:
    times = [0, *(chunk.read.t_ns for chunk in transcript.chunks)]
    return max((later - earlier for earlier, later in pairwise(times)), default=0)


def _report_of(examined: Examined, test: _Test) -> ProfileReport:
    profile, passage, worst = examined.profile, examined.streamed.passage, examined.worst
    redact, judgement = test.plan.stream.redact, worst.judgement
    outcome = worst.passage.outcome
    ratio = passage.run.reception.meter.bunching_ratio if passage.outcome is not None else None
    return ProfileReport(
        profile=profile.name,
        title=profile.title,
        verdict=judgement.verdict,
        counted=test.plan.named or judgement.verdict is not Verdict.FAIL or examined.curable,
        reason=redact(judgement.reason),
        cause=profile.cause if judgement.verdict is Verdict.FAIL else None,
        meaning=judgement.meaning,
        ttft_ms=ms(passage.ttft_ns),
        added_ttft_ms=ms(passage.added_ttft_ns),
        added_delay_ms=Percentiles.of(passage.delays),
        bunching_ratio=None if ratio is None else round(ratio, 3),
        burst_events=passage.burst_events,
        burst_period_ms=ms(passage.burst_period_ns),
        ending=outcome.ending if outcome else None,
        ending_reason=redact(outcome.reason) if outcome and outcome.reason else None,
        remedies=[each.remedy for each in examined.remedies if each.helped],
        tried=examined.remedies,
        limits=examined.limits,
        abort=test.aborts.get(profile.name),
        basis=profile.founded,
        notes=[],
    )


def _verdict(test: _Test, profiles: Sequence[ProfileReport]) -> tuple[Verdict, int]:
    """With `--direct` the two paths decide; else what counts of the profiles, and of the endpoint's own stream."""
    if test.interrupted:
        return Verdict.INCONCLUSIVE, exit_codes.INTERRUPTED
    if test.error is not None:
        return Verdict.FAIL, exit_codes.NO_STREAM
    if test.path is not None:
        said = {"yes": Verdict.FAIL, "no": Verdict.PASS}.get(test.path.buffers, Verdict.INCONCLUSIVE)
        if test.cut is not None:
            said = Verdict.FAIL
        elif test.unclear is not None:
            said = Verdict.INCONCLUSIVE
        return said, _EXIT_CODES[said]
    verdicts = {each.verdict for each in profiles if each.counted}
    if any(each.severity is Severity.ERROR and each.verdict is RuleVerdict.FAIL for each in test.results):
        verdicts.add(Verdict.FAIL)
    if test.unclear is not None or not profiles:
        verdicts.add(Verdict.INCONCLUSIVE)
    for said in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if said in verdicts:
            return said, _EXIT_CODES[said]
    return Verdict.PASS, exit_codes.PASS


_EXIT_CODES = {
    Verdict.PASS: exit_codes.PASS,
    Verdict.FAIL: exit_codes.FAIL,
    Verdict.INCONCLUSIVE: exit_codes.INCONCLUSIVE,
}
