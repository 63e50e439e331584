"""`error`: invalid requests; and, of the bundled mock, a failure in mid-stream."""

from msgspec.structs import replace

from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, Skipped, send_request, stream_once
from sseprobe.rules.probe_results import MidStreamFailure, Refusal

_BROKEN = b'{"sseprobe": '
_EMPTY = b"{}"


async def _run(context: ProbeContext) -> ProbeResult:
    request = context.plan.request
    if request.body is None:
        raise Skipped(f"a {request.method} request without a body cannot be made invalid: give a body with -d")
    answers = (
        await send_request(context.plan, replace(request, body=_BROKEN), "broken-body", "a body that is not JSON"),
        await send_request(context.plan, replace(request, body=_EMPTY), "empty-body", "a body without a prompt"),
    )
    evidence: list[Refusal | MidStreamFailure] = [Refusal(answers)]
    if context.mock_url is not None:
        failed = await stream_once(context.with_knobs("fault=error@3"))
        evidence.append(MidStreamFailure(failed.transcript(), "requested to fail after 3 tokens"))
    return ProbeResult(evidence, f"{len(answers)} invalid requests sent")


PROBE = ActiveProbe("error", (Refusal, MidStreamFailure), _run)
