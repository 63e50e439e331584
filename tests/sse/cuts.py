"""Ways to cut a body into pieces."""

import random
from collections.abc import Callable, Iterable, Iterator

from sseprobe.sse import EventStreamParser, Item

Cut = Callable[[bytes], Iterator[bytes]]


def whole(body: bytes) -> Iterator[bytes]:
    """In one piece."""
    yield body


def by(size: int) -> Cut:
    """In pieces of `size` bytes."""

    def cut(body: bytes) -> Iterator[bytes]:
        return (body[start : start + size] for start in range(0, len(body), size))

    cut.__name__ = f"by_{size}"
    return cut


def at_random(seed: int) -> Cut:
    """In pieces of 0 to 7 bytes."""

    def cut(body: bytes) -> Iterator[bytes]:
        sizes = random.Random(seed)  # no secret
        start = 0
        while start < len(body):
            size = sizes.randrange(8)
            yield body[start : start + size]
            start += size

    cut.__name__ = f"at_random_{seed}"
    return cut


def inside_crlf(body: bytes) -> Iterator[bytes]:
    """Between CR and LF, wherever they meet."""
    *pieces, last = body.split(b"\r\n")
    begin = b""
    for piece in pieces:
        yield begin + piece + b"\r"
        begin = b"\n"
    yield begin + last


CUTS: tuple[Cut, ...] = (whole, by(1), by(2), by(3), at_random(7), at_random(11), inside_crlf)


def parse(pieces: Iterable[bytes], **options: object) -> tuple[list[Item], EventStreamParser]:
    """All items of a body, and the parser at its end."""
    parser = EventStreamParser(**options)  # type: ignore[arg-type]  # the caller's keyword arguments, as they are
    items = [item for piece in pieces for item in parser.receive(piece)]
    return items + parser.receive_eof(), parser
