"""Tables on a terminal: in columns where they fit, else each row in lines of its own."""

from collections.abc import Iterator, Mapping
from typing import Final

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from sseprobe.report import Excerpt
from sseprobe.reporters.blocks import Cell, Column, Quote, Row, Table, Tone

_GAP: Final = 2
_MAX_WORD: Final = 24
"""Columns: a longer word may be broken."""


def table_lines(table: Table, width: int, indent: int, styles: Mapping[Tone, str]) -> Iterator[Padding]:
    """The rows, in at most `width` columns, `indent` of them blank. `styles`: of a row's first cell."""
    cells = [[_plain(cell) for cell in row.cells] for row in table.rows]
    widths = _widths(table.columns, cells, width - indent)
    if widths is None:
        for row, texts in zip(table.rows, cells, strict=True):
            yield from _stacked(table.columns, row, texts, indent, styles)
        return
    grid = Grid(box=None, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for column, size in zip(table.columns, widths, strict=True):
        grid.add_column(
            _head(column), justify="right" if column.number else "left", overflow="fold", vertical="top", width=size
        )
    for row, texts in zip(table.rows, cells, strict=True):
        grid.add_row(Text(texts[0], styles[row.tone]), *map(Text, texts[1:]))
    yield Padding(grid, (0, 0, 0, indent), expand=False)


def _plain(cell: Cell) -> str:
    parts = []
    for part in cell:
        if isinstance(part, Quote):
            parts.append(f"{part.label} {part.text}".lstrip())
        elif isinstance(part, Excerpt):
            parts.append(f"{part.before}⟦{part.marked}⟧{part.after}")
        else:
            parts.append(part)
    return "\n".join(parts)


def _head(column: Column) -> str:
    """Of a number, a word a line: numbers are short."""
    return column.name.replace(" ", "\n") if column.number else column.name


def _widths(columns: tuple[Column, ...], cells: list[list[str]], room: int) -> list[int] | None:
    """The width of each column; None where they do not fit."""
    least, most = [], []
    for index, column in enumerate(columns):
        texts = [_head(column), *(row[index] for row in cells)]
        longest = max(cell_len(line) for text in texts for line in text.split("\n"))
        word = max((cell_len(word) for text in texts for word in text.split()), default=1)
        least.append(min(longest, word, _MAX_WORD) if column.wraps else longest)
        most.append(longest)
    left = room - sum(least) - _GAP * (len(columns) - 1)
    if left < 0:
        return None
    while left and least != most:
        # The narrowest of those that want more comes first: short texts stay whole.
        index = min((i for i in range(len(least)) if least[i] < most[i]), key=lambda i: least[i])
        least[index] += 1
        left -= 1
    return [max(1, each) for each in least]


def _stacked(
    columns: tuple[Column, ...], row: Row, texts: list[str], indent: int, styles: Mapping[Tone, str]
) -> Iterator[Padding]:
    numbers = [f"{column.name} {text}" for column, text in zip(columns, texts, strict=True) if column.number and text]
    others = [
        f"{column.name}: {text}" if index and column.name else text
        for index, (column, text) in enumerate(zip(columns[1:], texts[1:], strict=True))
        if not column.number and text
    ]
    yield Padding(Text.assemble((texts[0], styles[row.tone]), "  ", "  ".join(others[:1])), (0, 0, 0, indent))
    for line in (*others[1:], " · ".join(numbers)):
        if line:
            yield Padding(Text(line), (0, 0, 0, indent + _GAP))
