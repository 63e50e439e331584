"""What witnesses declare, and the table in the docs. Files and help: tests/architecture/test_tables.py."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sseprobe.witnesses import _MODULES, specs
from sseprobe.witnesses.pages import with_witnesses

PAGE = Path(__file__).parents[2] / "docs" / "disconnect.md"


@pytest.mark.parametrize("place", range(len(_MODULES)))
def test_a_witness_is_called_as_its_file(place: int) -> None:
    spec = specs()[place]
    assert spec.name == _MODULES[place].replace("_", "-")
    assert re.match(rf"{spec.name}(\[?:|$)", spec.syntax)
    assert all(spec)


def test_docs_have_their_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_witnesses(page), "run scripts/generate"
    assert all(spec.reads in page for spec in specs())


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["abort-test", "--help"], ["check", "--help"]])
def test_help_is_light(words: list[str]) -> None:
    """It imports nothing that takes long, though it lists what does."""
    command = [sys.executable, "-X", "importtime", "-m", "sseprobe", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "sseprobe.cli.app" in imported
    assert not imported & {"httpx", "httpcore", "fastapi", "uvicorn", "prometheus_client"}
