"""Which framing a Content-Type names, and the parser of each."""

import pytest

from sseprobe.sse import Event
from sseprobe.sse.framing import CONTENT_TYPES, Framing, by_content_type, media_type, new_parser


@pytest.mark.parametrize(
    ("content_type", "media", "framing"),
    [
        (None, "", None),
        ("", "", None),
        (" Text/Event-Stream ; charset=utf-8", "text/event-stream", Framing.SSE),
        ("application/x-ndjson", "application/x-ndjson", Framing.LINES),
        ("application/jsonl;x=y", "application/jsonl", Framing.LINES),
        ("text/plain", "text/plain", None),
        ("application/json", "application/json", None),
    ],
)
def test_content_types(content_type: str | None, media: str, framing: Framing | None) -> None:
    assert media_type(content_type) == media
    assert by_content_type(content_type) is framing


def test_each_framing_has_a_content_type_of_its_own() -> None:
    assert CONTENT_TYPES.keys() == set(Framing)
    assert {framing for framing in Framing if by_content_type(CONTENT_TYPES[framing]) not in (framing, None)} == set()


@pytest.mark.parametrize(
    ("framing", "data"), [(Framing.SSE, "a"), (Framing.LINES, "data: a"), (Framing.TEXT, "data: a\n\n")]
)
def test_one_body_as_each_framing_has_it(framing: Framing, data: str) -> None:
    parser = new_parser(framing)
    items = [*parser.receive(b"data: a\n\n"), *parser.receive_eof()]
    assert [item.data for item in items if isinstance(item, Event)] == [data]
    assert new_parser(framing) is not parser
