"""The table of witnesses as Markdown."""

from sseprobe.witnesses import specs
from sseprobe.witnesses.pages import with_witnesses


def test_the_table_stands_between_its_marks() -> None:
    page = with_witnesses("before\n<!-- witnesses -->\nold\n<!-- /witnesses -->\nafter\n")
    lines = page.splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == len(specs())
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}
    assert "old" not in page


def test_a_page_without_marks_stays() -> None:
    assert with_witnesses("text\n") == "text\n"
