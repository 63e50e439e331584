"""`sseprobe check`: the conformance check."""

import gc
import sys
from typing import Any

from sseprobe.config.options import Options


def check(url: str | None, options: Options[Any]) -> None:
    """Check a stream against every rule that applies, ask other people's parsers, and probe what can be probed.

    Without a URL the bundled mock is checked, with all probes. On a URL the request is sent --repeat times; --witness
    adds the abort probe, and streams that send ids are resumed. The other probes run when they are named.

    \b
      sseprobe check
      sseprobe check http://localhost:8000/v1/chat/completions --report github
      sseprobe check http://localhost:3000/chat -d '{"message": "hi"}'
      sseprobe check URL --witness prometheus:http://localhost:8000/metrics
      sseprobe check URL --probe error --probe compression
      sseprobe check URL --write-baseline known.json
      sseprobe check URL --baseline known.json --report junit:check.xml
      sseprobe check --from recording.jsonl --select SSE,TRM001

    Exit codes: 0 no finding that counts; 1 findings; 2 usage error; 3 no stream; 4 what was named is inconclusive;
    70 a rule crashed; 130 interrupted.
    """
    from sseprobe.cli.running import run_probe

    if options.own.recording is not None:
        gc.disable()  # what is made from here on is kept to the end: nothing would be collected
    run_probe("check", url, options, summary_to=sys.stdout)
