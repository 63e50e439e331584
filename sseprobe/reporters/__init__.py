"""Reporters: a Report in, text out; nothing else is seen. To add one: one file here, and its name in `FORMATS`."""

from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # `--help` lists the formats, and shall be quick
    from sseprobe.report import Report

FORMATS: Final = (
    "terminal",
    "json",
    "junit",
    "sarif",
    "html",
    "markdown",
    "github",
)
"""In the order of help and docs. A format is called as its module, which is imported when it is used."""


class Render(Protocol):
    """Report -> text. Of the options, `terminal` alone takes note.

    `width`: columns at hand; `colour`: whether escape sequences may be used; `verbose`: whether to show details too.
    """

    def __call__(self, report: "Report", *, width: int, colour: bool, verbose: bool = False) -> str: ...


def by_format(name: str) -> Render:
    """The reporter of a format, one of `FORMATS`."""
    render: Render = import_module(f"{__name__}.{name}").render
    return render
