"""Pages: a rule's docstring, for a terminal and as Markdown. `scripts/generate` writes docs/rules/ with it."""

import re
from typing import Final, NamedTuple

from sseprobe.dialects import names_in
from sseprobe.rules.base import Rule
from sseprobe.rules.catalogue import FAMILIES, rules_of
from sseprobe.streams.transcript import Transcript

PARTS: Final = ("What it does", "Why it matters", "Good", "Bad")
_PART: Final = re.compile(rf"(?:^|(?<=[\s.])) ?({'|'.join(PARTS)}): ", re.MULTILINE)
INDEX: Final = "README.md"


class Page(NamedTuple):
    """A rule in words. `parts`: by the names in `PARTS`, a paragraph each; `about`: severity, kind, what it judges."""

    rule: Rule
    about: str
    parts: dict[str, str]


def page_of(rule: Rule) -> Page:
    """The page of a rule, from its docstring."""
    body = rule.page.partition("\n")[2]
    pieces = _PART.split(body)[1:]
    parts = {name: " ".join(text.split()) for name, text in zip(pieces[::2], pieces[1::2], strict=True)}
    judged = "" if rule.subject is Transcript else " · judges what an active probe found"
    only = f" · {', '.join(names_in(rule.dialects))} only" if rule.dialects is not None else ""
    return Page(rule, f"{rule.severity} · {rule.kind}{only}{judged}", parts)


def markdown(name: str) -> str:
    """The page of a family as Markdown. The heading of a rule is its id alone, so that its anchor never changes."""
    lines = [f"# {name}: {FAMILIES[name].title}", "", f"[All rules]({INDEX})", ""]
    for rule in rules_of(name):
        page = page_of(rule)
        lines += [f"## {rule.id}", "", rule.title, "", page.about, ""]
        for part, text in page.parts.items():
            lines += [f"**{part}:** {text}", ""]
        lines += [f"**Reference:** <{rule.spec}>", ""]
    return "\n".join(lines)


def index() -> str:
    """The table of all rules as Markdown, by family."""
    lines = [
        "# The rules",
        "",
        "Generated from the code by `scripts/generate`; `sseprobe rules ID` shows the same in a terminal.",
        "An id keeps its meaning for ever.",
        "",
    ]
    for name, family in FAMILIES.items():
        lines += [f"## {name}: {family.title}", "", "| id | severity | kind | rule |", "|---|---|---|---|"]
        lines += [
            f"| [{rule.id}]({name}.md#{rule.id.lower()}) | {rule.severity} | {rule.kind} | {rule.title.rstrip('.')} |"
            for rule in rules_of(name)
        ]
        lines.append("")
    return "\n".join(lines)


def all_pages() -> dict[str, str]:
    """File name -> Markdown, of everything in docs/rules/."""
    return {INDEX: index(), **{f"{name}.md": markdown(name) for name in FAMILIES}}
