"""Family ORS."""

from tests.rules.mutants.openai_edits import in_chunk, put
from tests.rules.mutants.openai_responses import in_response, meant
from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, append, double, drop

GOOD = Take("openai-responses")
FAILED = Take("openai-responses", f"{QUICK},fault=error@2")

PROOFS = {
    "ORS001": Proof(GOOD, GOOD._replace(edit=double(1)), "sequence_number 1 comes after 1"),
    "ORS002": Proof(GOOD, GOOD._replace(edit=in_response(-1, id="resp_other")), "tells of another response"),
    "ORS003": Proof(GOOD, GOOD._replace(edit=meant(drop(2))), "comes before the output_item.added of output item 0"),
    "ORS004": Proof(GOOD, GOOD._replace(edit=meant(drop(5))), "holds another output_text than its deltas"),
    "ORS005": Proof(
        GOOD, GOOD._replace(edit=in_response(-1, status="incomplete")), "holds a response that is incomplete"
    ),
    "ORS006": Proof(GOOD, GOOD._replace(edit=append(b"data: [DONE]\n\n")), "[DONE] came"),
    "ORS007": Proof(GOOD, GOOD._replace(edit=drop(1)), "sequence_number jumps from 0 to 2"),
    "ORS008": Proof(FAILED, FAILED._replace(edit=drop(-1)), "error is not followed by response.failed"),
    "ORS009": Proof(GOOD, GOOD._replace(edit=in_chunk(5, put(item_id="msg_other"))), "gives output item 0 another id"),
}
