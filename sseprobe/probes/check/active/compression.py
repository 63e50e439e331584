"""`compression`: the request with `Accept-Encoding: gzip`."""

from msgspec.structs import replace

from sseprobe.probes.check.active.base import ActiveProbe, Bench, Found, stream_once
from sseprobe.rules.probe_results import Compression


async def _run(bench: Bench) -> Found:
    request = bench.plan.request
    headers = [header for header in request.headers if header[0].lower() != "accept-encoding"]
    asking = replace(request, headers=[*headers, ("Accept-Encoding", "gzip")])
    asked = (await stream_once(replace(bench.plan, request=asking))).transcript()
    return Found([Compression(bench.first, asked)], "one stream asked for with gzip")


PROBE = ActiveProbe("compression", (Compression,), _run)
