"""`sseprobe buffer-test`: find the hop that holds the tokens."""

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sseprobe.cli import options as o
from sseprobe.errors import UsageError

if TYPE_CHECKING:
    from sseprobe.witnesses.base import Context

HOPS = "Hops"
_MOCK_SCENARIO = "tokens=120,itl_ms=20"
_ASKS_FOR_GZIP = "Accept-Encoding: gzip"
_SIDE_BY_SIDE = 4
_SIDE_BY_SIDE_ON_MOCK = 12


def buffer_test(  # noqa: PLR0917  typer passes by name
    url: o.Url = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A simulated hop, one of `sseprobe proxy --list` or a TOML file; repeatable. (default: all)",
            rich_help_panel=HOPS,
        ),
    ] = None,
    direct: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The direct path to the same server: both are measured side by side. Profiles run if they are named.",
            rich_help_panel=HOPS,
        ),
    ] = None,
    real_time: Annotated[
        bool,
        typer.Option("--real-time", help="Try the time limits of hops on the mock in real time.", rich_help_panel=HOPS),
    ] = False,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="Source of evidence that the server stops, as in abort-test: adds clients that leave behind each hop.",
            rich_help_panel=HOPS,
        ),
    ] = None,
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
    record: o.Record = None,
    max_bytes: o.MaxBytes = 64 * 1024 * 1024,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
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

    Exit codes: 0 nothing that counts breaks; 1 something does; 2 wrong words; 3 no stream; 4 not to be judged; 130
    interrupted.
    """
    from msgspec import structs

    from sseprobe.cli.output import deliver, open_recording, parse_reports, progress_to
    from sseprobe.net.options import ConnectOptions
    from sseprobe.probes.buffering.aborts import GRACE_S
    from sseprobe.probes.buffering.plan import BufferPlan
    from sseprobe.probes.buffering.run import run
    from sseprobe.probes.own_words import OwnWords
    from sseprobe.probes.receiving import StreamPlan
    from sseprobe.probes.request import RequestWords, build_request
    from sseprobe.probes.target import target
    from sseprobe.proxy.profile import NAMES, by_name
    from sseprobe.witnesses import by_spec
    from sseprobe.witnesses.base import Context

    outputs = parse_reports(report)
    if direct is not None and url is None:
        raise UsageError("--direct is the second path to a server: give the first one as URL.")
    if real_time and url is not None:
        raise UsageError("--real-time concerns the bundled mock: with a URL, time is real anyway.")
    default = () if direct is not None else NAMES
    profiles = tuple(by_name(name) for name in dict.fromkeys(default if profile is None else profile))
    # Most clients ask for compression, and some hops compress because of it.
    codings = [] if any(each.lower().startswith("accept-encoding:") for each in header or []) else [_ASKS_FOR_GZIP]
    own = OwnWords(text_at, error_at, done_when, framing, config)
    words = RequestWords(url, method, [*(header or []), *codings], data, prompt, model, dialect, api_key_env, own)
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
        tested = cleanup.enter_context(target(words, connect, truth_port=0, scenario=_MOCK_SCENARIO))
        request, known, redact = build_request(tested.words)
        second = None
        if direct is not None:
            other, other_known, redact_other = build_request(structs.replace(words, url=direct))
            redact = redact.joined(redact_other)
            second = StreamPlan(other, tested.connect, other_known, redact, max_bytes, words.names_dialect)
        record_to = cleanup.enter_context(open_recording(record)) if record else None
        stream = StreamPlan(request, tested.connect, known, redact, max_bytes, words.names_dialect, record_to)
        context = Context(request.url, tested.truth_url, request, known, tested.connect, GRACE_S)
        _check_witnesses(specs := witness or [], context)
        plan = BufferPlan(
            stream,
            profiles,
            named=profile is not None,
            direct=second,
            is_mock=tested.mock_url is not None,
            real_time=real_time,
            witnesses=(lambda: [by_spec(spec, context) for spec in specs]) if specs else None,
            side_by_side=_SIDE_BY_SIDE if url else _SIDE_BY_SIDE_ON_MOCK,
            again=structs.replace(words, headers=header).as_options(),
        )
        done = run(plan, cleanup.enter_context(progress_to(sys.stderr, quiet=quiet, no_color=no_color)))
    deliver(done, outputs, quiet=quiet, no_color=no_color, summary_to=sys.stdout)
    raise typer.Exit(done.exit_code)


def _check_witnesses(specs: list[str], context: "Context") -> None:
    """Finds out whether witnesses are understood before anything runs. Raises UsageError."""
    from sseprobe.witnesses import by_spec

    for spec in specs:
        if spec.startswith("upstream:"):
            port = spec.partition(":")[2]
            raise UsageError(
                f"--witness {spec}: one provider serves all hops here. Start it yourself, with "
                f"`sseprobe mock --port {port}`, and name its record: --witness mock:http://127.0.0.1:{port}."
            )
        by_spec(spec, context).close()
