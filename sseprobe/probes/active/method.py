"""`method`: HEAD, and methods that the endpoint is not made for."""

from msgspec.structs import replace

from sseprobe.probes.active.base import ActiveProbe, Bench, Found, ask
from sseprobe.rules.evidence import Methods
from sseprobe.transcript import Request


def _run(bench: Bench) -> Found:
    request = bench.plan.request
    other = "GET" if request.method != "GET" else "POST"
    answers = {method: ask(bench.plan, _bare(request, method), method) for method in ("HEAD", other, "DELETE")}
    return Found([Methods(answers.pop("HEAD"), tuple(answers.values()))], f"HEAD, {other} and DELETE asked")


def _bare(request: Request, method: str) -> Request:
    """Without a body: nothing is to be done."""
    headers = [header for header in request.headers if header[0].lower() != "content-type"]
    return replace(request, method=method, headers=headers, body=None)


PROBE = ActiveProbe("method", (Methods,), _run)
