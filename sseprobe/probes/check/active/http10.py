"""`http10`: the request over HTTP/1.0."""

from msgspec.structs import replace

from sseprobe.errors import TargetError
from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, Skipped, receive, refusal_of
from sseprobe.probes.receive import StreamRun
from sseprobe.rules.probe_results import Http10, ProbeAnswer
from sseprobe.streams.view import SilentView


async def _run(context: ProbeContext) -> ProbeResult:
    options = context.plan.options
    if context.first.head is not None and context.first.head.http_version == "2":
        raise Skipped("the stream uses HTTP/2: run without --http2")
    run = StreamRun(replace(context.plan, options=replace(options, http10=True, http2=False)), SilentView())
    try:
        await receive(run)
    except TargetError as error:
        refused = ProbeAnswer("http10", "HTTP/1.0", run.head, problem=refusal_of(error, context.plan))
        return ProbeResult([Http10(refused, None, None)], "one request over HTTP/1.0")
    stream = run.transcript()
    encoding = run.head.header("transfer-encoding") if run.head else None
    return ProbeResult(
        [Http10(ProbeAnswer("http10", "HTTP/1.0", run.head), stream, encoding)], "one request over HTTP/1.0"
    )


PROBE = ActiveProbe("http10", (Http10,), _run)
