"""`markdown`: for a job summary or a comment, as GitHub renders it. Text from outside stays text.

Sentences are escaped; bytes and values stand in code spans, which know neither links, mentions, images nor HTML. A pull
request's comment holds 65,536 characters, so what would pass that is left out, and that is said.
"""

import re
from typing import Final

from sseprobe.report import Excerpt, Report
from sseprobe.reporters.document import Cell, Outline, Quote, Row, Section, Tone
from sseprobe.reporters.outline import outline_of

_MAX_CHARS: Final = 60_000
_MARKS: Final = {Tone.PLAIN: "", Tone.GOOD: "✅ ", Tone.BAD: "❌ ", Tone.OPEN: "⚠️ "}
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>|~&$]")
_LINKS: Final = re.compile(r"@|#(?=\d)|(?<=:)//|(?<=www)\.|(?<=[Gg][Hh])-(?=\d)", re.IGNORECASE)
_AT_START: Final = re.compile(r"^\s*([-+=#]|\d+[.)](?=\s|$))")


def render(report: Report, *, width: int, colour: bool) -> str:
    """The report as a page of GitHub's Markdown."""
    del width, colour
    page = outline_of(report)
    blocks = list(_head(page))
    size = sum(map(len, blocks))
    for section in page.sections:
        block = _section(section, _MAX_CHARS - size)
        size += len(block)
        blocks.append(block)
    return "\n".join(blocks)


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


def _head(page: Outline) -> list[str]:
    lines = [f"## {_MARKS[page.tone]}{page.verdict.upper()}: sseprobe {prose(page.command)}", "", code(page.target), ""]
    for line in page.lines:
        lines += [_cell(line), ""]
    return [*lines, f"<sub>{prose(page.facts)}</sub>", ""]


def _section(section: Section, room: int) -> str:
    lines = [f"### {section.title}", ""]
    if section.rows:
        lines += [_row_of(section.head), _row_of(["---"] * len(section.head))]
        room -= sum(map(len, lines))
        for index, row in enumerate(section.rows):
            line = _row(row)
            room -= len(line)
            if room < 0:
                lines += ["", f"… and {len(section.rows) - index} more: see the JSON report"]
                break
            lines.append(line)
        lines.append("")
    for cell in section.lines:
        line = f"- {_cell(cell)}"
        room -= len(line)
        if room < 0:
            lines.append("- … and more: see the JSON report")
            break
        lines.append(line)
    return "\n".join([*lines, ""] if section.lines else lines)


def _row(row: Row) -> str:
    first, *others = map(_cell, row.cells)
    return _row_of([_MARKS[row.tone] + first, *others])


def _row_of(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return "<br>".join(map(_part, cell))


def _part(part: str | Quote | Excerpt) -> str:
    if isinstance(part, str):
        return prose(part)
    if isinstance(part, Quote):
        return f"{prose(part.label)} {code(part.text)}".lstrip()
    return code(f"{part.before}⟦{part.marked}⟧{part.after}")
