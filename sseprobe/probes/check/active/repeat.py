"""`repeat`: the same request again; all streams must have the same shape."""

from sseprobe.errors import TargetError
from sseprobe.http_exchange import Ending
from sseprobe.probes.check.active.base import ActiveProbe, ProbeContext, ProbeResult, Skipped, refusal_of, stream_once
from sseprobe.probes.receive import StreamRun
from sseprobe.rules.probe_results import Repetition


async def _run(context: ProbeContext) -> ProbeResult:
    if context.repeat < 2:
        raise Skipped("--repeat 1 leaves nothing to compare: use 2 or more")
    runs: list[StreamRun] = []
    refused = None
    streams = [context.first]
    for _ in range(context.repeat - 1):
        try:
            run = await stream_once(context.plan)
        except TargetError as error:
            refused = refusal_of(error, context.plan)
            break
        runs.append(run)
        streams.append(run.transcript())
        if streams[-1].ending is not Ending.COMPLETE:
            break
    return ProbeResult([Repetition(tuple(streams), refused)], f"{len(streams)} streams compared", runs)


PROBE = ActiveProbe("repeat", (Repetition,), _run)
