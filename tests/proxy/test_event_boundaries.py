"""Where events end in a body, however it is cut."""

import pytest

from sseprobe.proxy.event_boundaries import EventBoundaries

BODY = b"data: a\n\nid: 1\r\ndata: b\r\n\r\ndata: c"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_same_however_it_is_cut(size: int) -> None:
    boundaries = EventBoundaries()
    out, ends = b"", []
    for start in range(0, len(BODY), size):
        for piece, ended in boundaries.pieces(BODY[start : start + size]):
            out += piece
            if ended:
                ends.append(out)
    assert out == BODY
    assert [each.rstrip(b"\r\n") for each in ends] == [b"data: a", b"data: a\n\nid: 1\r\ndata: b"]
