"""Family TRM."""

from sseprobe.http_exchange import BodyEnd
from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, append, drop

CHAT = Take("openai-chat")

PROOFS = {
    "TRM001": Proof(CHAT, Take("openai-chat", f"{QUICK},fault=truncate@2"), "ended without the [DONE]"),
    "TRM002": Proof(CHAT, Take("openai-chat", edit=append(b"data: [DONE]\n\n")), "an event follows [DONE]"),
    "TRM003": Proof(CHAT, Take("openai-chat", f"{QUICK},finish=length"), "the answer is incomplete: length"),
    "TRM005": Proof(CHAT, Take("openai-chat", end=BodyEnd.LEFT_OPEN), "the body stays open after the terminator"),
    "TRM006": Proof(Take("vercel-ui"), Take("vercel-ui", edit=drop(-2)), "[DONE] came, but"),
}
