"""`compression`: the request with `Accept-Encoding: gzip`."""

from msgspec.structs import replace

from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, stream_once
from sseprobe.rules.probe_results import Compression


async def _run(context: ProbeContext) -> ProbeResult:
    request = context.plan.request
    headers = [header for header in request.headers if header[0].lower() != "accept-encoding"]
    asking = replace(request, headers=[*headers, ("Accept-Encoding", "gzip")])
    compressed = (await stream_once(replace(context.plan, request=asking))).transcript()
    return ProbeResult([Compression(context.first, compressed)], "one stream with Accept-Encoding: gzip")


PROBE = ActiveProbe("compression", (Compression,), _run)
