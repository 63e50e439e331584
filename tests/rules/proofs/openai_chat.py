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
    "OAI001": Proof(CHAT, CHAT._replace(edit=in_chunk(2, put(id="other"))), "the id differs from the first chunk's"),
    "OAI002": Proof(CHAT, CHAT._replace(edit=drop(0)), "choice 0 starts without a role"),
    "OAI003": Proof(CHAT, CHAT._replace(edit=double(4)), "choice 0 finishes a second time: stop, then stop"),
    "OAI004": Proof(TOOLS, TOOLS._replace(edit=in_call(1, lose("id"))), "tool call 0 of choice 0 starts without id"),
    "OAI006": Proof(CHAT, CHAT._replace(edit=usage_with_the_finish), "the chunk with usage has choices"),
    "OAI007": Proof(CHAT, Take("openai-chat", f"{QUICK},fault=fake-complete@2"), "choice 0 has no finish_reason"),
    "OAI008": Proof(
        COMPLETIONS,
        COMPLETIONS._replace(edit=in_chunk(1, put(object="chat.completion.chunk"))),
        "a chunk's object is chat.completion.chunk",
    ),
    "OAI009": Proof(CHAT, CHAT._replace(edit=in_chunk(2, put(created=7))), "created changes mid-stream"),
    "OAI010": Proof(
        TOOLS, TOOLS._replace(edit=in_all_calls(put(id="call_1"))), "tool call 0 of choice 0 repeats its id"
    ),
    "OAI011": Proof(TOOLS, TOOLS._replace(edit=finishing("stop")), "choice 0 called tools but finishes with stop"),
    "OAI012": Proof(
        CHAT._replace(edit=in_delta(1, put(reasoning="Hm"))),
        CHAT._replace(edit=in_delta(1, put(reasoning="Hm", reasoning_content="Hm"))),
        "reasoning is sent twice",
    ),
    "OAI013": Proof(
        CHAT, CHAT._replace(edit=finishing("network_error")), "the model stopped with finish_reason network_error"
    ),
}
