"""Lines of JSON: the same items however the body is cut, whole lines only, bounded memory."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.sse import Bom, Event, Fields, Frame, InvalidUtf8, Item, LimitExceeded, Tail
from sseprobe.sse.ndjson import LinesParser


def parse(*pieces: bytes, limit: int = 1000) -> list[Item]:
    parser = LinesParser(max_line_bytes=limit)
    items = [item for piece in pieces for item in parser.receive(piece)]
    return items + parser.receive_eof()


def said(items: list[Item]) -> list[str]:
    return [item.data for item in items if isinstance(item, Event)]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']),
        (b'{"a":1}\r\n{"b":2}\r\n', ['{"a":1}', '{"b":2}']),
        (b'\n{"a":1}\n\n \n', ['{"a":1}']),
        (b'{"a":1}\n{"b":2}', ['{"a":1}', '{"b":2}']),  # the last line is whole
        (b'{"a":1}\n{"b":', ['{"a":1}']),  # and here it is not
        (b'{"a":1}\rx\n', ['{"a":1}\rx']),
        ('{"a":"\u2028\u0085"}\n'.encode(), ['{"a":"\u2028\u0085"}']),
        (b'\xef\xbb\xbf{"a":1}\n', ['{"a":1}']),
        (b'{"a":1}\n\xef\xbb\xbf{}\n', ['{"a":1}', "\ufeff{}"]),
    ],
)
def test_lines(body: bytes, lines: list[str]) -> None:
    assert said(parse(body)) == lines
    for size in (1, 2, 3):
        assert parse(*(body[start : start + size] for start in range(0, len(body), size))) == parse(body)


@given(st.lists(st.binary(max_size=6)), st.integers(1, 8))
@settings(derandomize=True, max_examples=300)
def test_frames_and_tail_tile_the_body(pieces: list[bytes], limit: int) -> None:
    body = b"".join(pieces)
    items = parse(*pieces, limit=limit)
    assert items == parse(body, limit=limit)
    spans = [item.span for item in items if isinstance(item, Frame | Tail)]
    assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
    if not any(isinstance(item, LimitExceeded) for item in items):
        assert (spans[-1][1] if spans else 0) == len(body)


def test_what_is_odd_is_told() -> None:
    items = parse(b'\xef\xbb\xbf{"a":"\xff"}\n{"b"')
    assert [type(item) for item in items] == [Bom, InvalidUtf8, Event, Frame, Tail]
    assert items[1] == InvalidUtf8(b"\xff", 9, 10)
    assert isinstance(items[4], Tail)
    assert items[4].data == '{"b"'


def test_a_line_without_end_is_given_up() -> None:
    items = parse(b"x" * 600, b"x" * 600, b"x" * 600 + b"\n{}\n")
    assert [item for item in items if isinstance(item, LimitExceeded)] == [LimitExceeded("line", 1000, 0, 1001)]
    assert said(items) == ["{}"]
    assert parse(b"x" * 600, b"x" * 600)[1:] == [Tail(None, Fields.TOO_LARGE, 0, 1200)]
