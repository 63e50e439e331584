"""`compression`: the request with `Accept-Encoding: gzip`."""

from msgspec.structs import replace

from sseprobe.probes.check.active.base import ActiveProbe, Found, ProbeContext, stream_once
from sseprobe.rules.probe_results import Compression


async def _run(context: ProbeContext) -> Found:
    request = context.plan.request
    headers = [header for header in request.headers if header[0].lower() != "accept-encoding"]
    asking = replace(request, headers=[*headers, ("Accept-Encoding", "gzip")])
    asked = (await stream_once(replace(context.plan, request=asking))).transcript()
    return Found([Compression(context.first, asked)], "one stream asked for with gzip")


PROBE = ActiveProbe("compression", (Compression,), _run)
