"""Dialects: vendors' conventions over SSE. To add one: one file here, and its line in `_MODULES`."""

from importlib import import_module
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sseprobe.errors import UsageError

if TYPE_CHECKING:  # `--help` lists the names, and shall be quick
    from sseprobe.dialects.base import Dialect
    from sseprobe.sse import Event

AUTO: Final = "auto"
_MODULES: Final = {
    "openai-chat": "sseprobe.dialects.openai_chat",
    "plain": "sseprobe.dialects.plain",
}
NAMES: Final = tuple(_MODULES)


def by_name(name: str) -> "Dialect":
    """The dialect of this name. Raises UsageError for one that is not known."""
    if name not in _MODULES:
        raise UsageError(f"--dialect {name}: not a dialect sseprobe knows. Known are: auto, {', '.join(NAMES)}.")
    dialect: Dialect = import_module(_MODULES[name]).DIALECT
    return dialect


def by_url(url: str) -> "Dialect | None":
    """The dialect that the URL's path tells, None if it tells none."""
    path = urlsplit(url).path.rstrip("/")
    return next((dialect for dialect in map(by_name, NAMES) if path.endswith(dialect.paths)), None)


def by_event(event: "Event") -> "Dialect | None":
    """The dialect that a first event tells, None if it tells none."""
    return next((dialect for dialect in map(by_name, NAMES) if dialect.recognises(event)), None)
