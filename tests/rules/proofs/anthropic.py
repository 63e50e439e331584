"""Family ANT."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Blocks, Take, append, changed, drop, everywhere

GOOD = Take("anthropic")
TOOLS = f"{QUICK},tools=1"
THINKS = f"{QUICK},reasoning=1"


def unsigned(blocks: Blocks) -> Blocks:
    """Without signatures."""
    return [block for block in blocks if b"signature_delta" not in block]


PROOFS = {
    "ANT001": Proof(GOOD, Take("anthropic", edit=drop(0)), "the first event is content_block_start"),
    "ANT002": Proof(GOOD, Take("anthropic", edit=drop(2)), "content_block_delta for 0, which is not open"),
    "ANT003": Proof(
        GOOD,
        Take("anthropic", edit=changed(-2, lambda event: event["delta"].update(stop_reason=None))),
        "no stop reason comes before message_stop",
    ),
    "ANT006": Proof(
        GOOD, Take("anthropic", edit=everywhere(b'"index":0', b'"index":1')), "block 1 starts, but the next index is 0"
    ),
    "ANT007": Proof(
        GOOD,
        Take(
            "anthropic", edit=changed(3, lambda event: event.update(delta={"type": "thinking_delta", "thinking": "x"}))
        ),
        "a thinking_delta is in a block of type text",
    ),
    "ANT008": Proof(GOOD, Take("anthropic", edit=drop(-3)), "block 0 never stops"),
    "ANT009": Proof(
        GOOD,
        Take("anthropic", edit=changed(0, lambda event: event["message"].update(stop_reason="end_turn"))),
        "message_start has the stop reason end_turn",
    ),
    "ANT010": Proof(
        GOOD,
        Take("anthropic", edit=changed(-2, lambda event: event.update(usage={}))),
        "the usage of message_delta has no output_tokens",
    ),
    "ANT011": Proof(
        Take("anthropic", TOOLS),
        Take("anthropic", TOOLS, edit=changed(-2, lambda event: event["delta"].update(stop_reason="end_turn"))),
        "a tool is called, but the stop reason is end_turn",
    ),
    "ANT012": Proof(
        Take("anthropic", TOOLS),
        Take("anthropic", TOOLS, edit=changed(2, lambda event: event["content_block"].update(id=None))),
        "a tool_use block has no id",
    ),
    "ANT013": Proof(GOOD, Take("anthropic", edit=append(b"data: [DONE]\n\n")), "the stream has a [DONE]"),
    "ANT014": Proof(
        Take("anthropic", THINKS), Take("anthropic", THINKS, edit=unsigned), "the thinking of block 0 has no signature"
    ),
}
