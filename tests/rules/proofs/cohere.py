"""Family COH."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, drop

PROOFS = {
    "COH001": Proof(Take("cohere"), Take("cohere", edit=drop(0)), "the first event is content-start"),
    "COH002": Proof(Take("cohere"), Take("cohere", edit=drop(1)), "content-delta for 0, which is not open"),
}
