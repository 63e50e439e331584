"""Active probes of `check`: each sends requests of its own, and collects evidence that rules judge.

To add one: one file here, and its line in `_MODULES`; its evidence in `sseprobe.rules.probe_results`.
"""

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Final

from sseprobe.errors import UsageError

if TYPE_CHECKING:
    from sseprobe.probes.check.active.base import ActiveProbe

REPEAT: Final = "repeat"
ABORT: Final = "abort"
RESUME: Final = "resume"
_MODULES: Final = {
    REPEAT: "sseprobe.probes.check.active.repeat",
    ABORT: "sseprobe.probes.check.active.abort",
    "error": "sseprobe.probes.check.active.error",
    RESUME: "sseprobe.probes.check.active.resume",
    "slow-reader": "sseprobe.probes.check.active.slow_reader",
    "method": "sseprobe.probes.check.active.method",
    "compression": "sseprobe.probes.check.active.compression",
    "http10": "sseprobe.probes.check.active.http10",
    "answer-length": "sseprobe.probes.check.active.answer_length",
}
NAMES: Final = tuple(_MODULES)


def known_name(name: str) -> str:
    """The name, if a probe has it. Raises UsageError, which suggests the nearest."""
    if name not in _MODULES:
        near = difflib.get_close_matches(name.lower(), NAMES, 1)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"--probe {name}: unknown probe.{guess} Known are: {', '.join(NAMES)}.")
    return name


def by_name(name: str) -> "ActiveProbe":
    """The probe of this name."""
    probe: ActiveProbe = import_module(_MODULES[name]).PROBE
    return probe
