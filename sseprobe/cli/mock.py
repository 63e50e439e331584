"""`sseprobe mock`: the mock LLM server on its own, in a process that this one becomes."""

import os
from typing import Annotated

import typer


def mock(  # noqa: PLR0917  typer passes by name
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    truth_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, metavar="N", help="Also serve /_truth on this port."),
    ] = None,
    scenario: Annotated[
        str, typer.Option(metavar="SPEC", help="Defaults of the knobs: tokens=50,itl_ms=5,…", show_default=False)
    ] = "",
    mode: Annotated[str, typer.Option(metavar="NAME", help="Behaviour on client disconnect.")] = "good",
    json: Annotated[bool, typer.Option("--json", help="Print the start line, or the list, as JSON.")] = False,
    list_all: Annotated[
        bool, typer.Option("--list", help="Print dialects, knobs, faults, modes; serve nothing.")
    ] = False,
) -> None:
    """Run the mock LLM server: the streaming APIs of many vendors, with the timing, seed and faults that you choose.

    Knobs, per request in the header X-Mock, the query parameter mock, or after a slash in the model name:

    \b
      tokens=200  ttft_ms=100  itl_ms=20  jitter_ms=0  seed=1  text=…
      reasoning=0  tools=0  citations=0  finish=…  fault=NAME@N  heartbeat_s=15

    \b
      sseprobe mock --list
      sseprobe mock --port 8000 --mode leak-queue
      sseprobe mock --port 0 --json --scenario tokens=50,itl_ms=5
      curl -N localhost:8000/sse -H 'X-Mock: tokens=5'
      curl localhost:8000/_truth
    """
    from sseprobe.mock_process import command

    words = command(port=port, host=host, truth_port=truth_port, scenario=scenario, mode=mode, json=json, list=list_all)
    os.execv(words[0], words)  # noqa: S606  our own interpreter, our own module
