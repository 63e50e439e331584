"""Family VRC."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, both, changed, drop, event_with, insert, swap

GOOD = Take("vercel-ui")
TOOLS = f"{QUICK},tools=1"


def output(call: str) -> bytes:
    """What a tool came to."""
    return event_with({"type": "tool-output-available", "toolCallId": call, "output": 21})


CALL = b'data: {"type":"tool-input-available","toolCallId":"c1","toolName":"f","input":{}}\n\n'

PROOFS = {
    "VRC001": Proof(GOOD, Take("vercel-ui", edit=drop(2)), "text-delta for"),
    "VRC002": Proof(GOOD, Take("vercel-ui", edit=swap(0, 1)), "the first part is start-step"),
    "VRC003": Proof(GOOD, Take("vercel-ui", edit=drop(7)), "the last step never finishes"),
    "VRC004": Proof(GOOD, Take("vercel-ui", edit=drop(6)), "never ends"),
    "VRC005": Proof(GOOD, Take("vercel-ui", edit=swap(6, 7)), "whose step has finished"),
    "VRC006": Proof(
        Take("vercel-ui", TOOLS, edit=insert(-3, CALL, output("c1"))),
        Take("vercel-ui", TOOLS, edit=insert(-3, CALL, output("c2"))),
        "tool-output-available for the unknown tool call 'c2'",
    ),
    "VRC007": Proof(
        GOOD,
        Take("vercel-ui", edit=changed(-2, lambda part: part.update(finishReason=None))),
        "finishReason is null",
    ),
    "VRC008": Proof(
        GOOD,
        Take("vercel-ui", edit=changed(-2, lambda part: part.update(finishReason="end_turn"))),
        "the finish reason is end_turn",
    ),
    "VRC009": Proof(
        GOOD,
        Take("vercel-ui", edit=insert(3, event_with({"type": "progress", "data": 40}))),
        "the client does not know the part type progress",
    ),
    "VRC010": Proof(GOOD, Take("vercel-ui", edit=both(drop(0), drop(-2))), "the message has no start"),
}
