"""Family OAI."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, changed, double, drop

CHAT = Take("openai-chat")
COMPLETIONS = Take("openai-completions")
TOOLS = f"{QUICK},tools=1"


def _nameless(chunk: dict) -> None:  # type: ignore[type-arg]
    del chunk["choices"][0]["delta"]["tool_calls"][0]["id"]


PROOFS = {
    "OAI001": Proof(
        CHAT, Take("openai-chat", edit=changed(2, lambda chunk: chunk.update(id="other"))), "the id is not"
    ),
    "OAI002": Proof(CHAT, Take("openai-chat", edit=drop(0)), "the first delta of choice 0 has no role"),
    "OAI003": Proof(CHAT, Take("openai-chat", edit=double(4)), "choice 0 finishes again"),
    "OAI004": Proof(
        Take("openai-chat", TOOLS), Take("openai-chat", TOOLS, edit=changed(1, _nameless)), "of a tool call has no id"
    ),
    "OAI006": Proof(CHAT, Take("openai-chat", edit=drop(-2)), "usage was asked for, and did not come"),
    "OAI007": Proof(CHAT, Take("openai-chat", f"{QUICK},fault=fake-complete@2"), "has no finish_reason"),
    "OAI008": Proof(
        COMPLETIONS,
        Take("openai-completions", edit=changed(1, lambda chunk: chunk.update(object="chat.completion.chunk"))),
        "object is 'chat.completion.chunk'",
    ),
    "OAI009": Proof(
        CHAT, Take("openai-chat", edit=changed(2, lambda chunk: chunk.update(created=7))), "created is not that"
    ),
}
