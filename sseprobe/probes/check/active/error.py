"""`error`: requests that cannot be meant; and where the server can be told to, a failure in mid-stream."""

from msgspec.structs import replace

from sseprobe.probes.check.active.base import ActiveProbe, Bench, Found, Skipped, ask, stream_once
from sseprobe.rules.probe_results import MidStreamFailure, Refusal

_BROKEN = b'{"sseprobe": '
_EMPTY = b"{}"


async def _run(bench: Bench) -> Found:
    request = bench.plan.request
    if request.body is None:
        raise Skipped(f"a {request.method} request without a body has nothing that could be wrong")
    answers = (
        await ask(bench.plan, replace(request, body=_BROKEN), "broken-body", "a body that is not JSON"),
        await ask(bench.plan, replace(request, body=_EMPTY), "empty-body", "a body without a prompt"),
    )
    evidence: list[Refusal | MidStreamFailure] = [Refusal(answers)]
    if bench.mock_url is not None:
        failed = await stream_once(bench.with_knobs("fault=error@3"))
        evidence.append(MidStreamFailure(failed.transcript(), "set to fail after 3 tokens"))
    return Found(evidence, f"{len(answers)} requests that cannot be meant")


PROBE = ActiveProbe("error", (Refusal, MidStreamFailure), _run)
