"""Readers: what other people's clients make of the same bytes."""

from collections.abc import Iterator
from typing import Final

from sseprobe.report import ReaderReport, Report
from sseprobe.reporters.blocks import MAX_ROWS, Block, Column, Row, Table, Tone, more_than
from sseprobe.reporters.sections.base import Section
from sseprobe.text import one_line

_DIFFERENCES: Final = 5
_COLUMNS: Final = (Column("Client", wraps=True), Column("Reads the stream", wraps=True))
_AS_SPECIFIED: Final = "as the specification says"


def blocks(report: Report) -> Iterator[Block]:
    """Those that disagree, those that could not be run, and, in one row, those that agree."""
    ranked = sorted(report.readers, key=lambda each: (False, None, True).index(each.agrees))
    rows = [_row(each) for each in ranked[:MAX_ROWS] if not each.agrees]
    if agreeing := [_name(each) for each in report.readers[:MAX_ROWS] if each.agrees]:
        rows.append(Row(((", ".join(agreeing),), (_AS_SPECIFIED,)), Tone.GOOD))
    yield Table("Clients", _COLUMNS, tuple(rows), more_than(MAX_ROWS, len(report.readers), "clients"))


def _row(reader: ReaderReport) -> Row:
    differences = [one_line(each, 300) for each in reader.differences[:_DIFFERENCES]]
    if len(reader.differences) > _DIFFERENCES:
        differences.append(f"and {len(reader.differences) - _DIFFERENCES} more")
    word, tone = ("not run", Tone.PLAIN) if reader.agrees is None else ("differently", Tone.OPEN)
    text = f"{word}: {'; '.join(differences)}" if differences else word
    return Row(((_name(reader),), (text,)), tone)


def _name(reader: ReaderReport) -> str:
    return one_line(f"{reader.reader} {reader.version or ''}".rstrip(), 80)


SECTION: Final = Section("reader", blocks)
