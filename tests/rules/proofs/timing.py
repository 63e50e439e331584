"""Family TIM: recordings whose times are set."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Edit, Take, insert

CHAT = Take("openai-chat", gaps_ms=lambda _index: 20)

beating: Edit = insert(2, b": keep-alive\n\n", b": keep-alive\n\n")

PROOFS = {
    "TIM001": Proof(
        CHAT, Take("openai-chat", gaps_ms=lambda index: 20 if index else 11_000), "the first content arrived after 11"
    ),
    "TIM002": Proof(
        CHAT, Take("openai-chat", gaps_ms=lambda index: 16_000 if index == 2 else 20), "no byte arrived for 16"
    ),
    "TIM003": Proof(
        CHAT, Take("openai-chat", QUICK, edit=insert(2, b'data: {"type":"ping"}\n\n')), "looks like a heartbeat"
    ),
    "TIM004": Proof(
        CHAT._replace(edit=beating),
        CHAT._replace(edit=beating, gaps_ms=lambda index: 14_000 if 2 <= index < 5 else 20),
        "only heartbeats arrived for 42",
    ),
}
