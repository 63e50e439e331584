"""Family GEM."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, append, changed, replace

GOOD = Take("gemini")
TOOLS = f"{QUICK},tools=1"

PROOFS = {
    "GEM001": Proof(
        GOOD,
        Take("gemini", edit=replace(-1, b'"usageMetadata"', b'"usage_metadata"')),
        "usage_metadata is not camelCase",
    ),
    "GEM004": Proof(GOOD, Take("gemini", edit=append(b"data: [DONE]\r\n\r\n")), "the stream has a [DONE]"),
    "GEM005": Proof(
        GOOD,
        Take("gemini", edit=changed(1, lambda event: event["candidates"][0].update(content="Hi"))),
        "content has type string",
    ),
    "GEM006": Proof(
        Take("gemini", TOOLS),
        Take(
            "gemini",
            TOOLS,
            edit=changed(
                0,
                lambda event: event["candidates"][0]["content"]["parts"][0]["functionCall"].update(
                    args='{"city": "Rome"}'
                ),
            ),
        ),
        "the arguments have type string",
    ),
    "GEM007": Proof(GOOD, Take("gemini", edit=replace(-1, b'"STOP"', b'"stop"')), "the finish reason is stop"),
}
