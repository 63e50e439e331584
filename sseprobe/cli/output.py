"""Where reports go: `--report FORMAT[:PATH]`, the terminal's width, and whether colours may be used."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import msgspec

from sseprobe.cassette import Cassette, load
from sseprobe.errors import UsageError
from sseprobe.reception import View
from sseprobe.redaction import Redactor
from sseprobe.report import Report
from sseprobe.reporters import FORMATS, by_format
from sseprobe.reporters.live import EventsView, JsonView, RawView, SilentView, TextView, VerboseView
from sseprobe.text import visible
from sseprobe.transcript import Request

if TYPE_CHECKING:
    from rich.console import Console

_ONE_ON_STDOUT: Final = "--report: only one report can go to standard output. Give the others a path: json:FILE."


class Output(msgspec.Struct, frozen=True):
    """One `--report`. `path` None: standard output; for `terminal`, the summary on standard error."""

    format: str
    path: str | None


def parse_reports(words: list[str] | None, formats: tuple[str, ...] = FORMATS) -> list[Output]:
    """`--report` as given, each path found to be writable before anything is run.

    Raises UsageError for an unknown format, for two reports on standard output, and for a path that cannot be written.
    """
    outputs = []
    for word in words or []:
        name, _, path = word.partition(":")
        if name not in formats:
            raise UsageError(f"--report {name}: not a format that is written here. Known are: {', '.join(formats)}.")
        outputs.append(Output(name, None if path in ("", "-") else path))
    if sum(takes_stdout(output) for output in outputs) > 1:
        raise UsageError(_ONE_ON_STDOUT)
    for output in outputs:
        _try_path(output)
    return outputs


def _try_path(output: Output) -> None:
    """Finds out whether a report can be written, and leaves what is there as it is. Raises UsageError."""
    if output.path is None:
        return
    path = Path(output.path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            return  # a pipe or a device: opening it is not without consequences
        path, is_new = path.resolve(), not path.exists()
        with path.open("ab"):
            pass
        if is_new:
            path.unlink()
    except OSError as error:
        raise _unwritable(output, error) from error


def _unwritable(output: Output, error: OSError) -> UsageError:
    return UsageError(f"--report {output.format}:{output.path}: cannot be written ({error.strerror}).")


def takes_stdout(output: Output) -> bool:
    """Whether this report is alone on standard output."""
    return output.path is None and output.format != "terminal"


def colour_on(stream: TextIO, *, no_color: bool) -> bool:
    """Whether escape sequences may be written: only to a terminal, and not if asked not to (no-color.org)."""
    return stream.isatty() and not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal(*, no_color: bool) -> "Console":
    """Standard output for text and tables: as wide as the terminal, in colour if it may be."""
    from rich.console import Console

    colour = colour_on(sys.stdout, no_color=no_color)
    width = shutil.get_terminal_size((100, 24)).columns
    return Console(
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def live_view(
    shown: str,
    redact: Redactor | None = None,
    *,
    no_color: bool,
    verbose: bool = False,
    request: Request | None = None,
) -> View:
    """The view for `--show` (text, events, raw), for `--json` (json), or none (nothing)."""
    redact = redact or Redactor()
    out = sys.stdout
    colour = colour_on(out, no_color=no_color)
    views: dict[str, Callable[[], View]] = {
        "text": lambda: TextView(out, redact, colour=colour),
        "events": lambda: EventsView(out, redact),
        "raw": lambda: RawView(out, redact, as_is=not out.isatty()),
        "json": lambda: JsonView(out, redact),
        "nothing": SilentView,
    }
    view = views[shown]()
    return VerboseView(view, sys.stderr, redact, request) if verbose and request is not None else view


def open_cassette(path: str) -> Cassette:
    """Reads a recording; `-` is standard input. Raises UsageError."""
    name = "standard input" if path == "-" else path
    try:
        with open(0, "rb", closefd=False) if path == "-" else Path(path).open("rb") as file:
            return load(file, name)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror}).") from error


def read_file(path: str, option: str) -> bytes:
    """A file that an option names. Raises UsageError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be read ({error.strerror}).") from error


