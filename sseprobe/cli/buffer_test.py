"""`sseprobe buffer-test`: find the proxies that delay or break a stream."""

import sys
from typing import Any

from sseprobe.config.options.groups import Options


def buffer_test(url: str | None, options: Options[Any]) -> None:
    """Run the endpoint behind simulated proxies, and report which of them break its streaming, and what helps.

    Each proxy runs on this machine, between the endpoint and the client. Where it delays, cuts or refuses the stream,
    remedies are tried: only those that helped are recommended. Each profile takes several requests; --profile limits
    them. With --direct, two paths to the same server are compared instead.

    \b
      sseprobe buffer-test
      sseprobe buffer-test http://localhost:8000/v1/chat/completions --profile nginx-legacy \\
          --profile haproxy
      sseprobe buffer-test URL --profile my-proxy.toml --report markdown
      sseprobe buffer-test https://chat.example.com/v1/chat/completions \\
          --direct http://10.0.0.7:8000/v1/chat/completions

    Profiles that no change to the endpoint can fix are reported but not counted, unless named with --profile.

    Exit codes: 0 no counted profile breaks the stream; 1 one does; 2 usage error; 3 no stream; 4 inconclusive; 130
    interrupted.
    """
    from sseprobe.cli.running import run_probe

    run_probe("buffer-test", url, options, summary_to=sys.stdout)
