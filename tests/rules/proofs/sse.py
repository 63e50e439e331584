"""Family SSE: made by the mock where it has a fault for it."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Take, both, drop, insert, replace

GOOD = Take()


def fault(name: str, says: str) -> Proof:
    """The mock's own fault."""
    return Proof(GOOD, Take("openai-chat", f"{QUICK},fault={name}"), says)


PROOFS = {
    "SSE001": Proof(GOOD, Take(edit=replace(1, b"data: ", b"data: \xff")), "bytes that are not UTF-8: ff"),
    "SSE002": fault("bom", "starts with a byte order mark"),
    "SSE003": fault("bom@2", "a field starts with a byte order mark"),
    "SSE004": fault("cr", "a line ends with a lone CR"),
    "SSE005": Proof(GOOD, Take(edit=replace(1, b"\n", b"\r\n")), "line endings are mixed: LF and CRLF"),
    "SSE006": fault("crlf", "lines end with CRLF"),
    "SSE007": fault("no-final-blank-line", "the stream ends inside an event"),
    "SSE008": Proof(GOOD, Take(edit=replace(1, b"data: ", b" data: ")), "a line that looks like payload is ignored"),
    "SSE009": Proof(GOOD, Take(edit=replace(1, b"data: ", b"datum: a\ndata: ")), "unknown field 'datum'"),
    "SSE010": fault("no-space", "data fields have no space"),
    "SSE011": Proof(GOOD, Take(edit=replace(1, b"id: 2", b"id: 2\0")), "an id contains NUL and is ignored"),
    "SSE012": Proof(GOOD, Take(edit=replace(0, b"retry: 1000", b"retry: 1s")), "retry '1s' is not a number"),
    "SSE013": fault("data-less-block", "a block has an event or id field but no data"),
    "SSE014": Proof(Take("openai-chat"), Take("openrouter"), "1 comments, the first is 'OPENROUTER PROCESSING'"),
    "SSE015": Proof(
        Take(edit=replace(1, b"data: ", b"data: " + b"x" * 1000)),
        Take(edit=replace(1, b"data: ", b"data: " + b"x" * 140_000)),
        "too large for aiohttp's readuntil",
    ),
    "SSE016": fault("u2028", "data contains an unescaped U+2028"),
    "SSE017": fault("multi-data", "an event has"),
    "SSE018": Proof(GOOD, Take(edit=replace(-1, b"event: done", b"event:  done")), "event name ' done'"),
    "SSE019": Proof(GOOD, Take(edit=both(drop(0, 9), insert(0, b": nothing\n\n"))), "the stream has no events"),
}
