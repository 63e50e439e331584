"""`html`: one page that needs nothing else: no script, no reference to anywhere, and a policy that forbids both.

All text from outside goes through `_text`. The page is well-formed XML too, so that any parser can prove it.
"""

import re
from html import escape
from typing import Final

from sseprobe.report import Report
from sseprobe.reporters.blocks import Block, Cell, Field, Header, Lines, Part, Quote, Record, Row, Table
from sseprobe.reporters.sections import blocks_of, header_of
from sseprobe.text import visible

_NOT_HTML: Final = re.compile("[\ufffe\uffff]")  # not characters, in HTML and in XML
_STYLE: Final = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --mark: #ffe08a; --good: #1a7f37; --bad: #cf222e;
  --open: #9a6700; --ground: #ffffff; --band: #f6f8fa; --ink: #1f2328; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --mark: #6b5300; --good: #3fb950;
  --bad: #f85149; --open: #d29922; --ground: #0d1117; --band: #151b23; --ink: #f0f6fc; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--ground); }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); font-size: .9em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { background: var(--band); white-space: nowrap; }
td { min-width: 4.6rem; }
td:first-child { border-left: .25rem solid transparent; }
tr.good td:first-child { border-left-color: var(--good); } tr.bad td:first-child { border-left-color: var(--bad); }
tr.open td:first-child { border-left-color: var(--open); }
td:last-child { min-width: 14rem; }
.verdict { text-transform: uppercase; } .verdict.good { color: var(--good); } .verdict.bad { color: var(--bad); }
.verdict.open { color: var(--open); }
code { font: .87em/1.4 ui-monospace, monospace; background: var(--band); white-space: pre-wrap; padding: .1em .3em; }
mark { background: var(--mark); color: inherit; }
td div + div { margin-top: .2rem; } .word { font-weight: 600; }
"""


def render(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """The report as one page."""
    del width, colour, verbose
    header = header_of(report)
    title = _text(f"{header.verdict}: sseprobe {header.command} {header.target}")
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8" />',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\" />",
            '<meta name="viewport" content="width=device-width, initial-scale=1" />',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style></head><body>",
            *_head(header),
            *map(_block, blocks_of(report)),
            "</body></html>\n",
        )
    )


def _text(text: str) -> str:
    return escape(_NOT_HTML.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", visible(text)))


def _head(header: Header) -> list[str]:
    verdict = f'<span class="verdict {header.tone}">{_text(header.verdict)}</span>'
    return [
        f"<header><h1>{verdict} sseprobe {_text(header.command)}</h1>",
        f"<p><code>{_text(header.target)}</code></p>",
        *(f"<p>{_text(line)}</p>" for line in header.lines),
        f'<p class="soft">{_text(header.facts)}</p></header>',
    ]


def _block(block: Block) -> str:
    parts = [f"<section><h2>{_text(block.title)}</h2>"]
    if isinstance(block, Lines):
        return "\n".join((*parts, *(f"<div>{_cell(line)}</div>" for line in block.lines), "</section>"))
    if isinstance(block, Table):
        names, rows = [column.name for column in block.columns], list(map(_row, block.rows))
    else:
        names, rows = list(block.head), list(map(_record, block.records))
    if rows:
        head, body = "".join(f"<th>{_text(name)}</th>" for name in names), "\n".join(rows)
        parts.append(f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>')
    parts += [f'<div class="soft">{_cell(note)}</div>' for note in block.notes]
    return "\n".join((*parts, "</section>"))


def _row(row: Row) -> str:
    return f'<tr class="{row.tone}">{"".join(f"<td>{_cell(cell)}</td>" for cell in row.cells)}</tr>'


def _record(record: Record) -> str:
    head = f'<div class="word">{_text(record.word)}</div><div>{_text(record.heading)}</div>'
    fields = "".join(f'<div class="{field.tone}">{_field(field)}</div>' for field in record.fields)
    return f'<tr class="{record.tone}"><td>{head}</td><td>{fields}</td></tr>'


def _field(field: Field) -> str:
    label = f'<span class="soft">{_text(field.label)}</span> ' if field.label else ""
    return label + _part(field.part)


def _cell(cell: Cell) -> str:
    return "".join(f"<div>{_part(part)}</div>" for part in cell) if len(cell) > 1 else "".join(map(_part, cell))


def _part(part: Part) -> str:
    if isinstance(part, str):
        return _text(part)
    if isinstance(part, Quote):
        label = f'<span class="soft">{_text(part.label)}</span> ' if part.label else ""
        return f"{label}<code>{_text(part.text)}</code>"
    return f"<code>{_text(part.before)}<mark>{_text(part.marked)}</mark>{_text(part.after)}</code>"
