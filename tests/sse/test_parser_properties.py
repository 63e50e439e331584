"""What holds for every body, whatever its bytes and however it is cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.sse import Comment, Event, Frame, IgnoredField, Item, Retry, Tail
from tests.sse import oracle
from tests.sse.cuts import by, parse, whole

_PIECES = [
    *(
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b":",
        b": ",
        b" ",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xc3",
        b"\xff",
    ),
    *(b"data", b"data:", b"data: ", b"event: ", b"id: ", b"id", b"retry: ", b"Data: x", b"12", b"x", b"{}"),
    *("é".encode(), "\u2028".encode(), "\U0001f600".encode(), b"data: a\n\n", b"data: b\r\n\r\n", b": hi\n\n"),
]
bodies = st.one_of(st.lists(st.sampled_from(_PIECES), max_size=30).map(b"".join), st.binary(max_size=60))
thorough = settings(max_examples=300, derandomize=True, deadline=None)


@given(bodies, st.data())
@thorough
def test_any_cut_gives_the_same_items(body: bytes, data: st.DataObject) -> None:
    at = sorted(data.draw(st.sets(st.integers(0, len(body)))))
    pieces = [body[start:stop] for start, stop in zip([0, *at], [*at, len(body)], strict=True)]
    expected, _ = parse(whole(body))
    assert parse(pieces)[0] == expected
    assert parse(by(1)(body))[0] == expected


@given(bodies)
@thorough
def test_frames_and_tail_tile_the_body_and_hold_all_other_items(body: bytes) -> None:
    items, _ = parse(whole(body))
    position = 0
    waiting: list[Item] = []
    for item in items:
        assert 0 <= item.start <= item.end <= len(body)
        if isinstance(item, Frame | Tail):
            assert item.start == position
            assert all(item.start <= other.start and other.end <= item.end for other in waiting)
            position = item.end
            waiting.clear()
        else:
            waiting.append(item)
    assert position == len(body)
    assert not waiting


@given(bodies)
@thorough
def test_the_oracle_agrees(body: bytes) -> None:
    items, parser = parse(by(3)(body))
    expected = oracle.read(body)
    assert [(e.type, e.data, e.last_event_id) for e in items if isinstance(e, Event)] == expected.events
    assert [item.text for item in items if isinstance(item, Comment)] == expected.comments
    assert [(item.name, item.value) for item in items if isinstance(item, IgnoredField)] == expected.ignored
    assert [item.ms for item in items if isinstance(item, Retry)] == expected.retries
    assert parser.retry_ms == (expected.retries[-1] if expected.retries else None)
    assert parser.last_event_id == expected.last_event_id
    tail = items[-1] if items and isinstance(items[-1], Tail) else None
    assert (tail.data if tail else None) == expected.pending_data


@given(bodies)
@thorough
def test_an_events_span_holds_the_event(body: bytes) -> None:
    for event in parse(whole(body))[0]:
        if isinstance(event, Event):
            again, _ = parse(whole(body[event.start : event.end]))
            found = [item for item in again if isinstance(item, Event)]
            # A byte order mark belongs to the body's first bytes only.
            if not body[event.start : event.end].startswith(b"\xef\xbb\xbf") or event.start == 0:
                assert [(item.type, item.data) for item in found] == [(event.type, event.data)]
