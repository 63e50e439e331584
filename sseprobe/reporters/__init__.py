"""Reporters: a Report in, text out; nothing else is seen. To add one: one file here, and its line in `_MODULES`."""

from importlib import import_module
from typing import Final, Protocol

from sseprobe.report import Report

_MODULES: Final = {
    name: f"sseprobe.reporters.{name}" for name in ("terminal", "json", "junit", "sarif", "html", "markdown", "github")
}
FORMATS: Final = tuple(_MODULES)


class Render(Protocol):
    """Report -> text. Of the options, `terminal` alone takes note.

    `width`: columns at hand; `colour`: whether escape sequences may be used; `verbose`: whether to show details too.
    """

    def __call__(self, report: Report, *, width: int, colour: bool, verbose: bool = False) -> str: ...


def by_format(name: str) -> Render:
    """The reporter of a format, one of `FORMATS`."""
    render: Render = import_module(_MODULES[name]).render
    return render
