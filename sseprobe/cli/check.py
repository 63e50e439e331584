"""`sseprobe check`: the conformance check."""

import gc
import sys
from typing import Any

from sseprobe.config.options.groups import Options


def check(url: str | None, options: Options[Any]) -> None:
    """Check a stream with every rule that applies, and run third-party parsers and active probes.

    Without a URL the bundled mock is checked, with all probes. With a URL the request is sent --repeat times; --witness
    adds the abort probe, and a stream with ids is also resumed. Other probes run only if named with --probe.

    \b
      sseprobe check
      sseprobe check http://localhost:8000/v1/chat/completions --report github
      sseprobe check http://localhost:3000/chat -d '{"message": "hi"}'
      sseprobe check URL --witness prometheus:http://localhost:8000/metrics
      sseprobe check URL --probe error --probe compression
      sseprobe check URL --write-baseline known.json
      sseprobe check URL --baseline known.json --report junit:check.xml
      sseprobe check --from recording.jsonl --select SSE,TRM001

    Exit codes: 0 no finding at --fail-on or above; 1 findings; 2 usage error; 3 no stream; 4 a rule or probe that was
    named is inconclusive;
    70 a rule crashed; 130 interrupted.
    """
    from sseprobe.cli.running import run_probe

    if options.own.recording is not None:
        gc.disable()  # all objects made from here on are kept to the end: a collection would free nothing
    run_probe("check", url, options, summary_to=sys.stdout)
