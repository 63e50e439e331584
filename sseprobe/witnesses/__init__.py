"""Witnesses: who says whether the server stopped. To add one: one file here, and its line in `_MODULES`."""

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sseprobe.errors import UsageError

if TYPE_CHECKING:
    from sseprobe.witnesses.base import Context, Witness

_MODULES: Final = {
    "mock": "sseprobe.witnesses.mock",
    "upstream": "sseprobe.witnesses.upstream",
    "prometheus": "sseprobe.witnesses.prometheus",
    "llamacpp-slots": "sseprobe.witnesses.llamacpp_slots",
    "http-json": "sseprobe.witnesses.http_json",
    "log": "sseprobe.witnesses.log",
    "command": "sseprobe.witnesses.command",
    "cpu": "sseprobe.witnesses.cpu",
    "queue": "sseprobe.witnesses.queue",
}
SPECS: Final = (
    "mock[:URL]", "upstream:PORT", "prometheus:URL[#preset=NAME|#counter=NAME&gauge=NAME]", "llamacpp-slots:URL",
    "http-json:URL#/json/pointer", "log:FILE:REGEX", "command:SHELL", "cpu:PID", "queue",
)  # fmt: skip


def by_spec(spec: str, context: "Context") -> "Witness":
    """The witness of a SPEC. Raises UsageError for one that is not understood."""
    kind, _, words = spec.partition(":")
    if kind not in _MODULES:
        near = difflib.get_close_matches(kind.lower(), _MODULES, 1)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"--witness {kind}: not a witness sseprobe knows.{guess} Known are: {', '.join(SPECS)}.")
    witness: Witness = import_module(_MODULES[kind]).make(words, context)
    asked = urlsplit(words)
    witness.is_of_target = bool(asked.netloc) and asked.netloc == urlsplit(context.url).netloc
    return witness
