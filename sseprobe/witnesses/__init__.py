"""Witnesses: sources of evidence that the server stopped. They sample; `stop_detection` judges.

To add one: one file here, with its `SPEC` and `make`, and its line in `_MODULES`. Help and docs are made from it.
"""

import difflib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sseprobe.errors import UsageError

if TYPE_CHECKING:
    from sseprobe.witnesses.base import Context, Spec, Witness

_MODULES: Final = (
    "mock",
    "upstream",
    "prometheus",
    "llamacpp_slots",
    "http_json",
    "log",
    "command",
    "cpu",
    "queue",
)
"""In the order of help and docs. A witness is called as its module, with `-` for `_`, and imported when it is used."""


@cache
def specs() -> "tuple[Spec, ...]":
    """What each witness says of itself."""
    return tuple(_module(name).SPEC for name in _MODULES)


def syntaxes() -> str:
    """The syntax of every SPEC, for help and errors."""
    return ", ".join(spec.syntax for spec in specs())


def by_spec(spec: str, context: "Context") -> "Witness":
    """The witness of a SPEC. Raises UsageError for an unknown one."""
    kind, _, words = spec.partition(":")
    names = [name.replace("_", "-") for name in _MODULES]
    if kind not in names:
        near = difflib.get_close_matches(kind.lower(), names, 1)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"--witness {kind}: unknown witness.{guess} Known are: {syntaxes()}.")
    witness: Witness = _module(kind.replace("-", "_")).make(words, context)
    asked = urlsplit(words)
    witness.is_of_target = bool(asked.netloc) and asked.netloc == urlsplit(context.url).netloc
    return witness


def _module(name: str) -> Any:
    return import_module(f"{__name__}.{name}")
