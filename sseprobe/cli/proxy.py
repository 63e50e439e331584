"""`sseprobe proxy`: a reverse proxy that behaves like a named profile."""

from typing import Annotated

import typer

from sseprobe.cli import shared_options as o

BEHAVIOUR = "Behaviour"
LISTENING = "Listening"


def _list(wanted: bool) -> None:
    """Prints the profiles and the faults."""
    if not wanted:
        return
    from sseprobe.proxy.faults import all_faults
    from sseprobe.proxy.profile import NAMES, by_name

    known = [("Profiles", [(name, by_name(name).title) for name in NAMES])]
    known.append(("Faults", [(kind.syntax, kind.summary) for kind in all_faults().values()]))
    for title, rows in known:
        typer.echo(f"{title}:")
        width = max(len(word) for word, _ in rows)
        for word, meaning in rows:
            typer.echo(f"  {word:{width}}  {meaning}")
    raise typer.Exit


def proxy(  # noqa: PLR0917  typer passes by name
    upstream: Annotated[str, typer.Argument(metavar="UPSTREAM", help="The server to forward to: http://HOST:PORT")],
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="The proxy to imitate: one of --list, or a TOML file. (default: none, bytes pass unchanged)",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="A fault to add behind the profile: NAME or NAME:VALUE; repeatable.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="N", help="Port to listen on; 0 takes a free one.", rich_help_panel=LISTENING
        ),
    ] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.", rich_help_panel=LISTENING)] = "127.0.0.1",
    admin_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="N",
            help="Serve the admin endpoint here, on loopback; 0 takes a free port.",
            rich_help_panel=LISTENING,
        ),
    ] = None,
    insecure: o.Insecure = False,
    cacert: o.CaCert = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the start line as JSON.", rich_help_panel=LISTENING)
    ] = False,
    list_all: Annotated[  # noqa: ARG001  see `_list`
        bool,
        typer.Option(
            "--list",
            help="Print profiles and faults; serve nothing.",
            callback=_list,
            is_eager=True,
            rich_help_panel=BEHAVIOUR,
        ),
    ] = False,
) -> None:
    """Run a reverse proxy that behaves like real middleware: it buffers, compresses, times out, cuts.

    Without a profile and faults every byte passes unchanged. It forwards to one upstream only: it is not an open proxy.

    \b
      sseprobe proxy http://localhost:8000 --profile nginx-legacy
      sseprobe proxy http://localhost:8000 --profile my-proxy.toml --port 0 --json
      sseprobe proxy http://localhost:8000 --fault latency:50~20 --fault rst-after:2000
      sseprobe proxy http://localhost:8000 --admin-port 8081
      curl -X PUT localhost:8081/faults -H 'Content-Type: application/json' -d '["stall:5"]'

    `sseprobe proxy --list` prints profiles and faults; docs/proxy.md describes them. Runs until Ctrl-C.

    Exit codes: 2 usage error, or a port in use; 130 for Ctrl-C.
    """
    from sseprobe.cli.running import serve_until_stopped
    from sseprobe.config.options.connection import ConnectOptions, verification
    from sseprobe.proxy.address import UpstreamAddress
    from sseprobe.proxy.background import new_loop
    from sseprobe.proxy.behaviour import Behaviour
    from sseprobe.proxy.foreground import serve
    from sseprobe.proxy.profile import by_name

    behaviour = Behaviour(None if profile is None else by_name(profile), fault or [])
    verify = verification(ConnectOptions(insecure=insecure, ca_file=cacert))
    serving = serve(
        UpstreamAddress(upstream, verify), behaviour, host=host, port=port, admin_port=admin_port, json=json
    )
    serve_until_stopped(serving, new_loop)
