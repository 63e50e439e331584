"""`http10`: the request over HTTP/1.0."""

from msgspec.structs import replace

from sseprobe.errors import TargetError
from sseprobe.probes.check.active.base import ActiveProbe, Bench, Found, Skipped, receive, refusal_of
from sseprobe.probes.receive import StreamRun
from sseprobe.rules.probe_results import Http10, ProbeAnswer
from sseprobe.streams.view import SilentView


async def _run(bench: Bench) -> Found:
    options = bench.plan.options
    if bench.first.head is not None and bench.first.head.http_version == "2":
        raise Skipped("the server speaks HTTP/2 here: try without --http2")
    run = StreamRun(replace(bench.plan, options=replace(options, http10=True, http2=False)), SilentView())
    try:
        await receive(run)
    except TargetError as error:
        refused = ProbeAnswer("http10", "HTTP/1.0", run.head, problem=refusal_of(error, bench.plan))
        return Found([Http10(refused, None, None)], "asked")
    stream = run.transcript()
    encoding = run.head.header("transfer-encoding") if run.head else None
    return Found([Http10(ProbeAnswer("http10", "HTTP/1.0", run.head), stream, encoding)], "asked")


PROBE = ActiveProbe("http10", (Http10,), _run)
