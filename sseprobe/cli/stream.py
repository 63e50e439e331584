"""`sseprobe stream`: show tokens as they arrive, then what happened."""

from typing import Any

from sseprobe.config.options.groups import Options
from sseprobe.errors import UsageError


def stream(url: str | None, options: Options[Any]) -> None:
    """Connect, print tokens as they arrive, then show what happened: ending, TTFT, gaps, usage.

    Tokens go to standard output, the summary to standard error. Without a URL it streams from the bundled mock.

    \b
      sseprobe stream
      sseprobe stream http://localhost:8000/v1/chat/completions --prompt Hello
      sseprobe stream https://example.com/v1/chat/completions --api-key-env KEY
      sseprobe stream http://localhost:3000/chat -d '{"message": "hi"}'
      sseprobe stream http://localhost:8000/events --show events
      sseprobe stream --model mock/tokens=20,itl_ms=100 --report json:report.json

    Exit codes: 0 complete; 1 truncated, failed, reset or timed out; 2 usage error; 3 no stream; 130 interrupted.
    """
    from sseprobe.cli.observer import TerminalObserver
    from sseprobe.cli.output import parse_reports, takes_stdout
    from sseprobe.cli.running import run_probe

    own = options.own
    alone = any(map(takes_stdout, parse_reports(options.output.reports)))
    if alone and own.json_lines:
        raise UsageError("--json and --report both want standard output. Give the report a path: --report json:FILE.")
    shown = "nothing" if alone else "json" if own.json_lines else own.show
    run_probe("stream", url, options, TerminalObserver(options.output, shown))
