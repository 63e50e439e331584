"""Family MIS."""

from tests.rules.mutants.openai_edits import in_chunk, lose
from tests.rules.proofs import Proof
from tests.support.takes import Take

GOOD = Take("mistral")

PROOFS = {"MIS001": Proof(GOOD, GOOD._replace(edit=in_chunk(-2, lose("usage"))), "the stream has no usage")}
