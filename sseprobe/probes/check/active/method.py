"""`method`: HEAD, and methods that the endpoint does not support; none that could change something."""

from typing import Final

from msgspec.structs import replace

from sseprobe.http_exchange import Request
from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, send_request
from sseprobe.rules.probe_results import Methods

_INVENTED: Final = "SSEPROBE"


async def _run(context: ProbeContext) -> ProbeResult:
    request = context.plan.request
    others = ("GET", _INVENTED) if request.method != "GET" else (_INVENTED,)
    head = await send_request(context.plan, _bare(request, "HEAD"), "HEAD", "HEAD")
    answers = tuple([await send_request(context.plan, _bare(request, method), method, method) for method in others])
    return ProbeResult([Methods(head, answers)], f"sent HEAD, {' and '.join(others)}")


def _bare(request: Request, method: str) -> Request:
    """Without a body, so that it starts nothing."""
    headers = [header for header in request.headers if header[0].lower() != "content-type"]
    return replace(request, method=method, headers=headers, body=None)


PROBE = ActiveProbe("method", (Methods,), _run)