def write_file(path: str, data: bytes, option: str, *, append: bool = False) -> None:
    """Writes a file that an option names. Raises UsageError."""
    try:
        with Path(path).open("ab" if append else "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written ({error.strerror}).") from error


@contextlib.contextmanager
def open_recording(path: str) -> Iterator[BufferedWriter]:
    """The file for a recording, for as long as the block lasts. Raises UsageError."""
    try:
        with Path(path).open("wb") as file:
            yield file
    except OSError as error:
        raise UsageError(f"--record {path}: cannot be written ({error.strerror}).") from error


def deliver(
    report: Report,
    outputs: list[Output],
    *,
    quiet: bool,
    no_color: bool,
    verbose: bool = False,
    summary_to: TextIO | None = None,
) -> None:
    """Writes all reports, and the summary, or the sentence that says why there is no stream.

    `verbose`: the summary shows details too. `summary_to`: where the summary belongs, unless a report is alone there;
    standard error otherwise.
    """
    summary_to = sys.stderr if summary_to is None or any(map(takes_stdout, outputs)) else summary_to
    for output in outputs:
        write_report(output, by_format(output.format)(report, width=100, colour=False), to_stdout=takes_stdout(output))
    if report.error is not None:
        _write(sys.stderr, f"sseprobe: {visible(report.error)}\n")
    if not quiet and (report.error is None or any(trial.left_ms is not None for trial in report.trials)):
        width = shutil.get_terminal_size((100, 24)).columns
        colour = colour_on(summary_to, no_color=no_color)
        _write(summary_to, by_format("terminal")(report, width=width, colour=colour, verbose=verbose))
    elif report.error is None and report.abort is None:
        for stream in report.streams:
            if stream.ending_reason is not None:
                _write(sys.stderr, f"sseprobe: {stream.ending}: {visible(stream.ending_reason)}\n")


_VERDICTS = ("FAIL", "PASS", "INCONCLUSIVE")


@contextlib.contextmanager
def progress_to(stream: TextIO, *, quiet: bool, no_color: bool) -> Iterator[Callable[[str], None]]:
    """Shows what is being done, for as long as the block lasts: only to a terminal, and nothing of it stays.

    What begins with a verdict in capitals is worth a line that stays.
    """
    if quiet or not colour_on(stream, no_color=no_color):
        yield lambda _said: None
        return
    from rich.console import Console

    with Console(file=stream).status("") as status:

        def show(said: str) -> None:
            if said.startswith(_VERDICTS):
                status.console.print(visible(said), markup=False, highlight=False)
            else:
                status.update(visible(said))

        yield show


def lines_to(stream: TextIO, *, quiet: bool, no_color: bool) -> Callable[[str], None] | None:
    """Writes what becomes known, a line each. None on a terminal of progress, where it would be in its way."""
    if quiet:
        return lambda _said: None
    if colour_on(stream, no_color=no_color):
        return None

    def tell(said: str) -> None:
        _write(stream, f"sseprobe: {visible(said)}\n")

    return tell


def render_saved(report: Report, outputs: list[Output], *, no_color: bool) -> None:
    """Writes a saved report again; without `--report`, as the terminal's on standard output. Raises UsageError."""
    outputs = outputs or [Output("terminal", None)]
    if sum(output.path is None for output in outputs) > 1:
        raise UsageError(_ONE_ON_STDOUT)
    for output in outputs:
        shown = output.path is None
        width = shutil.get_terminal_size((100, 24)).columns if shown else 100
        colour = shown and output.format == "terminal" and colour_on(sys.stdout, no_color=no_color)
        write_report(output, by_format(output.format)(report, width=width, colour=colour), to_stdout=True)


def write_report(output: Output, text: str, *, to_stdout: bool) -> None:
    """Writes a report to its path, or, if it may, to standard output. Raises UsageError."""
    if output.path is not None:
        try:
            Path(output.path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise _unwritable(output, error) from error
    elif to_stdout:
        _write(sys.stdout, text)


def _write(out: TextIO, text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        out.write(text)
        out.flush()
