"""What a terminal shows while a probe runs: what is being done, results as they arrive, and the stream itself."""

import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from sseprobe.cli.console import colour_on
from sseprobe.config.options.output import OutputOptions
from sseprobe.http_exchange import Request
from sseprobe.probes.observer import Observer
from sseprobe.redaction import Redactor
from sseprobe.reporters.live import EventsView, JsonView, RawView, TextView, VerboseView
from sseprobe.streams.view import SilentView, StreamView
from sseprobe.text import visible

if TYPE_CHECKING:
    from rich.status import Status


class TerminalObserver(Observer):
    """Shows progress on a terminal, of which nothing stays; results stay, also where there is no terminal.

    `shown`: of the stream, on standard output: text, events, raw, json or nothing.
    """

    def __init__(self, options: OutputOptions, shown: str = "nothing") -> None:
        self._options = options
        self._shown = shown
        self._status: Status | None = None
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> "TerminalObserver":
        return self

    def __exit__(self, *exc: object) -> None:
        self._cleanup.close()

    @property
    def _on_terminal(self) -> bool:
        return not self._options.quiet and colour_on(sys.stderr, no_color=self._options.no_color)

    def progress(self, what: str) -> None:
        """On a terminal, in a line that does not stay."""
        if self._on_terminal and self._shown == "nothing":
            self._line().update(visible(what))

    def result(self, line: str) -> None:
        """A line that stays."""
        if self._options.quiet:
            return
        if self._status is not None:
            self._status.console.print(visible(line), markup=False, highlight=False)
        else:
            sys.stderr.write(f"sseprobe: {visible(line)}\n")
            sys.stderr.flush()

    def stream_view(self, redact: Redactor, request: Request) -> StreamView:
        """The view for `--show` and `--json`, with request and head for `--verbose`."""
        out = sys.stdout
        colour = colour_on(out, no_color=self._options.no_color)
        views: dict[str, Callable[[], StreamView]] = {
            "text": lambda: TextView(out, redact, colour=colour),
            "events": lambda: EventsView(out, redact),
            "raw": lambda: RawView(out, redact, as_is=not out.isatty()),
            "json": lambda: JsonView(out, redact),
            "nothing": SilentView,
        }
        view = views[self._shown]()
        return VerboseView(view, sys.stderr, redact, request) if self._options.verbose else view

    def _line(self) -> "Status":
        if self._status is None:
            from rich.console import Console

            self._status = self._cleanup.enter_context(Console(file=sys.stderr).status(""))
        return self._status
