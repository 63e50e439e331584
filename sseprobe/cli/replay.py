"""`sseprobe replay`: serves a recorded stream."""

from typing import Annotated

import typer

from sseprobe.errors import UsageError


def replay(
    cassette: Annotated[str, typer.Argument(metavar="CASSETTE", help="A recording; -: standard input.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    speed: Annotated[float, typer.Option(metavar="F", help="2: twice as fast; inf: as fast as possible.")] = 1.0,
    json: Annotated[bool, typer.Option("--json", help="Print the start line as JSON.")] = False,
) -> None:
    """Serve a recorded stream with its recorded timing and ending, to any request, until Ctrl-C.

    \b
      sseprobe stream http://localhost:8000/v1/chat/completions --record stream.jsonl
      sseprobe replay stream.jsonl --port 9000
      sseprobe stream http://localhost:9000/v1/chat/completions
      sseprobe replay stream.jsonl --port 0 --json --speed inf

    Exit codes: 2 usage error, a broken recording, or a port in use; 130 for Ctrl-C.
    """
    from sseprobe.cli.running import serve_until_stopped
    from sseprobe.probes.files import open_cassette
    from sseprobe.replay.response import Replay
    from sseprobe.replay.server import listen, serve
    from sseprobe.text import one_line, to_json
    from sseprobe.units import human_ms, ms

    if not speed > 0:
        raise UsageError(f"--speed {speed:g}: expected a factor above 0, such as 0.5 or 10, or inf.")
    recorded = open_cassette(cassette)
    replayed = Replay(recorded, cassette, speed=speed)
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}{replayed.target}"
        length = human_ms(ms(recorded.end.t_ns / speed))
        what = f"{len(recorded.chunks)} chunks of {one_line(recorded.opening.dialect, 40)} over {length}"
        typer.echo(to_json({"url": url, "port": port}) if json else f"replaying {what}, {recorded.end.end}, on {url}")
        serve_until_stopped(serve(replayed, listener))
