"""Family OLL."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, changed, insert

GOOD = Take("ollama")
TOOLS = f"{QUICK},tools=1"

PROOFS = {
    "OLL001": Proof(
        GOOD,
        Take("ollama", edit=changed(-1, lambda line: line.__delitem__("done_reason"))),
        "the last line has no done_reason",
    ),
    "OLL002": Proof(GOOD, Take("ollama", edit=insert(1, b"\n")), "a line is empty"),
    "OLL003": Proof(GOOD, Take("ollama", f"{QUICK},fault=u2028"), "a line contains an unescaped U+2028"),
    "OLL004": Proof(
        Take("ollama", TOOLS),
        Take(
            "ollama",
            TOOLS,
            edit=changed(
                0, lambda line: line["message"]["tool_calls"][0]["function"].update(arguments='{"city": "Rome"}')
            ),
        ),
        "the arguments are of type string",
    ),
}
