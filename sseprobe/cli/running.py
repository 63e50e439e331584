"""From a command line to an exit code: runs a probe until it is over or interrupted, and delivers its report."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TextIO, TypeVar

import typer
from msgspec.structs import replace

from sseprobe.cli.interruption import interruption
from sseprobe.cli.observer import TerminalObserver
from sseprobe.cli.output import deliver, parse_reports
from sseprobe.config.options.groups import Options

T = TypeVar("T")


def run_probe(
    command: str,
    url: str | None,
    options: Options[Any],
    observer: TerminalObserver | None = None,
    *,
    summary_to: TextIO | None = None,
) -> NoReturn:
    """Runs a probe, writes its reports and exits. Raises UsageError.

    `summary_to`: where the summary belongs, unless a report is alone there; standard error otherwise.
    """
    from sseprobe import api

    outputs = parse_reports(options.output.reports)
    observer = observer or TerminalObserver(options.output)
    with observer:
        report = run_until_done(api.run(command, url, options, observer))
    if report.exit_code == 130:
        report = replace(report, exit_code=interruption.exit_code)
    deliver(report, outputs, options.output, summary_to=summary_to)
    raise typer.Exit(report.exit_code)


LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run_until_done(work: Coroutine[Any, Any, T], loop_factory: LoopFactory | None = None) -> T:
    """Runs it to its end; a signal cancels it, and what it returns then is returned."""

    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None
        with interruption.cancels(task):
            return await work

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main())


def serve_until_stopped(work: Coroutine[Any, Any, None], loop_factory: LoopFactory | None = None) -> None:
    """Runs a server until a signal comes, says so, and exits with the signal's code."""
    with contextlib.suppress(asyncio.CancelledError):
        run_until_done(work, loop_factory)
    print("sseprobe: interrupted", file=sys.stderr)
    raise typer.Exit(interruption.exit_code)
