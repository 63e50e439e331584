"""Every source file has a test file of its name at the same place of `tests/`.

`sseprobe/a/b.py` has `tests/a/test_b.py`, `mockserver/a/b.py` has `tests/mockserver/a/test_b.py`, and a package that
defines something in its `__init__.py` has `tests/a/test_a.py`. Where the files of a folder are the cases of one table,
the test of the table is that of each. `untested.txt` lists the files that have none yet: take lines out of it, add none.
"""

import ast
import os
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
UNTESTED: Final = Path(__file__).with_name("untested.txt")
WRITE: Final = "SSEPROBE_UNTESTED=write pytest tests/architecture/test_mirror.py"
TABLES: Final = {
    "sseprobe/cli": ("", "tests/integration/test_{name}.py"),
    "sseprobe/dialects": (r"DIALECT\b", "tests/dialects/test_dialects.py"),
    "sseprobe/probes/check/active": ("", "tests/integration/test_check_probes.py"),
    "sseprobe/readers": (r"READER\b", "tests/readers/test_peculiarities.py"),
    "sseprobe/reporters": (r"def render\(", "tests/reporters/test_formats.py"),
    "sseprobe/reporters/sections": ("", "tests/reporters/test_sections.py"),
    "sseprobe/proxy/faults": ("", "tests/proxy/test_faults.py"),
    "sseprobe/rules": (r"@rule\(", "tests/rules/test_proofs.py"),
    "sseprobe/witnesses": (r"SPEC\b", "tests/witnesses/test_witnesses.py"),
    "mockserver/modes": ("", "tests/mockserver/test_modes.py"),
    "mockserver/dialects": ("", "tests/mockserver/test_apis.py"),
}
"""Folders of cases: what the line begins with that makes a file a case (of each file, if empty), and what tests each;
{name}: of the source."""


def sources() -> list[Path]:
    """The files that define a function or a class, below the root."""
    paths = sorted(path for package in ("sseprobe", "mockserver") for path in (ROOT / package).rglob("*.py"))
    return [path.relative_to(ROOT) for path in paths if _defines(path)]


def _defines(path: Path) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) for node in ast.parse(path.read_bytes()).body)


def places_for(source: Path) -> list[Path]:
    """Where a test of this source may stand; the first is preferred."""
    folder = source.parent if source.parts[0] == "mockserver" else Path(*source.parent.parts[1:])
    name = source.parent.name if source.stem == "__init__" else source.stem.strip("_")
    places = [Path("tests") / folder / f"test_{name}.py"]
    mark, table = TABLES.get(source.parent.as_posix(), ("", ""))
    if table and re.search(f"^{mark}", (ROOT / source).read_text(encoding="utf-8"), re.MULTILINE):
        places.append(Path(table.format(name=name)))
    return places


def without_test() -> list[str]:
    """The sources that have no test file."""
    return [
        source.as_posix() for source in sources() if not any((ROOT / place).exists() for place in places_for(source))
    ]


def test_every_source_has_a_test_or_is_known_to_have_none() -> None:
    listed, found = UNTESTED.read_text().split(), without_test()
    if os.environ.get("SSEPROBE_UNTESTED") == "write":
        assert len(found) <= len(listed), f"the list may only shrink; new in it: {sorted({*found} - {*listed})}"
        UNTESTED.write_text("".join(f"{path}\n" for path in found))
        return
    new = [f"{path} has no test: write {places_for(Path(path))[0]}" for path in found if path not in listed]
    stale = [f"{path} has a test, or is gone: take it out of the list" for path in listed if path not in found]
    remake = f"After a move, or when tests were added: {WRITE}"
    assert not new + stale, "\n".join([*new, *stale, remake])


def test_the_list_is_sorted_and_names_nothing_twice() -> None:
    listed = UNTESTED.read_text().split()
    assert listed == sorted(set(listed)), f"Make it again: {WRITE}"


def test_every_table_is_there() -> None:
    for folder, (_, table) in TABLES.items():
        place = ROOT / table
        assert (ROOT / folder).is_dir(), folder
        assert place.exists() or place.parent.is_dir(), table
