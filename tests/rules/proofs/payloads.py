"""Family JSON."""

from typing import Any

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, changed, event_with, insert, replace

CHAT = Take("openai-chat")
TOOLS = f"{QUICK},tools=1"

START: Any = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
    "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip
EVENTS: dict[str, dict[str, Any]] = {
    "message_start": {"message": START},
    "content_block_start": {"index": 0, "content_block": {"type": "text", "text": ""}},
    "content_block_delta": {"index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    "content_block_stop": {"index": 0},
    "message_delta": {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 1}},
    "message_stop": {},
}
MESSAGES = b"".join(event_with({"type": kind, **fields}, kind) for kind, fields in EVENTS.items())

PROOFS = {
    "JSON001": Proof(CHAT, Take("openai-chat", f"{QUICK},fault=malformed@1"), "the payload is not JSON"),
    "JSON002": Proof(
        CHAT,
        Take("openai-chat", edit=changed(1, lambda chunk: chunk["choices"][0].__delitem__("index"))),
        "choices[].index is missing",
    ),
    "JSON003": Proof(
        Take("anthropic"),
        Take("anthropic", edit=replace(-1, b"event: message_stop", b"event: stop")),
        "the event name is 'stop', but the payload's type is 'message_stop'",
    ),
    "JSON004": Proof(
        CHAT,
        Take("openai-chat", edit=changed(1, lambda chunk: chunk["choices"][0]["delta"].update(content="\ufffd"))),
        "the text contains U+FFFD",
    ),
    "JSON005": Proof(
        Take("openai-chat", TOOLS),
        Take("openai-chat", TOOLS, edit=lambda blocks: [*blocks[:3], *blocks[4:]]),
        "the arguments of a tool call are not JSON",
    ),
    "JSON006": Proof(
        CHAT,
        Take("openai-chat", edit=changed(-2, lambda chunk: chunk["usage"].update(total_tokens=99))),
        "total_tokens is 99, but 1 + 3 is 4",
    ),
    "JSON007": Proof(
        Take("anthropic"),
        Take("anthropic", edit=insert(2, b'event: content_block_nap\ndata: {"type":"content_block_nap"}\n\n')),
        "anthropic does not define the event type content_block_nap",
    ),
    "JSON008": Proof(
        CHAT,
        Take("openai-chat", edit=replace(1, b"data: ", b"event: chunk\ndata: ")),
        "the event has the name 'chunk', but this dialect names no events",
    ),
    "JSON009": Proof(
        CHAT,
        Take("openai-chat", body=MESSAGES),
        "these are events of anthropic, but --dialect says openai-chat: clients of",
    ),
}
