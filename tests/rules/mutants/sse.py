"""Family SSE, and framing in every dialect."""

from sseprobe import dialects
from sseprobe.sse.framing import Framing
from tests.rules.mutants import Mutant, mutant
from tests.support.takes import QUICK, Blocks, Take, both, drop, everywhere, insert, replace


def unended(blocks: Blocks) -> Blocks:
    """The last block without its blank line."""
    return [*blocks[:-1], blocks[-1].rstrip(b"\r\n") + b"\n"]


EVENT_STREAMS = [name for name in dialects.NAMES if dialects.by_name(name).framing is Framing.SSE]
# Where the first token is; in its block something is broken that has nothing to do with its meaning.
FIRST = 2


def framing(name: str) -> list[Mutant]:
    """What can be broken in any event stream."""
    return [
        mutant(f"{name}: no final blank line", Take(name, edit=unended), "SSE007"),
        mutant(f"{name}: an indented data field", Take(name, edit=insert(FIRST, b" data: {}\n\n")), "SSE008"),
        mutant(f"{name}: a bare JSON line", Take(name, edit=insert(FIRST, b'{"a": 1}\n\n')), "SSE008"),
        mutant(f"{name}: a capital field name", Take(name, edit=insert(FIRST, b"Data: {}\n\n")), "SSE008"),
        mutant(f"{name}: a BOM in mid-stream", Take(name, edit=insert(FIRST, b"\xef\xbb\xbfdata: {}\n\n")), "SSE003"),
        mutant(f"{name}: a comment that is not UTF-8", Take(name, edit=insert(FIRST, b": \xff\n\n")), "SSE001"),
        mutant(f"{name}: an id with NUL", Take(name, edit=insert(FIRST, b"id: \0\n\n")), "SSE011"),
        mutant(f"{name}: a retry that is no number", Take(name, edit=insert(FIRST, b"retry: 3s\n\n")), "SSE012"),
        mutant(f"{name}: a BOM at the start", Take(name, f"{QUICK},fault=bom"), "SSE002"),
        mutant(f"{name}: a lone CR", Take(name, edit=insert(FIRST, b": a\r\r")), "SSE004"),
    ]


MUTANTS = [
    *[each for name in EVENT_STREAMS for each in framing(name)],
    mutant("plain: no event at all", Take(edit=both(drop(0, 9), insert(0, b"<html>\n\n"))), "SSE019", "ERR001"),
    mutant("plain: mixed line ends", Take(edit=replace(1, b"\n", b"\r\n")), "SSE005"),
    # The tokens begin with spaces of their own, of which the first is lost then.
    mutant("plain: no space", Take(edit=everywhere(b"data: ", b"data:")), "SSE010", "APP003"),
]
