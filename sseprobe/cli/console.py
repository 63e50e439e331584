"""The terminal: its width, and whether colours may be used."""

import os
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


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
