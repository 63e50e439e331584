"""Whatever stands in a report, each format stays what it is, and no control character comes out of it."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from msgspec.structs import replace

from sseprobe.report import Report
from sseprobe.reporters import FORMATS, by_format
from sseprobe.text import visible
from tests.reporters.reading import READERS, WIDTH
from tests.support.hostile import HOSTILE, Walk
from tests.support.reports import FULL, REPORTS


def _strings(kind: Any) -> Iterator[tuple[str, str]]:
    """All places in the types of a report where a `str` may stand."""
    seen = set()
    todo = [inspect.type_info(kind)]
    while todo:
        info = todo.pop()
        if isinstance(info, inspect.StructType) and info.cls not in seen:
            seen.add(info.cls)
            for field in info.fields:
                inner = [field.type]
                while inner:
                    each = inner.pop()
                    if isinstance(each, inspect.StrType):
                        yield info.cls.__name__, field.name
                    elif isinstance(each, inspect.UnionType):
                        inner += each.types
                    elif isinstance(each, inspect.ListType):
                        inner.append(each.item_type)
                    else:
                        todo.append(each)


def test_there_is_hostile_text_everywhere() -> None:
    walk = Walk("x")
    walk(FULL)
    assert set(_strings(Report)) <= walk.seen


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format_", FORMATS)
def test_hostile_text(format_: str, name: str) -> None:
    for report in (FULL, REPORTS["check-crashed"], REPORTS["stream-truncated"], REPORTS["abort-unknown"]):
        hostile = Walk(HOSTILE[name])(report)
        # The words that say what is judged, once as they are and once hostile.
        for each in (hostile, replace(hostile, command=report.command)):
            text = by_format(format_)(each, width=WIDTH, colour=False)
            assert visible(text) == text
            assert text.encode()
            assert format_ == "json" or len(text) < 1_000_000
            READERS[format_](text)


def test_json_is_exact() -> None:
    hostile = Walk("\x00\u202e]]>\n|")(FULL)
    text = by_format("json")(hostile, width=WIDTH, colour=False)
    assert msgspec.json.decode(text, type=Report) == hostile


def test_hostile_text_stays_text_in_html() -> None:
    text = by_format("html")(Walk(HOSTILE["markup"])(FULL), width=WIDTH, colour=False)
    assert "<script>alert(1)</script>" in READERS["html"](text)
    assert "<script" not in text


def test_hostile_text_stays_text_in_markdown() -> None:
    text = by_format("markdown")(Walk(HOSTILE["mentions"])(FULL), width=WIDTH, colour=False)
    said = READERS["markdown"](text).replace("\u200b", "")
    assert HOSTILE["mentions"] in said
