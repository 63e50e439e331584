"""Family ERR."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, append, changed, insert

FAILED = f"{QUICK},fault=error@2"
TOKEN = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'

PROOFS = {
    "ERR001": Proof(
        Take("openai-chat"),
        Take("openai-chat", edit=insert(3, b"data: Internal Server Error\n\n")),
        "an error has a format that no client of this dialect recognises",
    ),
    "ERR002": Proof(Take("vllm", FAILED), Take("openai-chat", FAILED, edit=append(TOKEN)), "content follows an error"),
    "ERR003": Proof(
        Take("openai-chat", FAILED),
        Take("openai-chat", FAILED, edit=changed(-1, lambda event: event["error"].update(message=""))),
        "the error has no message",
    ),
    "ERR004": Proof(
        Take("openrouter", FAILED),
        Take("openrouter", FAILED, edit=changed(-1, lambda event: event["choices"].clear())),
        "the chunk has an error, but finish_reason is not error",
    ),
}
