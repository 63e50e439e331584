"""The tables in the docs come from the code."""

import re
from pathlib import Path

from sseprobe.proxy.faults import all_faults
from sseprobe.proxy.markdown_tables import with_faults, with_table
from sseprobe.proxy.profile import NAMES

ROOT = Path(__file__).parents[2]


def test_the_table_of_profiles() -> None:
    page = (ROOT / "docs" / "buffering.md").read_text(encoding="utf-8")
    assert page.count("<!-- profiles -->") == page.count("<!-- /profiles -->") == 1
    assert page == with_table(page), "run scripts/generate"
    assert all(f"[{name}](" in page for name in NAMES)


def test_the_table_of_faults() -> None:
    page = (ROOT / "docs" / "proxy.md").read_text(encoding="utf-8")
    table = page.partition("<!-- faults -->")[2].partition("<!-- /faults -->")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ", table, re.MULTILINE)
    assert [row.replace("\\|", "|") for row in rows] == [kind.syntax for kind in all_faults().values()]
    assert page == with_faults(page), "run scripts/generate"
