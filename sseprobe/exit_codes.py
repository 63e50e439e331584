"""The exit codes of every command, as the contract fixes them."""

from typing import Final

PASS: Final = 0
FAIL: Final = 1
USAGE: Final = 2
NO_STREAM: Final = 3
INCONCLUSIVE: Final = 4
BUG: Final = 70
INTERRUPTED: Final = 130
