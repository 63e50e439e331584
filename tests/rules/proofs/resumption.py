"""Family RES."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, both, replace

WITHOUT_IDS = Take(
    edit=both(
        replace(0, b"id: 1\n", b""),
        replace(1, b"id: 2\n", b""),
        replace(2, b"id: 3\n", b""),
        replace(3, b"id: 4\n", b""),
    )
)

PROOFS = {
    "RES001": Proof(Take(), Take(edit=replace(1, b"id: 2", b"id: 1")), "the id '1' is repeated"),
    "RES003": Proof(Take(), WITHOUT_IDS, "the stream ends without ids"),
}
