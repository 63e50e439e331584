"""`sseprobe abort-test`: abort streams, and prove whether the server stopped."""

import sys
from typing import Any

from sseprobe.config.options.groups import Options


def abort_test(url: str | None, options: Options[Any]) -> None:
    """Abort a stream as a client would, and prove with a witness whether the server stopped generating.

    A client cannot see whether the server stopped: without a witness the verdict is inconclusive. Without a URL the
    bundled mock is tested; its own record is the witness. Where a witness gives only a counter or a gauge, one stream
    is received to its end for comparison.

    \b
      sseprobe abort-test
      sseprobe abort-test --how fin --how rst --at mid-stream --at near-end --trials 5
      sseprobe abort-test http://localhost:8000/v1/chat/completions --model llama3 \\
          --witness prometheus:http://localhost:8000/metrics
      sseprobe abort-test http://localhost:3000/chat --witness upstream:9000
      sseprobe abort-test http://localhost:3000/chat --witness upstream:9000 --sweep 60
      sseprobe abort-test http://localhost:3000/chat \\
          --witness http-json:http://localhost:3000/stats#/tokens

    Exit codes: 0 as expected; 1 not as expected; 2 usage error; 3 no stream; 4 inconclusive; 130 interrupted.
    """
    from sseprobe.cli.running import run_probe

    run_probe("abort-test", url, options, summary_to=sys.stdout)
