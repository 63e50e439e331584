"""`markdown`: for a job summary or a comment, as GitHub renders it. Text from outside stays text.

Sentences are escaped; bytes and values stand in code spans, which know neither links, mentions, images nor HTML. A pull
request's comment holds 65,536 characters, so what exceeds that is left out, with a note.
"""

import re
from typing import Final

from sseprobe.report import Report
from sseprobe.reporters.blocks import Block, Cell, Header, Lines, Part, Quote, Record, Row, Table, Tone
from sseprobe.reporters.sections import blocks_of, header_of

_MAX_CHARS: Final = 60_000
_MARKS: Final = {Tone.PLAIN: "", Tone.GOOD: "✅ ", Tone.BAD: "❌ ", Tone.OPEN: "⚠️ "}
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>|~&$]")
_LINKS: Final = re.compile(r"@|#(?=\d)|(?<=:)//|(?<=www)\.|(?<=[Gg][Hh])-(?=\d)", re.IGNORECASE)
_AT_START: Final = re.compile(r"^\s*([-+=#]|\d+[.)](?=\s|$))")


def render(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """The report as a page of GitHub's Markdown."""
    del width, colour, verbose
    parts = list(_head(header_of(report)))
    size = sum(len(part) + 1 for part in parts)
    for block in blocks_of(report):
        part = _block(block, _MAX_CHARS - size)
        size += len(part) + 1
        parts.append(part)
    return "\n".join(parts)


def prose(text: str) -> str:
    """A sentence from outside that Markdown reads as nothing but text."""
    # A space without width keeps mentions, issue numbers and addresses from becoming links.
    text = _LINKS.sub(lambda match: f"{match[0]}\u200b" if match[0] in "@#" else f"\u200b{match[0]}", text)
    text = _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)
    return _AT_START.sub(lambda match: f"&#{ord(match[1][0])};{match[1][1:]}", text)


def code(text: str) -> str:
    """Words from outside as they came, in a code span that may stand in a table."""
    if "|" in text:  # which tables split at even here, and renderers disagree on how to escape
        return (
            "<code>"
            + "".join(char if char.isalnum() or char == " " else f"&#{ord(char)};" for char in text)
            + "</code>"
        )
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    # One space at both ends is taken away again (CommonMark 6.1), and keeps the text's own backticks from the fence.
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text.strip() else "` `"


def _head(header: Header) -> list[str]:
    mark, command = _MARKS[header.tone], prose(header.command)
    lines = [f"## {mark}{header.verdict.upper()}: sseprobe {command}", "", code(header.target), ""]
    for line in header.lines:
        lines += [prose(line), ""]
    return [*lines, f"<sub>{prose(header.facts)}</sub>", ""]


def _block(block: Block, room: int) -> str:
    """A block in as many characters as there is room for."""
    lines = [f"### {prose(block.title)}", ""]
    if not isinstance(block, Lines):
        if isinstance(block, Table):
            names, rows = [column.name for column in block.columns], list(map(_row, block.rows))
        else:
            names, rows = list(block.head), list(map(_record, block.records))
        if rows:
            lines += [_row_of(names), _row_of(["---"] * len(names))]
            kept = _fitting(rows, room - sum(map(len, lines)))
            lines += [*kept, ""]
            if len(kept) < len(rows):
                lines += [f"… and {len(rows) - len(kept)} more: see the JSON report", ""]
            room -= sum(map(len, lines))
    sentences = [f"- {_cell(cell)}" for cell in (block.lines if isinstance(block, Lines) else block.notes)]
    kept = _fitting(sentences, room)
    lines += kept
    if len(kept) < len(sentences):
        lines.append("- … and more: see the JSON report")
    return "\n".join([*lines, ""] if sentences else lines)


def _fitting(lines: list[str], room: int) -> list[str]:
    """As many lines as fit."""
    for index, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return lines[:index]
    return lines


def _row(row: Row) -> str:
    first, *others = map(_cell, row.cells)
    return _row_of([_MARKS[row.tone] + first, *others])


def _record(record: Record) -> str:
    fields = [(f"{prose(field.label)}: " if field.label else "") + _part(field.part) for field in record.fields]
    return _row_of([f"{_MARKS[record.tone]}**{prose(record.word)}**<br>{prose(record.heading)}", "<br>".join(fields)])


def _row_of(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return "<br>".join(map(_part, cell))


def _part(part: Part) -> str:
    if isinstance(part, str):
        return prose(part)
    if isinstance(part, Quote):
        return f"{prose(part.label)} {code(part.text)}".lstrip()
    return code(f"{part.before}⟦{part.marked}⟧{part.after}")
