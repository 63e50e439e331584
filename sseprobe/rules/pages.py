"""Pages: a rule's docstring, for a terminal and as Markdown. `scripts/generate` writes docs/rules/ with it."""

import re
from typing import Final, NamedTuple

from sseprobe.dialects import names_in
from sseprobe.rules.catalogue import FAMILIES, Rule, all_rules
from sseprobe.rules.retired import RETIRED
from sseprobe.transcription import Transcript

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


def markdown(rule: Rule) -> str:
    """The page as Markdown."""
    page = page_of(rule)
    lines = [f"# {rule.id}: {rule.title.rstrip('.')}", "", page.about, ""]
    for name, text in page.parts.items():
        lines += [f"**{name}:** {text}", ""]
    lines += [f"**Reference:** <{rule.spec}>", "", f"[All rules]({INDEX})", ""]
    return "\n".join(lines)


def index() -> str:
    """The table of all rules as Markdown, by family, and what became of retired ids."""
    lines = [
        "# The rules",
        "",
        "Generated from the code by `scripts/generate`; `sseprobe rules ID` shows the same page in a terminal.",
        "An id keeps its meaning for ever.",
        "",
    ]
    for name, family in FAMILIES.items():
        lines += [f"## {name}: {family.title}", "", "| id | severity | kind | rule |", "|---|---|---|---|"]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.kind} | {rule.title.rstrip('.')} |"
            for rule in all_rules()
            if rule.family == name
        ]
        lines.append("")
    lines += ["## Retired", "", "| id | what became of it |", "|---|---|"]
    lines += [f"| {name} | {said} |" for name, said in RETIRED.items()]
    return "\n".join([*lines, ""])


def all_pages() -> dict[str, str]:
    """File name -> Markdown, of everything in docs/rules/."""
    return {INDEX: index(), **{f"{rule.id}.md": markdown(rule) for rule in all_rules()}}
