"""The table of witnesses, their files, help and docs say the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sseprobe import witnesses
from sseprobe.witnesses import _MODULES, specs, syntaxes
from sseprobe.witnesses.pages import with_witnesses
from tests.support.cli import Cli

PAGE = Path(__file__).parents[2] / "docs" / "disconnect.md"
BESIDE = {"__init__", "base", "documents", "pages", "watch"}
"""Files of the room that are no witness."""


def test_every_file_is_in_the_table() -> None:
    files = {path.stem for path in Path(witnesses.__file__).parent.glob("*.py")}
    assert files - BESIDE == set(_MODULES)


@pytest.mark.parametrize("place", range(len(_MODULES)))
def test_a_witness_is_called_as_its_file(place: int) -> None:
    spec = specs()[place]
    assert spec.name == _MODULES[place].replace("_", "-")
    assert re.match(rf"{spec.name}(\[?:|$)", spec.syntax)
    assert all(spec)


@pytest.mark.parametrize("command", ["abort-test", "check"])
def test_help_lists_them_all(command: str, cli: Cli) -> None:
    shown = cli.process(command, "--help", env={"COLUMNS": "1000"}).out
    assert f": {syntaxes()}." in shown


def test_an_unknown_one_is_answered_with_the_list(cli: Cli) -> None:
    done = cli("abort-test", "http://127.0.0.1:9/x", "--witness", "nobody:1")
    assert (done.code, done.err.count(f"Known are: {syntaxes()}.")) == (2, 1)


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
