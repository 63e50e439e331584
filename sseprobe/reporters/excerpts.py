"""The bytes of a finding on a terminal: one line, and carets below what is meant."""

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sseprobe.report import Excerpt


def excerpt_lines(excerpt: Excerpt, width: int, indent: int) -> Iterator[Text]:
    """The bytes in one line cut to the width, and carets under those that are meant."""
    room = max(8, width - indent)
    before, marked, after = excerpt.before, excerpt.marked, excerpt.after
    # The beginning of what is marked is in view: what stands before it gives way first.
    left = _last_cells(before, max(room // 4, room - cell_len(marked) - cell_len(after)))
    start = cell_len(left)
    marked = _first_cells(marked, room - start)
    after = _first_cells(after, room - start - cell_len(marked))
    line = Text(" " * indent, no_wrap=True, overflow="crop")
    yield line.append(left, style="dim").append(marked, style="bold red").append(after, style="dim")
    carets = "^" * max(1, cell_len(marked))
    yield Text(" " * (indent + min(start, room - 1)) + carets, style="red", no_wrap=True, overflow="crop")


def _first_cells(text: str, cells: int) -> str:
    """The text, or as much of its beginning as fits, with `…` where it is cut."""
    if cell_len(text) <= cells:
        return text
    return f"{set_cell_size(text, cells - 1).rstrip()}…" if cells > 0 else ""


def _last_cells(text: str, cells: int) -> str:
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) >= cells:
        text = text[1:]
    return f"…{text}"
