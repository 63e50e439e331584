"""A body that is the text: an event for each chunk, characters whole, whatever way it is cut."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.sse import Event, Fields, Frame, InvalidUtf8, Item, Tail
from sseprobe.sse.plain_text import TextParser
from tests.sse.cuts import CUTS, Cut, by

BODIES = {
    "nothing": b"",
    "ASCII": b"The keeper lit the lamp.",
    "lines of every kind": b"a\r\nb\rc\n\n\n d",
    "two bytes": "é naïve ü".encode(),
    "three bytes": "€ 你好 ✓".encode(),
    "four bytes": "🙂🌊".encode(),
    "a BOM is text": b"\xef\xbb\xbfhi",
    "NUL": b"a\0b",
    "fields of SSE are text": b"data: x\n\n: y\n",
    "a lone continuation byte": b"a\x80b",
    "bytes that never occur": b"a\xff\xfeb",
    "overlong": b"\xc0\xafx",
    "a surrogate": b"\xed\xa0\x80x",
    "cut in mid-character, then ASCII": b"\xe2\x82x\xf0\x9f\x99y",
    "two characters that are cut": b"\xe2\xe2\x82\xac",
    "unfinished, of two bytes": b"caf\xc3",
    "unfinished, of three bytes": b"caf\xe2\x82",
    "unfinished, of four bytes": b"caf\xf0\x9f\x99",
    "nothing but an unfinished one": b"\xe2\x82",
    "unfinished behind malformed": b"\xff\xe2\x82",
}


def unfinished(body: bytes) -> int:
    """How many bytes at the end may still become a character."""
    for size in (3, 2, 1):
        begun = body[-size:] if len(body) >= size else b""
        needs = 4 if begun[:1] >= b"\xf0" else 3 if begun[:1] >= b"\xe0" else 2
        if b"\xc2" <= begun[:1] <= b"\xf4" and size < needs and all(0x80 <= each < 0xC0 for each in begun[1:]):
            return size
    return 0


def parse(pieces: Iterable[bytes]) -> list[Item]:
    parser = TextParser()
    items = [item for piece in pieces for item in parser.receive(piece)]
    return items + parser.receive_eof()


def text_of(items: Iterable[Item]) -> str:
    return "".join(item.data or "" for item in items if isinstance(item, Event | Tail))


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("name", BODIES)
def test_every_way_to_cut_it(name: str, cut: Cut) -> None:
    """After each chunk all characters that are whole are there, and no half one."""
    body = BODIES[name]
    parser = TextParser()
    position = 0
    so_far = ""
    for piece in cut(body):
        items = parser.receive(piece)
        assert bool(items) or not piece or unfinished(body[: position + len(piece)])
        position += len(piece)
        so_far += text_of(items)
        whole = body[: position - unfinished(body[:position])]
        assert so_far == whole.decode(errors="replace")
    assert so_far + text_of(parser.receive_eof()) == body.decode(errors="replace")


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("name", BODIES)
def test_frames_and_tail_tile_the_body(name: str, cut: Cut) -> None:
    items = parse(cut(BODIES[name]))
    ends = [0]
    for item in items:
        if isinstance(item, Frame | Tail):
            assert item.start == ends[-1] < item.end
            ends.append(item.end)
    assert ends[-1] == len(BODIES[name])
    events = [item.span for item in items if isinstance(item, Event)]
    assert events == [item.span for item in items if isinstance(item, Frame)]


@given(st.lists(st.binary(max_size=5), max_size=12))
@settings(derandomize=True, max_examples=500)
def test_any_bytes_in_any_pieces(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    items = parse(pieces)
    assert text_of(items) == body.decode(errors="replace")
    spans = [item.span for item in items if isinstance(item, Frame | Tail)]
    assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
    assert (spans[-1][1] if spans else 0) == len(body)
    for item in items:
        if isinstance(item, InvalidUtf8):
            assert body[item.start : item.end] == item.raw
            with pytest.raises(UnicodeDecodeError):
                item.raw.decode()


def test_each_chunk_is_an_event_with_its_span() -> None:
    parser = TextParser()
    assert parser.receive(b"ab") == [Event("message", "ab", "", 0, 2), Frame(0, 2, Fields.DATA, 0)]
    assert parser.receive(b"") == []
    assert parser.receive("c€".encode()[:-1]) == [Event("message", "c", "", 2, 3), Frame(2, 3, Fields.DATA, 0)]
    assert parser.receive("€".encode()[-1:]) == [Event("message", "€", "", 3, 6), Frame(3, 6, Fields.DATA, 0)]
    assert parser.receive_eof() == []
    assert (parser.last_event_id, parser.retry_ms) == ("", None)


@pytest.mark.parametrize("name", [name for name in BODIES if name.startswith(("unfinished", "nothing but"))])
@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
def test_an_unfinished_character_is_the_tail(name: str, cut: Cut) -> None:
    body = BODIES[name]
    begun = unfinished(body)
    assert begun
    assert parse(cut(body))[-1] == Tail("\ufffd", Fields.DATA, len(body) - begun, len(body))


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([b"a\xffb\xfe"], [(b"\xff", 1)]),  # the first of a chunk
        ([b"a\xff", b"b\xfe"], [(b"\xff", 1), (b"\xfe", 3)]),
        ([b"a\xe2\x82", b"x"], [(b"\xe2\x82", 1)]),  # it began in the chunk before
        ([b"\xe2", b"\x82", b"\xe2", b"\x82", b"\xac"], [(b"\xe2\x82", 0)]),
        ([b"\xf0\x9f", b"\xff"], [(b"\xf0\x9f", 0)]),
        ([b"ok", "é".encode()[:1], "é".encode()[1:]], []),
    ],
)
def test_malformed_bytes_are_told_with_their_place(pieces: list[bytes], told: list[tuple[bytes, int]]) -> None:
    found = [item for item in parse(pieces) if isinstance(item, InvalidUtf8)]
    assert found == [InvalidUtf8(raw, start, start + len(raw)) for raw, start in told]


def test_decoding_goes_on_strictly_behind_malformed_bytes() -> None:
    items = parse(by(1)(b"\xff\xff\xc3\xa9"))
    assert [item.raw for item in items if isinstance(item, InvalidUtf8)] == [b"\xff", b"\xff"]
    assert text_of(items) == "\ufffd\ufffdé"
