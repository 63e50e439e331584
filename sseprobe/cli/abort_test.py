"""`sseprobe abort-test`: hang up, and prove whether the server stopped."""

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sseprobe.cli import options as o
from sseprobe.cli.late_help import WITNESSES
from sseprobe.errors import UsageError

if TYPE_CHECKING:
    from sseprobe.net.hangup import HangUp

TEST = "Abort test"


def abort_test(  # noqa: PLR0917  typer passes by name
    url: o.Url = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help=f"Source of evidence that the server stopped; repeatable: {WITNESSES}. Without a URL: mock.",
            rich_help_panel=TEST,
        ),
    ] = None,
    how: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="How to leave; repeatable: fin, rst, half-close, stall, h2-reset. (default: fin)",
            rich_help_panel=TEST,
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PHASE",
            help="When to leave; repeatable: before-headers, before-first-token, mid-stream, after-tokens:N, "
            "after-ms:T, silent-gap, near-end. (default: mid-stream)",
            rich_help_panel=TEST,
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, max=10_000, help="Trials of each kind.", rich_help_panel=TEST)] = 1,
    grace: Annotated[
        float, typer.Option(metavar="S", min=0.05, help="How long the server may take.", rich_help_panel=TEST)
    ] = 5,
    expect: Annotated[
        str, typer.Option(metavar="stop|continue", help="What the server is meant to do.", rich_help_panel=TEST)
    ] = "stop",
    max_overrun: Annotated[
        int | None,
        typer.Option(metavar="TOKENS", min=0, help="Fail a stop after more tokens than this.", rich_help_panel=TEST),
    ] = None,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            help="Streams at once; half leave, the others must stay whole.",
            rich_help_panel=TEST,
        ),
    ] = 1,
    control: Annotated[
        int,
        typer.Option(min=0, max=1000, help="Healthy streams beside each trial, to the end.", rich_help_panel=TEST),
    ] = 0,
    sweep: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            max=10_000,
            help="N aborts at times spread over the stream's life, dense around head and first token, instead of --at "
            "and --trials.",
            rich_help_panel=TEST,
        ),
    ] = None,
    price_per_mtok: Annotated[
        float | None,
        typer.Option(metavar="USD", min=0, help="Show what the overrun costs at this price.", rich_help_panel=TEST),
    ] = None,
    aborts_per_minute: Annotated[
        float, typer.Option(metavar="R", min=0, help="The traffic to count the cost with.", rich_help_panel=TEST)
    ] = 1,
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
    report: o.Reports = None,
    max_bytes: o.MaxBytes = 64 * 1024 * 1024,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
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

    Exit codes: 0 it does as expected; 1 it does not; 2 wrong words; 3 no stream; 4 no evidence; 130 interrupted.
    """
    from sseprobe.cli.output import deliver, lines_to, parse_reports, progress_to
    from sseprobe.net.options import ConnectOptions
    from sseprobe.probes import phases
    from sseprobe.probes.abort import run
    from sseprobe.probes.abort_run import AbortPlan, Expect
    from sseprobe.probes.bench import Setting
    from sseprobe.probes.own_words import OwnWords
    from sseprobe.probes.receiving import StreamPlan
    from sseprobe.probes.request import RequestWords, build_request
    from sseprobe.probes.target import MOCK_SCENARIO, target
    from sseprobe.witnesses import by_spec
    from sseprobe.witnesses.base import Context

    outputs = parse_reports(report)
    if sweep is not None and (at or trials != 1):
        raise UsageError("--sweep chooses when to leave, and how often: leave out --at and --trials.")
    hows = [_hang_up(word, http2=http2) for word in how or ["fin"]]
    chosen = [phases.parse(word) for word in at or ["mid-stream"]]
    if expect not in list(Expect):
        raise UsageError(f"--expect {expect}: not an expectation. Known are: {', '.join(Expect)}.")
    own = OwnWords(text_at, error_at, done_when, framing, config)
    words = RequestWords(url, method, header, data, prompt, model, dialect, api_key_env, own)
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
    specs = witness or ([] if url else ["mock"])
    with contextlib.ExitStack() as cleanup:
        tested = cleanup.enter_context(target(words, connect, truth_port=0, scenario=MOCK_SCENARIO))
        request, known, redact = build_request(tested.words)
        plan = StreamPlan(request, tested.connect, known, redact, max_bytes, words.names_dialect)
        context = Context(request.url, tested.truth_url, request, known, tested.connect, grace)
        done = run(
            AbortPlan(
                Setting(plan, grace, concurrency, control),
                hows,
                chosen,
                trials,
                Expect(expect),
                max_overrun,
                sweep or 0,
                lines_to(sys.stderr, quiet=quiet, no_color=no_color),
                price_per_mtok,
                aborts_per_minute,
            ),
            [by_spec(spec, context) for spec in specs],
            cleanup.enter_context(progress_to(sys.stderr, quiet=quiet, no_color=no_color)),
        )
    deliver(done, outputs, quiet=quiet, no_color=no_color, summary_to=sys.stdout)
    raise typer.Exit(done.exit_code)


def _hang_up(word: str, *, http2: bool) -> "HangUp":
    from sseprobe.net.hangup import HangUp

    if word not in list(HangUp):
        raise UsageError(f"--how {word}: not a way to leave. Known are: {', '.join(HangUp)}.")
    if word == HangUp.H2_RESET and not http2:
        raise UsageError("--how h2-reset cancels one stream of an HTTP/2 connection: add --http2.")
    return HangUp(word)
