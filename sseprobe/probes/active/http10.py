"""`http10`: the request over HTTP/1.0."""

from msgspec.structs import replace

from sseprobe.errors import TargetError
from sseprobe.probes.active.base import ActiveProbe, Bench, Found, Skipped, Unseen, refusal_of, run_async
from sseprobe.probes.receiving import StreamRun
from sseprobe.rules.probe_results import Answer, Http10


def _run(bench: Bench) -> Found:
    options = bench.plan.options
    if bench.first.head is not None and bench.first.head.http_version == "2":
        raise Skipped("the server speaks HTTP/2 here: try without --http2")
    run = StreamRun(replace(bench.plan, options=replace(options, http10=True, http2=False)), Unseen())
    try:
        run_async(run.go())
    except TargetError as error:
        return Found(
            [Http10(Answer("http10", "HTTP/1.0", run.head, problem=refusal_of(error, bench.plan)), None, None)], "asked"
        )
    if run.interrupted:
        raise KeyboardInterrupt
    stream = run.transcript()
    encoding = run.head.header("transfer-encoding") if run.head else None
    return Found([Http10(Answer("http10", "HTTP/1.0", run.head), stream, encoding)], "asked")


PROBE = ActiveProbe("http10", (Http10,), _run)
