"""The config file of a project: where it is looked for, and what stands in it.

`[dialects.NAME]` describes an app's own events. `[app]` and `[targets.NAME]` are checked here; suites run them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from sseprobe import json_pointer
from sseprobe.config import toml_file
from sseprobe.config.tables import DefaultsTable, TargetTable
from sseprobe.config.toml_file import MisfitError
from sseprobe.errors import UsageError

NAME: Final = "sseprobe.toml"
_SHARED: Final = "pyproject.toml"
_IN_SHARED: Final = ("tool", "sseprobe")

_Pointer = Annotated[str, Meta(description='a JSON pointer in quotes, such as "/token"')]
_Done = Annotated[
    str | dict[str, Any],
    Meta(description='a literal such as "[DONE]", or a table of JSON pointers and values such as { "/done" = true }'),
]


class DialectTable(Struct, frozen=True, forbid_unknown_fields=True):
    """An app's own events: where text, error and output tokens stand in the payload, and what ends the stream."""

    framing: Literal["sse", "ndjson", "text"] | None = None
    text: _Pointer | None = None
    error: _Pointer | None = None
    done: _Done | None = None
    tokens: _Pointer | None = None

    def __post_init__(self) -> None:
        """Refuses what is not a pointer, and an empty end mark."""
        pointers = {"text": self.text, "error": self.error, "tokens": self.tokens}
        if isinstance(self.done, dict) and (wrong := [each for each in self.done if not _is_pointer(each)]):
            pointers["done"] = wrong[0]
        for key, pointer in pointers.items():
            if pointer is not None and not _is_pointer(pointer):
                raise MisfitError(f'{key} = "{pointer}": expected a JSON pointer, such as "/token" (RFC 6901).', key)
        if isinstance(self.done, str) and self.done.startswith("/") and "=" in self.done:
            pointer, _, value = self.done.partition("=")
            raise MisfitError(f'done = "{self.done}" is a literal; did you mean {{ "{pointer}" = {value} }}?', "done")
        if self.done is not None and not self.done:
            raise MisfitError("done is empty: give a literal, or what the last event has to hold.", "done")


class AppTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The app under test. `ready`: a path that answers 2xx once it is ready. `ready_timeout`: in seconds."""

    start: str | None = None
    env: dict[str, str] = {}
    ready: str | None = None
    ready_timeout: Annotated[float, Meta(gt=0, description="a number above 0")] = 30.0


class Project(Struct, frozen=True, forbid_unknown_fields=True):
    dialects: dict[str, DialectTable] = {}
    app: AppTable = AppTable()
    targets: dict[str, TargetTable] = {}
    defaults: DefaultsTable = msgspec.field(default_factory=DefaultsTable)

    def __post_init__(self) -> None:
        """Refuses what would be left out without a word."""
        if self.defaults != DefaultsTable():
            raise MisfitError("defaults: not supported yet; give these options on the command line.", "defaults")


def load(path: Path) -> Project:
    """The config file at this path. Raises UsageError."""
    table = _IN_SHARED if path.name == _SHARED else ()
    return toml_file.read(path, Project, table=table)


def find(start: Path) -> Path | None:
    """The config file of the folder, or of its nearest parent that has one, up to the repository's root."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if toml_file.has_table(folder / _SHARED, _IN_SHARED):
            return folder / _SHARED
        if (folder / ".git").exists():
            return None
    return None


def refused(path: Path, key_path: toml_file.KeyPath, problem: str) -> UsageError:
    """The error for what stands at a key of the config file, with its line."""
    return toml_file.refused(path, (*(_IN_SHARED if path.name == _SHARED else ()), *key_path), problem)


def project(named: str | None) -> tuple[Project, Path | None]:
    """The project of `--config FILE`, or of this folder; an empty one where there is no file. Raises UsageError."""
    path = Path(named) if named is not None else find(Path.cwd())
    if path is None:
        return Project(), None
    if named is not None and not path.exists():
        raise UsageError(
            f"--config {named}: no such file. Without --config, {NAME} is searched for in this folder and its parents."
        )
    return load(path), path


def _is_pointer(pointer: str) -> bool:
    try:
        json_pointer.parse(pointer)
    except ValueError:
        return False
    return True


def schema(filled: Callable[[str], str]) -> dict[str, Any]:
    """The JSON Schema of the file, for editors. `filled`: fills in the lists that the help of options names."""
    made = _for_toml(msgspec.json.schema(Project), filled)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": NAME, **made}


def _for_toml(value: Any, filled: Callable[[str], str]) -> Any:
    """The same without defaults that are null, for TOML has none, and with all texts filled in."""
    if isinstance(value, dict):
        return {key: _for_toml(each, filled) for key, each in value.items() if (key, each) != ("default", None)}
    if isinstance(value, list):
        return [_for_toml(each, filled) for each in value]
    return filled(value) if isinstance(value, str) else value
