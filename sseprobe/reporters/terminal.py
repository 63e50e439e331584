"""`terminal`: for people. The verdict stands last, where a screen ends, and the worst finding just before it.

The blocks of all sections in reverse: what matters most is nearest to the verdict. Without -v, details are left out.
"""

from collections.abc import Iterator
from io import StringIO
from itertools import groupby
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from sseprobe.report import Excerpt, Report
from sseprobe.reporters.blocks import Block, Cell, Field, Header, Lines, Part, Quote, Record, Records, Tone
from sseprobe.reporters.excerpts import excerpt_lines
from sseprobe.reporters.sections import blocks_of, header_of
from sseprobe.reporters.tables import table_lines
from sseprobe.text import one_line

STYLES: Final = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.BAD: "red", Tone.OPEN: "yellow"}

_INDENT: Final = 2
_FIELD_INDENT: Final = 4
_LABEL: Final = 20
"""Columns: a longer label stands before its text, in the same line."""
_NARROW: Final = 40
_TARGET: Final = 300

Line = Text | Grid | Padding


def render(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """The report as lines of at most `width` columns; `verbose`: details too."""
    out = StringIO()
    width = max(20, width)
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for block in reversed(blocks_of(report)):
        if verbose or not block.detail:
            for line in _block(block, width, verbose=verbose):
                console.print(line)
            console.print()
    for line in _header(header_of(report)):
        console.print(line, soft_wrap=False)
    text = out.getvalue()
    return text if colour else "".join(f"{line.rstrip()}\n" for line in text.split("\n")[:-1])


def _header(header: Header) -> Iterator[Line]:
    for sentence in header.lines:
        yield _indented(Text(sentence))
    yield Text.assemble(
        (header.verdict.upper(), f"bold {STYLES[header.tone]}"),
        f"  {header.command}  {one_line(header.target, _TARGET)}",
    )


def _block(block: Block, width: int, *, verbose: bool) -> Iterator[Line]:
    if isinstance(block, Lines):
        yield Text(block.title, style="bold")
        for cell in block.lines:
            yield _indented(_sentence(cell, STYLES[block.tone]))
        return
    notes = [_indented(_sentence(note, "dim")) for note in block.notes]
    if not isinstance(block, Records):
        yield Text(block.title, style="bold")
        yield from table_lines(block, width, _INDENT, STYLES)
        yield from notes
        return
    # A record says what it is; several want a name.
    if len(block.records) > 1:
        yield Text(block.title, style="bold")
    for index, record in enumerate(reversed(block.records)):
        if index:
            yield Text()
        yield from _record(record, width, verbose=verbose)
    yield from notes


def _indented(text: Text, columns: int = _INDENT) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _sentence(cell: Cell, style: str) -> Text:
    return Text("\n").join(_part(part, style) for part in cell)


def _part(part: Part, style: str) -> Text:
    if isinstance(part, Quote):
        return Text.assemble((part.label, "dim"), " " if part.label else "", (part.text, style))
    if isinstance(part, Excerpt):
        return Text(f"{part.before}⟦{part.marked}⟧{part.after}", style)
    return Text(part, style)


def _record(record: Record, width: int, *, verbose: bool) -> Iterator[Line]:
    yield _indented(Text.assemble((record.word, f"bold {STYLES[record.tone]}"), f"  {record.heading}"))
    fields = [field for field in record.fields if verbose or not field.detail]
    labels = [cell_len(field.label) for field in fields if cell_len(field.label) <= _LABEL]
    for in_columns, group in groupby(fields, lambda field: width >= _NARROW and 0 < cell_len(field.label) <= _LABEL):
        if in_columns:
            yield _columns(list(group), max(labels))
        else:
            for field in group:
                yield from _lone(field, width)
    if len(fields) < len(record.fields):
        yield _indented(Text("… more with -v", style="dim"), _FIELD_INDENT)


def _columns(fields: list[Field], width: int) -> Padding:
    grid = Grid.grid(padding=(0, 2), pad_edge=False)
    grid.add_column(style="dim", no_wrap=True, min_width=width)
    grid.add_column(overflow="fold")
    for field in fields:
        grid.add_row(Text(field.label), _part(field.part, STYLES[field.tone]))
    return Padding(grid, (0, 0, 0, _FIELD_INDENT), expand=False)


def _lone(field: Field, width: int) -> Iterator[Line]:
    if isinstance(field.part, Excerpt) and not field.label:
        yield from excerpt_lines(field.part, width, _FIELD_INDENT + 2)
    else:
        label = Text(f"{field.label}: " if field.label else "", style="dim")
        yield _indented(label + _part(field.part, STYLES[field.tone]), _FIELD_INDENT)
