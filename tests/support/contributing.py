"""Follows the pages in docs/contributing: does to a copy of the sources what they say.

The paragraph before a block of code ends with a colon, and its last file is meant:

- "`a/b.py`:" makes the file; if there is one, the code comes at its end.
- "In `NAME` of `a/b.py`:" adds the lines of a `diff` as the last entry of a table, or as the last field of a class.
- any other `diff` changes lines that stand there exactly once.
"""

import ast
import re
import shutil
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "contributing"
_COPIED = ("sseprobe", "mockserver", "tests/rules", "tests/support")
_FILES = ("pyproject.toml", "tests/conftest.py")
_BLOCK = re.compile(r"(?P<before>[^\n](?:(?!\n\n).)*):\n\n```(?P<kind>\w+)\n(?P<code>.*?)```", re.DOTALL)
_FILE = re.compile(r"(?:`(?P<name>\w+)` of\s+)?`(?P<path>[\w./-]+\.(?:py|toml))`")


class Step(NamedTuple):
    """One step of a page. `name`: of a table or a class in the file, empty: the file itself."""

    name: str
    path: str
    kind: str
    code: str


def steps_of(page: str) -> list[Step]:
    """The steps of a page in docs/contributing, in order. Each block of code is one."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    steps = []
    for block in _BLOCK.finditer(text):
        *_, file = _FILE.finditer(block["before"])
        steps.append(Step(file["name"] or "", file["path"], block["kind"], block["code"]))
    assert len(steps) == text.count("```") / 2, f"{page}.md: a block of code without a sentence that names its file"
    return steps


def copy_sources(to: Path) -> None:
    """Copies what the pages change, and the tests that they name."""
    for folder in _COPIED:
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for file in _FILES:
        shutil.copy(ROOT / file, to / file)


def follow(page: str, folder: Path) -> None:
    """Does what the page says in a copy of the sources."""
    for step in steps_of(page):
        path = folder / step.path
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(_followed(step, old), encoding="utf-8")


def _followed(step: Step, text: str) -> str:
    if step.name:
        place = _end_of(step.name, text)
        lines = text.splitlines(keepends=True)
        return "".join([*lines[:place], re.sub(r"^\+", "", step.code, flags=re.MULTILINE), *lines[place:]])
    if step.kind == "diff":
        return _patched(step, text)
    return f"{text}\n\n{step.code}" if text else step.code


def _end_of(name: str, text: str) -> int:
    """The number of lines before the end of a table, or of the fields of a class."""
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert node.end_lineno is not None
            return node.end_lineno - 1
        if isinstance(node, ast.ClassDef) and node.name == name:
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            assert fields[-1].end_lineno is not None
            return fields[-1].end_lineno
    raise AssertionError(f"there is no {name}")


def _patched(step: Step, text: str) -> str:
    lines = step.code.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert f"\n{text}".count(f"\n{old}") == 1, f"{step.path} holds this {text.count(old)} times:\n{old}"
    return f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]
