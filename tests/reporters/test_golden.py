"""Each format as it is written, letter for letter. After a change that is meant:

SSEPROBE_GOLDEN=write python -m pytest tests/reporters/test_golden.py
"""

import os
from pathlib import Path

import pytest

from sseprobe.reporters import by_format
from tests.support.reports import REPORTS

FOLDER = Path(__file__).parent / "golden"
SUFFIXES = {
    "terminal": "txt",
    "junit": "xml",
    "sarif": "sarif",
    "html": "html",
    "markdown": "md",
    "github": "github.txt",
    "json": "json",
}
CHOSEN = {
    "check-fails": tuple(SUFFIXES),
    "check-passes": ("terminal", "junit", "markdown"),
    "stream-truncated": ("terminal", "junit", "github", "markdown", "sarif"),
    "abort-leaks": ("terminal", "junit", "github", "markdown"),
    "abort-unknown": ("terminal", "junit"),
    "buffer-passes": ("terminal",),
    "buffer-fails": tuple(SUFFIXES),
    "buffer-path-block": ("terminal", "junit", "github", "markdown", "sarif"),
    "buffer-path-unknown": ("terminal", "junit"),
    "stream-refused": ("junit", "github"),
}
NAMES = [(report, name) for report, names in CHOSEN.items() for name in names]


@pytest.mark.parametrize(("report", "name"), NAMES)
def test_golden(report: str, name: str) -> None:
    text = by_format(name)(REPORTS[report], width=100, colour=False)
    path = FOLDER / f"{report}.{SUFFIXES[name]}"
    if os.environ.get("SSEPROBE_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), __doc__


def test_no_golden_file_is_left_over() -> None:
    known = {f"{report}.{SUFFIXES[name]}" for report, name in NAMES}
    assert {path.name for path in FOLDER.iterdir()} == known
