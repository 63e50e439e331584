"""Family MIS."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, changed

PROOFS = {
    "MIS001": Proof(
        Take("mistral"),
        Take("mistral", edit=changed(-2, lambda chunk: chunk.__delitem__("usage"))),
        "the chunk that finishes has no usage",
    ),
}
