"""What the mock lists: its tables, their files, `--list` and the docs agree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import fields

from mockserver import dialects, modes
from mockserver.faults import FAULTS, Stage
from mockserver.listing import as_text, listing, with_tables
from mockserver.modes import MODES, mode
from mockserver.scenario import KNOBS, Scenario, ScenarioError, parse

ROOT = Path(__file__).parents[2]
PHRASE = r"[^\s.][^\n]{5,100}[^.\s]"


def stems(module: str | None) -> set[str]:
    assert module is not None
    return {path.stem for path in Path(module).parent.glob("*.py")} - {"__init__"}


def test_the_modes_are_those_of_the_files() -> None:
    assert {name.replace("-", "_") for name in MODES} == stems(modes.__file__)


@pytest.mark.parametrize("name", MODES)
def test_each_mode_has_a_summary_and_an_app(name: str) -> None:
    assert re.fullmatch(PHRASE, mode(name).SUMMARY)
    assert callable(mode(name).create_app)


def test_the_dialects_are_those_of_the_files() -> None:
    assert [api.name for api in dialects.apis()] == list(dialects.MODULES)
    assert {module.rpartition(".")[2] for module in dialects.MODULES.values()} == stems(dialects.__file__)


def test_the_knobs_are_the_fields_of_the_scenario() -> None:
    assert list(KNOBS) == [field.name for field in fields(Scenario)]
    assert all(re.fullmatch(PHRASE, knob.meaning) for knob in KNOBS.values())


def test_each_fault_has_a_summary() -> None:
    assert all(re.fullmatch(PHRASE, fault.summary) for fault in FAULTS.values())


def test_each_fault_is_made_where_its_stage_says() -> None:
    source = {Stage.BEFORE: "api", Stage.STREAM: "stream_faults", Stage.FRAMING: "framing"}
    for name, fault in FAULTS.items():
        files = [source[fault.stage], "stream_faults"]  # some framing faults need the tokens
        text = "".join((ROOT / "mockserver" / f"{file}.py").read_text(encoding="utf-8") for file in files)
        assert f'"{name}"' in text, name


def test_the_list_names_all() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", json.dumps({"list": True})], capture_output=True, text=True, check=True
    )
    assert done.stdout == as_text(listing()) + "\n"
    listed = {re.split(r"[@=\s]", line.strip())[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert listed == {*dialects.MODULES, *KNOBS, *FAULTS, *MODES}


def test_a_reader_that_closes_the_pipe_is_no_error() -> None:
    words = [sys.executable, "-m", "mockserver", json.dumps({"list": True})]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(("spec", "known"), [("fault=nonsense", FAULTS), ("nonsense=1", KNOBS)])
def test_an_error_names_all(spec: str, known: dict[str, object]) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse(spec, Scenario())
    assert str(refused.value).endswith(f": {', '.join(known)}.")


def test_the_tables_in_the_docs() -> None:
    page = (ROOT / "docs" / "mock.md").read_text(encoding="utf-8")
    assert page == with_tables(page), "run scripts/generate"
    for name in (*KNOBS, *FAULTS, *MODES):
        assert re.search(rf"^\| `{name}(@\d+)?` \|", page, re.MULTILINE), name
