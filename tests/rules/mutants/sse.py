"""Family SSE."""

from tests.rules.mutants import mutant
from tests.support.takes import Take, replace

MUTANTS = [
    mutant("not UTF-8", Take(edit=replace(1, b"data: ", b"data: \xff")), "SSE001"),
]
