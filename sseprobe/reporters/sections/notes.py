"""Notes: what the reader of the verdict should know."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import Report
from sseprobe.reporters.blocks import MAX_ROWS, Block, Cell, Lines, Tone, more_than
from sseprobe.reporters.sections.base import Section
from sseprobe.text import one_line

_NOTE: Final = 1000


def blocks(report: Report) -> Iterator[Block]:
    notes = list(dict.fromkeys(one_line(note, _NOTE) for note in report.notes))
    shown: tuple[Cell, ...] = tuple((note,) for note in notes[:MAX_ROWS])
    yield Lines("Notes", shown + more_than(len(shown), len(notes), "notes"), Tone.OPEN)


SECTION: Final = Section("note", blocks)
