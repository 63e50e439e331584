"""Family VRC."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, drop

PROOFS = {
    "VRC001": Proof(Take("vercel-ui"), Take("vercel-ui", edit=drop(2)), "text-delta for"),
    "VRC002": Proof(Take("vercel-ui"), Take("vercel-ui", edit=drop(0)), "the first part is start-step"),
}
