"""Family COH."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, changed, drop

GOOD = Take("cohere")
TOOLS = f"{QUICK},tools=1"

PROOFS = {
    "COH001": Proof(GOOD, Take("cohere", edit=drop(0)), "the first event is content-start"),
    "COH002": Proof(GOOD, Take("cohere", edit=drop(1)), "content-delta for 0, which is not open"),
    "COH003": Proof(GOOD, Take("cohere", edit=drop(-3)), "content 0 never ends"),
    "COH004": Proof(
        GOOD,
        Take(
            "cohere", edit=changed(2, lambda event: event["delta"]["message"].update(content={"thinking": "perhaps"}))
        ),
        "thinking is sent in content of type text",
    ),
    "COH005": Proof(
        Take("cohere", TOOLS),
        Take("cohere", TOOLS, edit=changed(-2, lambda event: event["delta"].update(finish_reason="COMPLETE"))),
        "a tool is called, but the finish reason is COMPLETE",
    ),
    "COH006": Proof(
        Take("cohere", TOOLS),
        Take("cohere", TOOLS, edit=changed(1, lambda event: event["delta"]["message"]["tool_calls"].update(id=None))),
        "a tool call has no id",
    ),
}
