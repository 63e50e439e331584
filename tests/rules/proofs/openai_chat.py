"""Family OAI."""

from tests.rules.mutants.openai_edits import (
    finishing,
    in_all_calls,
    in_call,
    in_chunk,
    in_delta,
    lose,
    put,
    usage_with_the_finish,
)
from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, double, drop

CHAT = Take("openai-chat")
COMPLETIONS = Take("openai-completions")
TOOLS = Take("openai-chat", f"{QUICK},tools=1")

PROOFS = {
    "OAI001": Proof(CHAT, CHAT._replace(edit=in_chunk(2, put(id="other"))), "the id is not that of the first chunk"),
    "OAI002": Proof(CHAT, CHAT._replace(edit=drop(0)), "choice 0 begins without a role"),
    "OAI003": Proof(CHAT, CHAT._replace(edit=double(4)), "choice 0 finishes a second time: stop, then stop"),
    "OAI004": Proof(TOOLS, TOOLS._replace(edit=in_call(1, lose("id"))), "tool call 0 of choice 0 begins without id"),
    "OAI006": Proof(CHAT, CHAT._replace(edit=usage_with_the_finish), "usage came with choices"),
    "OAI007": Proof(CHAT, Take("openai-chat", f"{QUICK},fault=fake-complete@2"), "choice 0 has no finish_reason"),
    "OAI008": Proof(
        COMPLETIONS,
        COMPLETIONS._replace(edit=in_chunk(1, put(object="chat.completion.chunk"))),
        "a chunk says it is a chat.completion.chunk",
    ),
    "OAI009": Proof(CHAT, CHAT._replace(edit=in_chunk(2, put(created=7))), "created changes in mid-stream"),
    "OAI010": Proof(
        TOOLS, TOOLS._replace(edit=in_all_calls(put(id="call_1"))), "tool call 0 of choice 0 sends its id again"
    ),
    "OAI011": Proof(TOOLS, TOOLS._replace(edit=finishing("stop")), "choice 0 called tools and finishes with stop"),
    "OAI012": Proof(
        CHAT._replace(edit=in_delta(1, put(reasoning="Hm"))),
        CHAT._replace(edit=in_delta(1, put(reasoning="Hm", reasoning_content="Hm"))),
        "reasoning is sent twice",
    ),
    "OAI013": Proof(
        CHAT, CHAT._replace(edit=finishing("network_error")), "the model stopped with finish_reason network_error"
    ),
}
