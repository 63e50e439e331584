"""`sseprobe check`: the conformance check."""

import contextlib
import gc
import sys
from typing import Annotated

import typer

from sseprobe.cli import options as o
from sseprobe.cli.late_help import WITNESSES
from sseprobe.errors import UsageError
from sseprobe.probes.active import NAMES, known_name

PROBES = "Probes"
_MOCK_SCENARIO = "tokens=60,itl_ms=10"


def check(  # noqa: PLR0917  typer passes by name
    url: o.Url = None,
    repeat: Annotated[int, typer.Option(min=1, metavar="N", help="Healthy streams.", rich_help_panel=PROBES)] = 3,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help=f"Run this active probe; repeatable: {', '.join(NAMES)}.", rich_help_panel=PROBES
        ),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC", help=f"Source of evidence that the server stops: {WITNESSES}.", rich_help_panel=PROBES
        ),
    ] = None,
    from_cassette: Annotated[
        str | None, typer.Option("--from", metavar="CASSETTE", help="Check a recording.", rich_help_panel=PROBES)
    ] = None,
    select: o.Select = None,
    ignore: o.Ignore = None,
    fail_on: o.FailOn = "error",
    baseline: o.BaselineFile = None,
    write_baseline: o.WriteBaseline = None,
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

    Exit codes: 0 no finding that counts; 1 findings; 2 wrong words; 3 no stream; 4 what was named could not be judged;
    70 a rule crashed; 130 interrupted.
    """
    from sseprobe.baseline import baseline_of, load_baseline, save_baseline
    from sseprobe.cli.output import (
        deliver,
        open_cassette,
        open_recording,
        parse_reports,
        progress_to,
        read_file,
        write_file,
    )
    from sseprobe.net.options import ConnectOptions
    from sseprobe.probes.active.abort import GRACE_S
    from sseprobe.probes.conformance import CheckPlan, Judging, run, run_recorded
    from sseprobe.probes.own_words import OwnWords
    from sseprobe.probes.receiving import StreamPlan
    from sseprobe.probes.request import RequestWords, build_request
    from sseprobe.probes.target import target
    from sseprobe.rules import Severity
    from sseprobe.rules.selection import selection
    from sseprobe.witnesses import by_spec
    from sseprobe.witnesses.base import Context

    outputs = parse_reports(report)
    if fail_on not in list(Severity):
        raise UsageError(f"--fail-on {fail_on}: not a severity. Known are: {', '.join(Severity)}.")
    if baseline is not None and write_baseline is not None:
        raise UsageError("--baseline and --write-baseline: give one of them.")
    chosen = selection(select, ignore)
    probes = None if probe is None else tuple(dict.fromkeys(map(known_name, probe)))
    expected = None if baseline is None else load_baseline(read_file(baseline, "--baseline"), baseline)
    if write_baseline is not None:
        write_file(write_baseline, b"", "--write-baseline", append=True)  # found out before the run
    expected_from = baseline or write_baseline or ""
    judging = Judging(chosen, Severity(fail_on), expected, expected_from, write_baseline is not None)
    own = OwnWords(text_at, error_at, done_when, framing, config)
    words = RequestWords(url, method, header, data, prompt, model, dialect, api_key_env, own)
    if from_cassette is not None:
        if any(word is not None for word in (url, record, probe, witness, method, header, data, prompt, model)):
            said = "a URL, a request, --probe, --witness, nor --record"
            raise UsageError(f"--from reads a recording: it goes with neither {said}.")
        gc.disable()  # what is made from here on is kept to the end: nothing would be collected
        cassette = open_cassette(from_cassette)
        told = words.dialect_of_recording(cassette.opening)
        done = run_recorded(cassette, told, judging, named=words.names_dialect)
    else:
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
            context = Context(request.url, tested.truth_url, request, known, tested.connect, GRACE_S)
            witnesses = [by_spec(spec, context) for spec in witness or ([] if url else ["mock"])]
            record_to = cleanup.enter_context(open_recording(record)) if record else None
            plan = CheckPlan(
                StreamPlan(request, tested.connect, known, redact, max_bytes, words.names_dialect, record_to),
                judging,
                repeat,
                probes,
                tuple(witnesses),
                tested.mock_url,
                tested.truth_url,
            )
            done = run(plan, cleanup.enter_context(progress_to(sys.stderr, quiet=quiet, no_color=no_color)))
    if write_baseline is not None and done.error is None:
        write_file(write_baseline, save_baseline(baseline_of(done.results)), "--write-baseline")
    deliver(done, outputs, quiet=quiet, no_color=no_color, summary_to=sys.stdout)
    raise typer.Exit(done.exit_code)
