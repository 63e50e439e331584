"""Each room's table names what the files of the room declare; help, "Known are" and docs name all of it."""

import ast
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

import mockserver.dialects
from mockserver.faults import FAULTS
from mockserver.modes import MODES
from sseprobe import dialects, readers, witnesses
from sseprobe.cli.app import app
from sseprobe.probes.check import active
from sseprobe.proxy import profile
from sseprobe.proxy.faults import MODULES, all_faults
from sseprobe.readers import all_readers
from sseprobe.reporters import FORMATS
from sseprobe.reporters.sections import SECTIONS
from sseprobe.rules.catalogue import FAMILIES, all_rules
from sseprobe.witnesses import specs
from tests.support.cli import Cli

ROOT = Path(__file__).parents[2]
NONSENSE = "nonsense"
URL = "http://127.0.0.1:9/v1/chat/completions"


class Room(NamedTuple):
    """A room and its table.

    `declares`: by what a file of the room declares itself. `modules`: of the table. `names`: what users call them.
    `help`: the command that lists them. `wrong`: one with an unknown name, which is answered with the list. `page`:
    in the docs.
    """

    folder: str
    declares: str
    modules: Iterable[str]
    names: Iterable[str]
    help: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    page: str = ""


def stems(modules: Iterable[str]) -> list[str]:
    return [each.rpartition(".")[2] for each in modules]


ROOMS = {
    "dialects": Room(
        "sseprobe/dialects", "DIALECT", stems(dialects._MODULES.values()), dialects.NAMES,
        ("stream", "--help"), ("stream", URL, "--dialect", NONSENSE), "docs/dialects.md",
    ),
    "rules": Room(
        "sseprobe/rules", "@rule", [name for family in FAMILIES.values() for name in family.modules],
        [rule.id for rule in all_rules()], ("rules",), page="docs/rules/README.md",
    ),
    "witnesses": Room(
        "sseprobe/witnesses", "SPEC", witnesses._MODULES, [spec.name for spec in specs()],
        ("abort-test", "--help"), ("abort-test", URL, "--witness", NONSENSE), "docs/disconnect.md",
    ),
    "readers": Room(
        "sseprobe/readers", "READER", readers._MODULES, [each.name for each in all_readers()], page="docs/readers.md",
    ),
    "reporters": Room(
        "sseprobe/reporters", "render", FORMATS, FORMATS,
        ("check", "--help"), ("check", URL, "--report", NONSENSE), "docs/check.md",
    ),
    "sections": Room(
        "sseprobe/reporters/sections", "SECTION", stems(each.blocks.__module__ for each in SECTIONS),
        [each.kind for each in SECTIONS],
    ),
    "active probes": Room(
        "sseprobe/probes/check/active", "PROBE", stems(active._MODULES.values()), active.NAMES,
        ("check", "--help"), ("check", URL, "--probe", NONSENSE), "docs/check.md",
    ),
    "proxy faults": Room(
        "sseprobe/proxy/faults", "FAULT", MODULES, all_faults(),
        ("proxy", "--list"), ("proxy", URL, "--fault", NONSENSE), "docs/proxy.md",
    ),
    "proxy profiles": Room(
        "sseprobe/proxy/profiles", "*.toml", profile.NAMES, profile.NAMES,
        ("proxy", "--list"), ("buffer-test", URL, "--profile", NONSENSE), "docs/buffering.md",
    ),
    "mock dialects": Room(
        "mockserver/dialects", "API", stems(mockserver.dialects.MODULES.values()), mockserver.dialects.MODULES,
        ("mock", "--list"),  # docs/mock.md lists the paths
    ),
    "mock modes": Room(
        "mockserver/modes", "SUMMARY", [name.replace("-", "_") for name in MODES], MODES,
        ("mock", "--list"), ("mock", "--mode", NONSENSE), "docs/mock.md",
    ),
    "mock faults": Room(
        "mockserver", "FAULTS", ["faults"], FAULTS,
        ("mock", "--list"), ("mock", "--scenario", f"fault={NONSENSE}"), "docs/mock.md",
    ),
    "commands": Room(
        "sseprobe/cli", "COMMAND", [str(each.name).replace("-", "_") for each in app.registered_commands],
        [str(each.name) for each in app.registered_commands], ("--help",), page="README.md",
    ),
}  # fmt: skip


def declaring(folder: Path, what: str) -> set[str]:
    """The files of a room that declare this: a name or a decorator; of a command, a function called as its file, whose
    help has examples."""
    if what.startswith("*"):
        return {path.stem for path in folder.iterdir()}
    return {path.stem for path in folder.glob("*.py") if path.stem != "__init__" and _declares(path, what)}


def _declares(path: Path, what: str) -> bool:
    body = ast.parse(path.read_bytes()).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    if what.startswith("@"):
        decorators = [each for node in functions for each in node.decorator_list if isinstance(each, ast.Call)]
        return any(isinstance(each.func, ast.Name) and each.func.id == what[1:] for each in decorators)
    if what == "COMMAND":
        return any(node.name == path.stem and "\b" in (ast.get_docstring(node) or "") for node in functions)
    names = {node.name for node in functions}
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return what in names


def run(cli: Cli, words: tuple[str, ...]) -> str:
    """What a command says; `mock` becomes another process."""
    ask: Callable[..., object] = cli.process if words[0] == "mock" else cli
    done = ask(*words, env={"COLUMNS": "10000"})
    return f"{done.out}\n{done.err}"  # type: ignore[attr-defined]


def missing(names: Iterable[str], text: str) -> list[str]:
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


@pytest.mark.parametrize("name", ROOMS)
def test_the_table_names_what_the_files_declare(name: str) -> None:
    room = ROOMS[name]
    modules = list(room.modules)
    assert declaring(ROOT / room.folder, room.declares) == set(modules)
    for each in (modules, list(room.names)):
        assert len(set(each)) == len(each)


@pytest.mark.parametrize("name", [name for name, room in ROOMS.items() if room.help])
def test_help_names_all(name: str, cli: Cli) -> None:
    room = ROOMS[name]
    assert missing(room.names, run(cli, room.help)) == []


@pytest.mark.parametrize("name", [name for name, room in ROOMS.items() if room.wrong])
def test_an_unknown_name_is_answered_with_all(name: str, cli: Cli) -> None:
    room = ROOMS[name]
    said = run(cli, room.wrong)
    assert NONSENSE in said
    assert missing(room.names, re.split("known are|faults are", said, flags=re.IGNORECASE)[1]) == []


@pytest.mark.parametrize("name", [name for name, room in ROOMS.items() if room.page])
def test_docs_name_all(name: str) -> None:
    room = ROOMS[name]
    assert missing(room.names, (ROOT / room.page).read_text(encoding="utf-8")) == []
