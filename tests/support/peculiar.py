"""Legal but unusual ways to write the same events, and a few illegal ones: chunks for readers."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sseprobe.readers.base import Stream
from sseprobe.sse.framing import Framing
from tests.sse.cuts import by, inside_crlf

TEXT = "Hello caf%C3%A9 au lait"
"""What the streams say, as a knob of the mock; the é is what some of these replace."""
EACUTE = "é".encode()

Named = Sequence[tuple[str, str]]
"""Events: type and data. `message` is left out."""


def block(name: str, data: str, newline: bytes = b"\n") -> bytes:
    """An event as everybody writes it."""
    lines = [*([f"event: {name}"] if name != "message" else []), f"data: {data}", "", ""]
    return newline.join(line.encode() for line in lines)


def blocks(events: Named, newline: bytes = b"\n") -> list[bytes]:
    """A chunk an event."""
    return [block(name, data, newline) for name, data in events]


def _cut_by_1(events: Named) -> list[bytes]:
    return list(by(1)(b"".join(blocks(events))))


def _split_crlf(events: Named) -> list[bytes]:
    return list(inside_crlf(b"".join(blocks(events, b"\r\n"))))


def _mixed(events: Named) -> list[bytes]:
    return [block(name, data)[:-1] + b"\r\n" for name, data in events]


def _with_ids(events: Named) -> list[bytes]:
    return [f"id: {number}\n".encode() + each for number, each in enumerate(blocks(events))]


def _id_then_comments(events: Named) -> list[bytes]:
    return [b"id: 1\n", *(b":\n\n" + each if number else each for number, each in enumerate(blocks(events)))]


def _before_each(extra: bytes) -> Callable[[Named], list[bytes]]:
    return lambda events: [extra + each for each in blocks(events)]


def _replaced(old: bytes, new: bytes) -> Callable[[Named], list[bytes]]:
    return lambda events: [each.replace(old, new) for each in blocks(events)]


def _two_data_lines(events: Named) -> list[bytes]:
    return [each.replace(b"data: {", b"data: {\ndata: ") for each in blocks(events)]


def _blank_last_line(events: Named) -> list[bytes]:
    return [each[:-1] + b"data:\n\n" for each in blocks(events)]


def _large(events: Named) -> list[bytes]:
    return [each.replace(EACUTE, b"x" * 200 * 1024) for each in blocks(events)]


def _lines(events: Named, newline: bytes = b"\n") -> list[bytes]:
    return [data.encode() + newline for _, data in events]


class Peculiarity(NamedTuple):
    """`lines`: the same for one JSON document a line, None where that has no such thing."""

    name: str
    make: Callable[[Named], list[bytes]]
    lines: Callable[[Named], list[bytes]] | None = None
    charset: str = ""

    def stream(self, events: Named, framing: Framing) -> Stream | None:
        """The stream, None if this framing cannot be so."""
        make = self.make if framing is Framing.SSE else self.lines
        if make is None:
            return None
        kind = "text/event-stream" if framing is Framing.SSE else "application/x-ndjson"
        return Stream(make(events), kind + self.charset)


PECULIARITIES = (
    Peculiarity("nothing unusual", blocks, _lines),
    Peculiarity("chunks of 1 byte", _cut_by_1, lambda events: list(by(1)(b"".join(_lines(events))))),
    Peculiarity("CRLF", lambda events: blocks(events, b"\r\n"), lambda events: _lines(events, b"\r\n")),
    Peculiarity("CRLF, cut between CR and LF", _split_crlf),
    Peculiarity("CR alone", lambda events: blocks(events, b"\r")),
    Peculiarity("LF, then CRLF for the blank line", _mixed),
    Peculiarity("byte order mark", lambda e: [b"\xef\xbb\xbf", *blocks(e)], lambda e: [b"\xef\xbb\xbf", *_lines(e)]),
    Peculiarity("comments", _before_each(b": keep-alive\n\n")),
    Peculiarity("comment inside an event", _before_each(b": hello\n")),
    Peculiarity("blank lines", _before_each(b"\n\n"), lambda events: [b"\n" + each for each in _lines(events)]),
    Peculiarity("an id for each event", _with_ids),
    Peculiarity("comments after an id", _id_then_comments),
    Peculiarity("an id with NUL", _before_each(b"id: a\0b\n")),
    Peculiarity("a block with only `id`", _before_each(b"id: 7\n\n")),
    Peculiarity("a block with only `event`", _before_each(b"event: keep-alive\n\n")),
    Peculiarity("a block with only `retry`", _before_each(b"retry: 3000\n\n")),
    Peculiarity("an unknown field", _before_each(b"foo: bar\n")),
    Peculiarity("no space after `data:`", _replaced(b"data: ", b"data:")),
    Peculiarity("three spaces after `data:`", _replaced(b"data: ", b"data:   ")),
    Peculiarity("an event with empty data", _before_each(b"event: x\ndata:\n\n")),
    Peculiarity("two data lines", _two_data_lines),
    Peculiarity("an empty last data line", _blank_last_line),
    Peculiarity(
        "U+2028 in data",
        _replaced(EACUTE, b"\xe2\x80\xa8"),
        lambda events: [each.replace(EACUTE, b"\xe2\x80\xa8") for each in _lines(events)],
    ),
    Peculiarity(
        "invalid UTF-8", _replaced(EACUTE, b"\xff"), lambda e: [each.replace(EACUTE, b"\xff") for each in _lines(e)]
    ),
    Peculiarity("`charset=iso-8859-1`", blocks, None, "; charset=iso-8859-1"),
    Peculiarity("a line of 200 KiB", _large, lambda e: [d.replace(EACUTE, b"x" * 200 * 1024) for d in _lines(e)]),
    Peculiarity("no blank line at the end", lambda e: [*blocks(e)[:-1], blocks(e)[-1][:-1]]),
)
