"""Family SSE."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, replace

GOOD = Take()

PROOFS = {
    "SSE001": Proof(GOOD, Take(edit=replace(1, b"data: ", b"data: \xff")), "bytes that are not UTF-8: ff"),
}
