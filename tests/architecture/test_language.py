"""What users read is plain English: no phrase of the list below stands in a message, a help text, a page or a document.

The list holds phrases that once stood there and had to be translated by whoever read them, each with what to write
instead. To add one: a line here, and the texts that it finds.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
INSTEAD: Final = {
    r"lumps?": "bursts",
    r"for nobody": "wasted",
    r"told|tells?|telling": "shows, reports, names, says",
    r"kin": "related",
    r"wrong words": "usage error",
    r"as it comes": "by default",
    r"bears?|bore": "accepts, allows",
    r"in peace": "alone",
    r"testif\w+|testimony|testimonial": "evidence",
    r"hang(?:s|ing)?[- ]ups?|hung up": "abort",
    r"deaf": "does not notice",
    r"is none|are none": "is not one",
    r"goes with neither|go with neither": "cannot be combined with",
    r"other people's": "third-party",
    r"for ever": "endless",
    r"cannot be meant|can be meant": "invalid",
    r"hurt": "failed",
    r"hops?": "proxy",
    r"cannot be had|could not be had|can be had|may be had": "is not available",
    r"goes on|go on|went on|going on": "continues",
    r"stays? whole|stayed whole|staying whole": "completes",
    r"nobody": "no one, no client",
    r"whoever|whomever": "who, anyone who",
    r"brings? home|brought home": "collects",
    r"in vain": "without effect",
    r"thereof|whereof|therein": "of it",
    r"leaver|leavers|stayer|stayers": "aborted client, control client",
    r"sureness|how surely": "confidence",
    r"(?:client|it|user|browser|tab) (?:leaves|left|has left|leaving)": "disconnects, aborts",
    r"is no (?:cassette|rule|dialect|stream|report|probe|header|URL|UTF-8|JSON|event stream)": "is not a",
    r"gives? way": "yields",
    r"cure|cures": "fix",
    r"up and running": "running",
}
PHRASES: Final = re.compile("|".join(rf"\b(?:{phrase})\b" for phrase in INSTEAD), re.IGNORECASE)
DOCUMENTS: Final = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES: Final = [path for house in ("sseprobe", "mockserver") for path in sorted((ROOT / house).rglob("*.py"))]
PROFILES: Final = sorted((ROOT / "sseprobe" / "proxy" / "profiles").glob("*.toml"))
ALLOWED: Final = {
    # The contract's own words.
    "testimonies",
}


def _shown_docstrings(tree: ast.Module, path: Path) -> set[ast.Constant]:
    """The docstrings that users read: of commands and of rules."""
    parent = path.parent.name
    return {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and (parent == "cli" or (parent == "rules" and node.decorator_list))
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """The string constants of a source that may be shown: with a space in them, and no docstrings but those above."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    shown = _shown_docstrings(tree, path)
    docstrings = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value not in shown
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or node in docstrings:
            continue
        if isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a document that are no code."""
    code = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            code = not code
        elif not code:
            yield number, re.sub(r"`[^`]*`", "", line)


def found_in(path: Path) -> list[str]:
    """`path:line: phrase` for each phrase of the list."""
    lines = _texts(path) if path.suffix == ".py" else _prose(path) if path.suffix == ".md" else _lines(path)
    return [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for number, text in lines
        for match in PHRASES.finditer(text)
        if match[0].lower() not in ALLOWED
    ]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(path.read_text(encoding="utf-8").splitlines(), 1)


@pytest.mark.parametrize("path", [*SOURCES, *PROFILES, *DOCUMENTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_plain_english(path: Path) -> None:
    assert found_in(path) == [], "see INSTEAD for what to write"
