"""Family BUF: recordings whose times, and whose pieces, are set."""

from tests.rules.proofs import Proof
from tests.support.takes import QUICK, Blocks, Take

LONG = "tokens=30,ttft_ms=1,itl_ms=1"
PACED = Take("openai-chat", LONG, gaps_ms=lambda _index: 20)


def in_pieces(size: int) -> "Take":
    """The body in pieces of this size, 100 ms apart."""

    def cut(blocks: Blocks) -> Blocks:
        body = b"".join(blocks)
        return [body[start : start + size] for start in range(0, len(body), size)]

    return Take("openai-chat", LONG, edit=cut, gaps_ms=lambda _index: 100)


def late_blank_lines(blocks: Blocks) -> Blocks:
    """Each blank line with the next event."""
    body = b"".join(blocks)
    return [piece + b"\n" for piece in body.split(b"\n")][:-1]


PROOFS = {
    "BUF001": Proof(
        PACED, Take("openai-chat", LONG, gaps_ms=lambda index: 0 if index else 3000), "events came at once, 3"
    ),
    "BUF002": Proof(PACED, in_pieces(1024), "bursts of 1"),
    "BUF003": Proof(
        PACED,
        Take("openai-chat", QUICK, edit=late_blank_lines, gaps_ms=lambda _index: 20),
        "the blank lines of",
    ),
    "BUF004": Proof(
        Take("openai-chat"), Take("openai-chat", f"{QUICK},text=déjà vu,fault=split-utf8"), "ends inside a character"
    ),
}
