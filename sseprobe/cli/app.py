"""The command line: one line for each command. What a command does is in its own file."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from sseprobe import __version__
from sseprobe.cli import late_help
from sseprobe.cli.abort_test import abort_test
from sseprobe.cli.buffer_test import buffer_test
from sseprobe.cli.check import check
from sseprobe.cli.derive import probe_command
from sseprobe.cli.interruption import interruption
from sseprobe.cli.mock import mock
from sseprobe.cli.parse import parse
from sseprobe.cli.proxy import proxy
from sseprobe.cli.replay import replay
from sseprobe.cli.report import report
from sseprobe.cli.rules import rules
from sseprobe.cli.stream import stream
from sseprobe.config.options.probes import AbortOptions, BufferOptions, CheckOptions, StreamOptions

app = typer.Typer(
    name="sseprobe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sseprobe {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Does your LLM endpoint really stream, end correctly, and stop when the client disconnects? Tested from outside.

    \b
      sseprobe stream                 stream from the bundled mock; needs no set-up
      sseprobe stream URL --prompt …  stream from your own endpoint
      sseprobe abort-test             abort a stream of the bundled mock, and prove that it stops
      sseprobe buffer-test            the bundled mock behind simulated proxies: which break its streaming
      sseprobe check                  check the bundled mock with every rule and every probe
      sseprobe report check.json      render a saved report again
      sseprobe parse body.txt         read recorded bytes as the specification says
      sseprobe rules SSE007           explain a rule
      sseprobe proxy URL --profile nginx-legacy   run a reverse proxy that behaves like nginx
      sseprobe mock --port 8000       run a mock LLM server to develop against
      sseprobe replay stream.jsonl    serve a recorded stream with its recorded timing
    """


def _help(command: Callable[..., None]) -> str:
    """The docstring with every paragraph in one line, for the terminal to wrap; what follows a \\b keeps its lines."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(each if each.startswith("\b") else each.replace("\n", " ") for each in paragraphs)


def _at_once(command: Callable[..., None]) -> Callable[..., None]:
    """A command that leaves no report behind: a signal ends it wherever it is."""

    @functools.wraps(command)
    def stoppable(*args: Any, **given: Any) -> None:
        interruption.stop_at_once()
        command(*args, **given)

    return stoppable


COMMANDS: Final = (
    probe_command(stream, StreamOptions, "Stream"),
    probe_command(abort_test, AbortOptions, "Abort test"),
    probe_command(buffer_test, BufferOptions, "Proxies"),
    probe_command(check, CheckOptions, "Probes"),
    _at_once(parse),
    _at_once(rules),
    _at_once(report),
    proxy,
    _at_once(mock),
    replay,
)

for _command in COMMANDS:
    app.command(_command.__name__.replace("_", "-"), cls=late_help.Command, help=_help(_command))(_command)
