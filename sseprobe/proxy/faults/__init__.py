"""Faults, one file each; each declares itself as `FAULT`. To add one: a file here, and its name in `MODULES`."""

import difflib
from functools import cache, partial
from importlib import import_module
from typing import Final

from sseprobe.errors import UsageError
from sseprobe.proxy.fault import FaultFactory
from sseprobe.proxy.fault_kind import FaultKind, ValueSpecError
from sseprobe.text import one_line

MODULES: Final = (
    "hold",
    "hold_all",
    "hold_head",
    "flush_timer",
    "coalesce",
    "gzip",
    "split",
    "slow",
    "latency",
    "first_byte_timeout",
    "idle_timeout",
    "total_timeout",
    "max_bytes",
    "eof_after",
    "rst_after",
    "stall",
    "dup_event",
    "bad_utf8",
    "crlf",
    "cr",
    "bom",
    "html_502_midway",
    "strip",
    "add",
    "method",
    "http10",
    "close_delimited",
    "heartbeat",
    "client_abort",
    "half_close",
)
"""In the order in which they are listed."""


@cache
def all_faults() -> dict[str, FaultKind]:
    """All faults by name."""
    kinds: list[FaultKind] = [import_module(f"{__name__}.{module}").FAULT for module in MODULES]
    return {kind.name: kind for kind in kinds}


def parse_fault(spec: str) -> FaultFactory:
    """What makes the fault of a SPEC. Raises UsageError for one that is not understood."""
    faults = all_faults()
    name, colon, value = spec.partition(":")
    kind = faults.get(name)
    if kind is None:
        near = difflib.get_close_matches(name.lower(), faults, 1)
        guess = f" Did you mean {faults[near[0]].syntax}?" if near else ""
        raise UsageError(f"--fault {one_line(spec, 80)}: unknown fault.{guess} Known are: {', '.join(faults)}.")
    try:
        arguments = kind.parse(value if colon else None)
    except ValueSpecError as wrong:
        raise UsageError(f"--fault {one_line(spec, 80)}: expected {kind.syntax} with {wrong}.") from None
    return partial(kind.make, *arguments)
