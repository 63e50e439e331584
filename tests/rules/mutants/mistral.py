"""Family MIS, and what family OAI says of Mistral's calls."""

from tests.rules.mutants import mutant
from tests.rules.mutants.openai_edits import in_call, in_chunk, lose, put
from tests.support.takes import QUICK, Take, replace

USAGE = {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
TOOLS = f"{QUICK},tools=1"

MUTANTS = [
    mutant("mistral: no usage", Take("mistral", edit=in_chunk(-2, lose("usage"))), "MIS001"),
    mutant("mistral: usage is null", Take("mistral", edit=in_chunk(-2, put(usage=None))), "MIS001"),
    mutant("mistral: usage before the finish", Take("mistral", edit=in_chunk(2, put(usage=USAGE))), "MIS001"),
    mutant(
        "mistral: a call without name",
        Take("mistral", TOOLS, edit=in_call(1, lambda call: call["function"].pop("name"))),
        "OAI004",
    ),
    # Its own types say so where there is no id.
    mutant("mistral: a call whose id is null", Take("mistral", TOOLS, edit=in_call(1, put(id="null")))),
    mutant("mistral: a call without type", Take("mistral", TOOLS, edit=replace(1, b'"type":"function",', b""))),
    mutant("mistral: a call without index", Take("mistral", TOOLS, edit=in_call(1, lose("index")))),
]
