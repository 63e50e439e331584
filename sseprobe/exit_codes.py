"""The exit codes of every command, as the contract fixes them, and the one table from a verdict to a code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PASS: Final = 0
FAIL: Final = 1
USAGE: Final = 2
NO_STREAM: Final = 3
INCONCLUSIVE: Final = 4
BUG: Final = 70
INTERRUPTED: Final = 130

_BY_VERDICT: Final[Mapping[str, int]] = MappingProxyType({"pass": PASS, "fail": FAIL, "inconclusive": INCONCLUSIVE})


def code_of(verdict: str, *, no_stream: bool = False, interrupted: bool = False, crashed: bool = False) -> int:
    """The exit code of a report with this verdict.

    `no_stream`: the target could not be reached, or its answer is not a stream. `crashed`: a rule of sseprobe crashed.
    """
    if crashed:
        return BUG
    if interrupted:
        return INTERRUPTED
    return NO_STREAM if no_stream else _BY_VERDICT[verdict]
