"""Blocks: what sections yield, and what `terminal`, `html` and `markdown` write, each in its own way.

Text in a block is safe to show, short, and not escaped for any format yet.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sseprobe.report import Excerpt, Verdict

MAX_ROWS: Final = 100
"""Of a block: sections count what is beyond it."""


class Tone(StrEnum):
    """What a row or a record means for the verdict."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


VERDICT_TONES: Final = {Verdict.PASS: Tone.GOOD, Verdict.FAIL: Tone.BAD, Verdict.INCONCLUSIVE: Tone.OPEN}


class Quote(Struct, frozen=True):
    """Text from outside, word by word, and a label for it."""

    text: str
    label: str = ""


Part = str | Quote | Excerpt
Cell = tuple[Part, ...]
"""Parts that stand below each other."""


class Column(Struct, frozen=True):
    """A column of a table. `number`: to the right, and in one line; `wraps`: long text, in several lines if need be."""

    name: str
    number: bool = False
    wraps: bool = False


class Row(Struct, frozen=True):
    """One row of a table."""

    cells: tuple[Cell, ...]
    tone: Tone = Tone.PLAIN


class Field(Struct, frozen=True):
    """A line of a record. `label`: may be empty. `detail`: for files, and for a terminal with -v."""

    label: str
    part: Part
    tone: Tone = Tone.PLAIN
    detail: bool = False


class Record(Struct, frozen=True):
    """A heading and labelled lines. The first word of the heading has the record's tone."""

    word: str
    heading: str
    fields: tuple[Field, ...] = ()
    tone: Tone = Tone.PLAIN


class Lines(Struct, frozen=True):
    """Sentences. `detail`: for files, and for a terminal with -v."""

    title: str
    lines: tuple[Cell, ...]
    tone: Tone = Tone.PLAIN
    detail: bool = False


class Table(Struct, frozen=True):
    """Rows in columns. `notes`: sentences below them."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[Cell, ...] = ()
    detail: bool = False


class Records(Struct, frozen=True):
    """Records, the most important first. `head`: what a file calls the headings and the lines."""

    title: str
    head: tuple[str, str]
    records: tuple[Record, ...]
    notes: tuple[Cell, ...] = ()
    detail: bool = False


Block = Lines | Table | Records


class Header(Struct, frozen=True):
    """The verdict, of what, and why in a few sentences. `facts`: what the run was."""

    verdict: str
    tone: Tone
    command: str
    target: str
    lines: tuple[str, ...]
    facts: str


def is_empty(block: Block) -> bool:
    """Whether there is nothing in it to show."""
    if isinstance(block, Lines):
        return not block.lines
    return not (block.rows if isinstance(block, Table) else block.records) and not block.notes


def more_than(shown: int, count: int, what: str) -> tuple[Cell, ...]:
    """A note on what is left out, if anything is."""
    return ((f"… and {count - shown:,} more {what}: see --report json",),) if count > shown else ()


def without_empty_columns(block: Block) -> Block:
    """A table without the columns in which no row holds anything; what is no table as it is."""
    if not isinstance(block, Table) or not block.rows:
        return block
    kept = [index for index in range(len(block.columns)) if any(any(row.cells[index]) for row in block.rows)]
    return replace(
        block,
        columns=tuple(block.columns[index] for index in kept),
        rows=tuple(replace(row, cells=tuple(row.cells[index] for index in kept)) for row in block.rows),
    )
