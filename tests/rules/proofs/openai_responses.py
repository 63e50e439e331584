"""Family ORS."""

from typing import Any

from tests.rules.mutants.openai_edits import in_chunk, put
from tests.rules.mutants.openai_responses import in_response, meant
from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Blocks, Take, append, double, drop, with_payload

GOOD = Take("openai-responses")
TOOLS = Take("openai-responses", f"{QUICK},tools=1")
FAILED = Take("openai-responses", f"{QUICK},fault=error@2")


def nested(blocks: Blocks) -> Blocks:
    """The error as api.openai.com sends it."""

    def move(event: dict[str, Any]) -> None:
        event["error"] = {name: event.pop(name) for name in ("code", "message", "param")}

    return [with_payload(block, move) if block.startswith(b"event: error") else block for block in blocks]


PROOFS = {
    "ORS001": Proof(GOOD, GOOD._replace(edit=double(1)), "sequence_number falls or repeats: 1 after 1"),
    "ORS002": Proof(
        GOOD, GOOD._replace(edit=in_response(-1, id="resp_other")), "response.completed has a different response id"
    ),
    "ORS003": Proof(GOOD, GOOD._replace(edit=meant(drop(2))), "comes before the output_item.added of output item 0"),
    "ORS004": Proof(
        GOOD,
        GOOD._replace(edit=meant(drop(5))),
        "response.output_text.done has a different output_text than its deltas",
    ),
    "ORS005": Proof(
        GOOD,
        GOOD._replace(edit=in_response(-1, status="incomplete")),
        "response.completed has a response with status incomplete",
    ),
    "ORS006": Proof(GOOD, GOOD._replace(edit=append(b"data: [DONE]\n\n")), "the stream has a [DONE]"),
    "ORS007": Proof(GOOD, GOOD._replace(edit=drop(1)), "sequence_number jumps from 0 to 2"),
    "ORS008": Proof(FAILED, FAILED._replace(edit=drop(-1)), "error is not followed by response.failed"),
    "ORS009": Proof(
        GOOD,
        GOOD._replace(edit=in_chunk(5, put(item_id="msg_other"))),
        "response.output_text.delta has a different id for output item 0",
    ),
    "ORS010": Proof(
        TOOLS,
        TOOLS._replace(edit=in_chunk(2, lambda event: event["item"].update(call_id=""))),
        "the function_call of output item 0 has no call_id",
    ),
    "ORS011": Proof(GOOD, GOOD._replace(edit=in_response(-1, output=[])), "response.completed has an empty output"),
    "ORS012": Proof(FAILED, FAILED._replace(edit=nested), "the error is nested in an object"),
}
