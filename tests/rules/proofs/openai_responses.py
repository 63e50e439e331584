"""Family ORS."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, append, changed, double, drop

GOOD = Take("openai-responses")

PROOFS = {
    "ORS001": Proof(GOOD, Take("openai-responses", edit=double(1)), "sequence_number 1 follows 1"),
    "ORS002": Proof(
        GOOD,
        Take("openai-responses", edit=changed(-1, lambda event: event["response"].update(id="resp_other"))),
        "the response has another id",
    ),
    "ORS003": Proof(GOOD, Take("openai-responses", edit=drop(2)), "which was never added"),
    "ORS004": Proof(
        GOOD,
        Take("openai-responses", edit=changed(4, lambda event: event.update(delta="Something else"))),
        "response.output_text.done is not what its deltas come to",
    ),
    "ORS005": Proof(
        GOOD,
        Take("openai-responses", edit=changed(-1, lambda event: event["response"].update(status="in_progress"))),
        "response.completed has status 'in_progress'",
    ),
    "ORS006": Proof(GOOD, Take("openai-responses", edit=append(b"data: [DONE]\n\n")), "[DONE] came"),
}
