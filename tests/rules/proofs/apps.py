"""Family APP."""

from tests.rules.proofs import Proof
from tests.support.own_bodies import DONE, RAW, WHOLE, WORDS, raw, sse, tokens
from tests.support.takes import Take


def app(*events: bytes) -> Take:
    """A stream of these events."""
    return Take("plain", body=b"".join(events))


GOOD, GOOD_TEXT = app(WHOLE), app(RAW)
GROWING = [sse({"text": "".join(WORDS[: n + 1])}) for n in range(len(WORDS))]
LONG = "".join(WORDS) * 10

PROOFS = {
    "APP001": Proof(GOOD, app(*tokens()), "no end mark"),
    "APP002": Proof(
        app(*tokens(WORDS[:4]), sse({"message": "overloaded"}, "error")),
        app(*raw(WORDS[:4]), sse("Error: the model is overloaded")),
        "the failure is sent as text",
    ),
    "APP003": Proof(
        GOOD_TEXT,
        app(*raw(WORDS[:4]), sse(" night.\nThen"), *raw(WORDS[4:]), DONE),
        "text after a line break is ignored: its line is not a field",
    ),
    "APP004": Proof(
        app(*raw(WORDS[:4]), b"data:  a\ndata: b\n\n", DONE),
        GOOD_TEXT,
        "the text is not encoded: a line break in it would be lost",
    ),
    "APP005": Proof(
        app(*tokens(WORDS[:4]), b": ping\n\n", *tokens(WORDS[4:]), DONE),
        app(*tokens(WORDS[:4]), sse("ping"), *tokens(WORDS[4:]), DONE),
        "a heartbeat looks like text",
    ),
    "APP006": Proof(GOOD, app(*GROWING, DONE), "repeats the whole text"),
    "APP007": Proof(
        GOOD,
        app(*tokens(WORDS[:6]), *tokens(WORDS[6:], "text"), DONE),
        "the text is at /text, in other events at /token",
    ),
    "APP008": Proof(GOOD, app(*tokens(), sse({"usage": {"output": 90}}), DONE), "90 tokens came in 9 events"),
}
