"""`sseprobe abort-test`: hang up, and prove whether the server stopped."""

import sys
from typing import Any

from sseprobe.config.options import Options


def abort_test(url: str | None, options: Options[Any]) -> None:
    """Hang up on a stream, and prove with a witness whether the server stopped generating.

    The client's side cannot show it: without a witness the verdict is inconclusive. Without a URL the bundled mock is
    tested, by its own record. Witnesses that show figures only need a healthy stream besides, for comparison.

    \b
      sseprobe abort-test
      sseprobe abort-test --how fin --how rst --at mid-stream --at near-end --trials 5
      sseprobe abort-test http://localhost:8000/v1/chat/completions --model llama3 \\
          --witness prometheus:http://localhost:8000/metrics
      sseprobe abort-test http://localhost:3000/chat --witness upstream:9000
      sseprobe abort-test http://localhost:3000/chat --witness upstream:9000 --sweep 60
      sseprobe abort-test http://localhost:3000/chat \\
          --witness http-json:http://localhost:3000/stats#/tokens

    Exit codes: 0 it does as expected; 1 it does not; 2 usage error; 3 no stream; 4 inconclusive; 130 interrupted.
    """
    from sseprobe.cli.running import run_probe

    run_probe("abort-test", url, options, summary_to=sys.stdout)
