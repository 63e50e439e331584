"""`sseprobe parse`: recorded bytes in, events and wire findings out; needs no network."""

from pathlib import Path
from typing import Annotated

import typer

from sseprobe.errors import UsageError

_FORMATS = ("terminal", "json")


def parse(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Recorded bytes or a cassette; -: standard input.")
    ],
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT[:PATH]",
            help="Write a report: terminal or json, to PATH or standard output; repeatable.",
        ),
    ] = None,
) -> None:
    """Read recorded bytes as the specification says: events, comments, and what is wrong with them.

    \b
      curl -sN http://localhost:8000/events > body.txt; sseprobe parse body.txt
      sseprobe parse - --report json < body.txt

    Exit codes: 0 no finding of severity error; 1 at least one; 2 usage error.
    """
    from sseprobe.cli.output import parse_reports, write_report
    from sseprobe.probes.parse import parse_bytes, render

    outputs = parse_reports(report, _FORMATS)
    parsed = [parse_bytes(name, _read(name)) for name in files]
    for output in outputs or parse_reports(["terminal"]):
        write_report(output, "".join(render(each, output.format) for each in parsed), to_stdout=True)
    raise typer.Exit(max(each.exit_code for each in parsed))


def _read(name: str) -> bytes:
    try:
        if name == "-":
            with open(0, "rb", closefd=False) as file:
                return file.read()
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror}).") from error
