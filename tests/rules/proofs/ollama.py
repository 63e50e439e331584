"""Family OLL."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, changed

PROOFS = {
    "OLL001": Proof(
        Take("ollama"),
        Take("ollama", edit=changed(-1, lambda line: line.__delitem__("done_reason"))),
        "the last line has no done_reason",
    ),
}
