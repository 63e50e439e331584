"""Family GEM."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, replace

PROOFS = {
    "GEM001": Proof(
        Take("gemini"),
        Take("gemini", edit=replace(-1, b'"usageMetadata"', b'"usage_metadata"')),
        "usage_metadata is not camelCase",
    ),
}
