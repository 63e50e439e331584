"""`sseprobe stream`: connect, show tokens as they arrive, then say what happened."""

import contextlib
from enum import StrEnum
from typing import Annotated

import typer

from sseprobe.cli import options as o
from sseprobe.errors import UsageError


class Show(StrEnum):
    """What `--show` may say."""

    TEXT = "text"
    EVENTS = "events"
    RAW = "raw"


def stream(  # noqa: PLR0917  typer passes by name
    url: o.Url = None,
    method: o.Method = None,
    header: o.Headers = None,
    data: o.Data = None,
    prompt: o.Prompt = None,
    model: o.Model = None,
    dialect: o.DialectName = "auto",
    text_at: o.TextAt = None,
    error_at: o.ErrorAt = None,
    done_when: o.DoneWhen = None,
    framing: o.FramingName = None,
    config: o.ConfigFile = None,
    api_key_env: o.ApiKeyEnv = None,
    timeout: o.Timeout = 300,
    idle_timeout: o.IdleTimeout = 60,
    content_timeout: o.ContentTimeout = None,
    connect_timeout: o.ConnectTimeout = 10,
    insecure: o.Insecure = False,
    cacert: o.CaCert = None,
    http2: o.Http2 = False,
    proxy: o.Proxy = None,
    unix_socket: o.UnixSocket = None,
    show: Annotated[Show, typer.Option(help="What to print of the stream.", rich_help_panel=o.OUTPUT)] = Show.TEXT,
    json_lines: Annotated[
        bool, typer.Option("--json", help="One JSON object per line and event.", rich_help_panel=o.OUTPUT)
    ] = False,
    from_cassette: Annotated[
        str | None, typer.Option("--from", metavar="CASSETTE", help="Read a recording.", rich_help_panel=o.OUTPUT)
    ] = None,
    report: o.Reports = None,
    record: o.Record = None,
    max_bytes: o.MaxBytes = 64 * 1024 * 1024,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> None:
    """Connect, print tokens as they arrive, then say what happened: ending, TTFT, gaps, usage.

    Tokens go to standard output, the summary to standard error. Without a URL the bundled mock is streamed.

    \b
      sseprobe stream
      sseprobe stream http://localhost:8000/v1/chat/completions --prompt Hello
      sseprobe stream https://example.com/v1/chat/completions --api-key-env KEY
      sseprobe stream http://localhost:3000/chat -d '{"message": "hi"}'
      sseprobe stream http://localhost:8000/events --show events
      sseprobe stream --model mock/tokens=20,itl_ms=100 --report json:report.json

    Exit codes: 0 complete; 1 truncated, failed, reset or timed out; 2 wrong words; 3 no stream; 130 interrupted.
    """
    from sseprobe.cli.output import deliver, live_view, open_cassette, open_recording, parse_reports, takes_stdout
    from sseprobe.probes.own_words import OwnWords
    from sseprobe.probes.request import RequestWords, build_request

    outputs = parse_reports(report)
    alone = any(map(takes_stdout, outputs))
    if alone and json_lines:
        raise UsageError("--json and --report both want standard output. Give the report a path: --report json:FILE.")
    own = OwnWords(text_at, error_at, done_when, framing, config)
    words = RequestWords(url, method, header, data, prompt, model, dialect, api_key_env, own)
    shown = "nothing" if alone else "json" if json_lines else show.value
    if from_cassette is not None:
        if any(word is not None for word in (url, record, method, header, data, prompt, model, api_key_env)):
            raise UsageError("--from reads a recording: it goes with neither a URL, nor a request, nor --record.")
        from sseprobe.probes.stream import run_recorded

        cassette = open_cassette(from_cassette)
        known = words.dialect_of_recording(cassette.opening)
        view = live_view(shown, no_color=no_color)
        done = run_recorded(cassette, known, view, named=words.names_dialect)
    else:
        from sseprobe.net.options import ConnectOptions
        from sseprobe.probes.receiving import StreamPlan
        from sseprobe.probes.stream import run
        from sseprobe.probes.target import target

        connect = ConnectOptions(
            connect_timeout,
            idle_timeout,
            timeout,
            insecure,
            cacert,
            http2,
            proxy,
            unix_socket,
            content_timeout_s=content_timeout,
        )
        with contextlib.ExitStack() as cleanup:
            words, connect, *_ = cleanup.enter_context(target(words, connect))
            request, known, redact = build_request(words)
            record_to = cleanup.enter_context(open_recording(record)) if record else None
            view = live_view(shown, redact, no_color=no_color, verbose=verbose, request=request)
            done = run(StreamPlan(request, connect, known, redact, max_bytes, words.names_dialect, record_to), view)
    deliver(done, outputs, quiet=quiet, no_color=no_color, verbose=verbose)
    raise typer.Exit(done.exit_code)
