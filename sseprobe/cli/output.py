"""Where reports go: `--report FORMAT[:PATH]`, and the summary on the terminal."""

import shutil
import sys
from pathlib import Path
from typing import Final, TextIO

import msgspec

from sseprobe import exit_codes
from sseprobe.cli.console import colour_on
from sseprobe.config.options.output import OutputOptions
from sseprobe.errors import UsageError
from sseprobe.report import Report
from sseprobe.reporters import FORMATS, by_format
from sseprobe.text import visible

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
            raise UsageError(f"--report {name}: unknown format. Known are: {', '.join(formats)}.")
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


def deliver(report: Report, outputs: list[Output], options: OutputOptions, *, summary_to: TextIO | None = None) -> None:
    """Writes all reports, and the summary, or the reason why no stream came.

    `verbose`: the summary shows details too. `summary_to`: where the summary belongs, unless a report is alone there;
    standard error otherwise.
    """
    summary_to = sys.stderr if summary_to is None or any(map(takes_stdout, outputs)) else summary_to
    for output in outputs:
        write_report(output, by_format(output.format)(report, width=100, colour=False), to_stdout=takes_stdout(output))
    if report.error is not None:
        _write(sys.stderr, f"sseprobe: {visible(report.error)}\n")
    aborted = any(trial.left_ms is not None for trial in report.trials)
    interrupted = report.exit_code > exit_codes.BUG
    empty = interrupted and not report.streams and not aborted
    if not options.quiet and not empty and (report.error is None or aborted):
        width = shutil.get_terminal_size((100, 24)).columns
        colour = colour_on(summary_to, no_color=options.no_color)
        _write(summary_to, by_format("terminal")(report, width=width, colour=colour, verbose=options.verbose))
    elif report.error is None and report.abort is None and not interrupted:
        for stream in report.streams:
            if stream.ending_reason is not None:
                _write(sys.stderr, f"sseprobe: {stream.ending}: {visible(stream.ending_reason)}\n")
    if interrupted:
        _write(sys.stderr, "sseprobe: interrupted\n")


def render_saved(report: Report, outputs: list[Output], *, no_color: bool, verbose: bool) -> None:
    """Writes a saved report again; without `--report`, as the terminal's on standard output. Raises UsageError."""
    outputs = outputs or [Output("terminal", None)]
    if sum(output.path is None for output in outputs) > 1:
        raise UsageError(_ONE_ON_STDOUT)
    for output in outputs:
        shown = output.path is None
        width = shutil.get_terminal_size((100, 24)).columns if shown else 100
        colour = shown and output.format == "terminal" and colour_on(sys.stdout, no_color=no_color)
        write_report(
            output, by_format(output.format)(report, width=width, colour=colour, verbose=verbose), to_stdout=True
        )


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
    out.write(text)
    out.flush()
