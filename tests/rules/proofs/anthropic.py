"""Family ANT."""

from tests.rules.proofs import Proof
from tests.support.takes import Take, changed, drop

GOOD = Take("anthropic")

PROOFS = {
    "ANT001": Proof(GOOD, Take("anthropic", edit=drop(0)), "the first event is content_block_start"),
    "ANT002": Proof(GOOD, Take("anthropic", edit=drop(-3)), "block 0 never stops"),
    "ANT003": Proof(
        GOOD,
        Take("anthropic", edit=changed(-2, lambda event: event["delta"].update(stop_reason=None))),
        "message_stop comes without a stop reason",
    ),
}
