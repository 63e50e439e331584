"""`sseprobe buffer-test`: find the proxy that holds the tokens."""

import sys
from typing import Any

from sseprobe.config.options import Options


def buffer_test(url: str | None, options: Options[Any]) -> None:
    """Run the endpoint behind simulated hops, and say which of them break its streaming, and what would help.

    Each hop stands between the endpoint and a client on this machine. Where it holds tokens back, cuts or refuses, the
    remedies are tried too: only those that were seen to help are recommended. Requests are sent several times for each
    hop; --profile keeps that small. With --direct two paths to one server are compared instead.

    \b
      sseprobe buffer-test
      sseprobe buffer-test http://localhost:8000/v1/chat/completions --profile nginx-legacy \\
          --profile haproxy
      sseprobe buffer-test URL --profile my-hop.toml --report markdown
      sseprobe buffer-test https://chat.example.com/v1/chat/completions \\
          --direct http://10.0.0.7:8000/v1/chat/completions

    A hop that nothing the endpoint sends would satisfy is reported, and counts only if it is named.

    Exit codes: 0 nothing that counts breaks; 1 something does; 2 usage error; 3 no stream; 4 inconclusive; 130
    interrupted.
    """
    from sseprobe.cli.running import run_probe

    run_probe("buffer-test", url, options, summary_to=sys.stdout)
