"""What is installed, and how its process is started. Looks, and imports nothing."""

import json
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from sseprobe.readers.base import Reader

_NODE_FILES: Final = Path(__file__).parent / "node"
_RUN: Final = (
    "import {{ main }} from {child}; import {{ read }} from {script}; "
    "await main(read, (name) => import(name), {canary});"
)
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH")
_QUIET: Final = {
    "PYTHONIOENCODING": "utf-8",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "false",
}


def installed_version(reader: Reader) -> str | None:
    """The version of its package, None if it is not installed."""
    if reader.script is None:
        try:
            return version(reader.package)
        except PackageNotFoundError:
            return None
    modules = node_modules(reader.package)
    if modules is None or shutil.which("node") is None:
        return None
    try:
        found = json.loads((modules / reader.package / "package.json").read_bytes())["version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def node_modules(package: str) -> Path | None:
    """The folder that holds an npm package: one in NODE_PATH, or `node_modules` here or above, where node looks."""
    named = [Path(each) for each in os.environ.get("NODE_PATH", "").split(os.pathsep) if each]
    here = Path.cwd()
    folders = [*named, *(folder / "node_modules" for folder in (here, *here.parents))]
    return next((folder for folder in folders if (folder / package / "package.json").is_file()), None)


def prepare(reader: Reader, home: Path) -> list[str]:
    """The command line of its process, which will run in this folder."""
    if reader.script is None:
        assert reader.read is not None
        while_in = reader.read.__module__
        return [sys.executable, "-P", "-m", "sseprobe.readers.child", while_in]
    modules = node_modules(reader.package)
    assert modules is not None
    # A module's own folder decides where its imports are looked for: code given as words has that of the process.
    (home / "node_modules").symlink_to(modules.resolve(), target_is_directory=True)
    quoted = {"child": _NODE_FILES / "child.mjs", "script": _NODE_FILES / reader.script}
    words = {name: json.dumps(path.as_uri()) for name, path in quoted.items()}
    code = _RUN.format(canary=json.dumps(reader.canary.decode()), **words)
    return [shutil.which("node") or "node", "--input-type=module", "--eval", code]


def environment(home: Path) -> dict[str, str]:
    """What its process knows of ours: where things are, and no secret. Its home is its own."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        **_QUIET,
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PYTHONPATH": os.pathsep.join(_import_path()),
    }


def _import_path() -> list[str]:
    """Where its modules are looked for: as here, but nothing in the user's folder, and what the user's PYTHONPATH names
    last: a `httpx.py` there is not the client that is to be asked.
    """
    ours = os.path.abspath(Path(__file__).parents[2])  # noqa: PTH100  links stay links, as in sys.path
    folders = [os.path.abspath(folder) for folder in sys.path if folder]  # noqa: PTH100
    named = {os.path.abspath(each) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each}  # noqa: PTH100
    theirs = {*named, os.getcwd()} - {ours}  # noqa: PTH109
    found = [folder for folder in folders if folder not in theirs]
    late = [folder for folder in folders if folder in named - {ours}]
    return [*(() if ours in found else (ours,)), *found, *late]
