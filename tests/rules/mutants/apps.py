"""Streams of an app's own, with one thing broken."""

import json
from itertools import accumulate

from sseprobe.http_exchange import BodyEnd
from tests.rules.mutants import Mutant, mutant
from tests.support.own_bodies import DONE, RAW, USAGE, WHOLE, WORDS, raw, sse, tokens
from tests.support.takes import Blocks, Edit, Take, append, drop, everywhere, insert


def app(name: str, edit: Edit, *rules: str, body: bytes = WHOLE) -> Mutant:
    """A mutant of an app's stream."""
    return mutant(f"app: {name}", Take("plain", body=body, edit=edit), *rules)


def of(name: str, *events: bytes, rules: tuple[str, ...]) -> Mutant:
    """A stream of these events."""
    return mutant(f"app: {name}", Take("plain", body=b"".join(events)), *rules)


def strings(words: tuple[str, ...] = WORDS) -> list[bytes]:
    """A JSON string for each word."""
    return [sse(json.dumps(word)) for word in words]


def named(name: str) -> list[bytes]:
    """Tokens in events with a name."""
    return [sse({"token": word}, name) for word in WORDS[:4]]


def nospace() -> list[bytes]:
    """Raw text behind `data:`, without a space of the server's own."""
    return [f"data:{word}\n\n".encode() for word in WORDS]


def merged(blocks: Blocks) -> Blocks:
    """One newline instead of two between the tokens."""
    return [b"".join(block[:-1] for block in blocks[:-1]) + b"\n", blocks[-1]]


GROWING = [sse({"text": text}) for text in accumulate(WORDS)]

MUTANTS = [
    app("no end mark", drop(-1), "APP001"),
    app("no blank line between events", merged, "JSON001"),
    app("half a JSON document", insert(4, sse('{"token": "a"')), "JSON001"),
    app("an error in plain text", insert(4, sse("Internal Server Error")), "APP002", "ERR002"),
    app("two documents in an event", insert(4, b'data: {"token": " a"}\ndata: {"token": " b"}\n\n'), "JSON001"),
    app("half a character", insert(4, sse({"token": " caf\ufffd"})), "JSON004"),
    app("text behind an error", insert(4, sse({"error": {"message": "overloaded"}})), "ERR002"),
    app("an error without a message", lambda blocks: [*blocks[:4], sse({"error": {"message": ""}})], "ERR003"),
    app(
        "a stack trace",
        lambda blocks: [*blocks[:4], sse({"error": 'Traceback (most recent call last):\n  File "a.py", line 1'})],
        "ERR003",
    ),
    app("a heartbeat as data", insert(4, sse("ping")), "APP005"),
    app("text in another field", insert(4, sse({"text": " more"})), "APP007"),
    app("a type in two spellings", insert(4, sse({"type": "token"}), sse({"type": "Token"})), "APP007"),
    app("a line break in raw text", insert(4, sse(" a\nbut")), "APP003", body=RAW),
    app("a token that is a line break", insert(4, sse("\n")), "APP003", body=RAW),
    app("raw text without spaces", lambda blocks: [*nospace(), *blocks[-1:]], "APP003", body=RAW),
    app("an error as raw text", lambda blocks: [*blocks[:4], sse("Error: no credits left"), DONE], "APP002", body=RAW),
    app("a tagged error as raw text", lambda blocks: [*blocks[:4], sse("[ERROR] quota exceeded")], "APP002", body=RAW),
    of("an error as a token", *tokens(WORDS[:4]), sse({"token": "Error: no credits left"}), DONE, rules=("APP002",)),
    of("the whole answer in one event", sse({"token": "".join(WORDS) * 9}), DONE, rules=("APP006",)),
    of("tokens are gathered", *tokens(), sse({"usage": {"output": 100}}), DONE, rules=("APP008",)),
    of("each event repeats the text so far", *GROWING, DONE, rules=("APP006",)),
    of("an error as text among JSON", *tokens(WORDS[:4]), sse("Error: no credits left"), rules=("APP002",)),
    of(
        "a heartbeat as a JSON string", *strings(WORDS[:4]), sse('"ping"'), *strings(WORDS[4:]), DONE, rules=("APP005",)
    ),
    of("names in two spellings", *named("token"), *named("Token"), DONE, rules=("APP007",)),
    of("text in a nested field", *tokens(), sse({"message": {"content": " more"}}), DONE, rules=("APP007",)),
    app("a bulleted list in raw text", insert(4, sse(" a:\n- b")), "APP003", body=RAW),
    app("two line breaks in raw text", insert(4, sse(" a\n\n")), "APP003", body=RAW),
    app("text without a data field", insert(4, b"and so on\n\n"), "APP003", body=RAW),
    mutant("app: cut", Take("plain", body=WHOLE, end=BodyEnd.MISSING_LAST_CHUNK), "TRM001", "HTTP008"),
    mutant("app: idle", Take("plain", body=b"".join(tokens()), end=BodyEnd.IDLE_TIMEOUT), "TRM001"),
    of("a dict as Python writes it", *[sse(str({"token": word})) for word in WORDS], DONE, rules=("JSON001",)),
    # What an app may do.
    app("nothing is broken", append()),
    app("a status before the text", insert(0, sse({"type": "status", "content": "Searching…"}))),
    app("sources behind the text", insert(-2, sse({"type": "sources", "content": ["a.pdf"]}))),
    app("a comment as a heartbeat", insert(4, b": keep-alive\n\n")),
    app("a named heartbeat", insert(4, sse({}, "ping"))),
    app("two end marks", insert(-1, sse({"done": True}))),
    app("a failed tool is no failed stream", insert(4, sse({"type": "tool_result", "error": "no such city"}))),
    app("a model that writes of errors", insert(4, *tokens((" Error", ":", " a", " word")))),
    app("raw text that writes of errors", insert(4, *raw((" Error", ":", " a", " word"))), body=RAW),
    of("an error with a message", *tokens(WORDS[:4]), sse({"message": "overloaded"}, "error"), rules=()),
    app("another field beside the text", lambda blocks: [*blocks[:-2], sse({"token": ".", "text": "."}), *blocks[-2:]]),
    app("a blank line more behind each event", everywhere(b"\n\n", b"\n\n\n"), body=RAW),
    app("raw text in lines of their own", insert(4, b"data:  a\ndata: b\n\n"), body=RAW),
    app("a token that is a heartbeat's name, in JSON", insert(4, sse({"token": " ping"}))),
    app("fewer events than tell anything", lambda blocks: [*blocks[:4], sse({"usage": {"output": 90}}), DONE]),
    of("a short answer in one event", sse({"token": "Yes."}), DONE, rules=()),
    of("names that differ in more than spelling", *named("token"), *named("content"), DONE, rules=()),
    of("strings", *strings(), DONE, rules=()),
    of("messages without text", *[sse({"price": 1.5 + n}) for n in range(6)], rules=()),
    of("the answer once more at the end", *tokens(), sse({"done": True, "token": "".join(WORDS)}), USAGE, rules=()),
]
