"""The table of readers, the extra that installs them, and docs say the same."""

import re
import tomllib
from pathlib import Path

from sseprobe import readers
from sseprobe.readers import _MODULES, all_readers

ROOT = Path(__file__).parents[2]
NUMBERS = {4: "four", 8: "eight", 12: "twelve"}


def packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;]", each)[0] for each in requirements}


def test_names_are_unique_and_each_can_be_run() -> None:
    assert len({each.name for each in all_readers()}) == len(_MODULES)
    scripts = {path.name for path in (Path(readers.__file__).parent / "node").glob("*.mjs")} - {"child.mjs"}
    assert {each.script for each in all_readers() if each.script} == scripts
    assert all((each.read is None) is (each.script is not None) for each in all_readers())


def test_the_extra_installs_those_under_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = packages(project["optional-dependencies"]["readers"])
    assert {each.package for each in all_readers() if each.script is None} == extra | {"httpx-sse"}
    assert "httpx-sse" in packages(project["dependencies"])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`pip install 'sseprobe[readers]'` installs {NUMBERS[len(extra)]} clients" in readme


def test_docs_have_a_column_for_each() -> None:
    page = (ROOT / "docs" / "readers.md").read_text(encoding="utf-8")
    names = [each.name for each in all_readers()]
    assert f"| | {' | '.join(names)} |\n" in page
    assert re.findall(r"([@\w/-]+) [\d.]+[,.]", page.partition("; ")[2].partition("\n")[0]) == names
    general = [each.name for each in all_readers() if not each.dialects]
    assert names[: len(general)] == general
    assert f"The first {NUMBERS[len(general)]} read every event stream" in page
    under_node = NUMBERS[sum(each.script is not None for each in all_readers())]
    assert f"{under_node} more under\nnode" in (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
