"""JSON pointers as RFC 6901 has them: which value each means, and what means none."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sseprobe.json_pointer import ABSENT, parse, step_into, strings_in, text_of, value_at

# One key for each thing that section 5 of the RFC shows: no name, a slash, a percent sign, quotes, a space, a tilde.
ODD_KEYS = ("", "in/out", "50%", "^up", "a|b", "back\\slash", 'say "hi"', " ", "home~me", "~1", "0")
DOCUMENT: dict[str, Any] = {"list": ["first", "second", ["inner"]], **{key: n for n, key in enumerate(ODD_KEYS)}}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/list", DOCUMENT["list"]),
        ("/list/0", "first"),
        ("/list/2/0", "inner"),
        ("/", 0),
        ("/in~1out", 1),
        ("/50%", 2),
        ("/^up", 3),
        ("/a|b", 4),
        ("/back\\slash", 5),
        ('/say "hi"', 6),
        ("/ ", 7),
        ("/home~0me", 8),
        ("/~01", 9),  # the tilde is unescaped last, or this would be a slash
        ("/0", 10),  # in an object a number is a name like any other
    ],
)
def test_each_pointer_has_its_value(pointer: str, value: Any) -> None:
    assert value_at(DOCUMENT, parse(pointer)) == value
    assert text_of(parse(pointer)) == pointer


@pytest.mark.parametrize(
    "pointer",
    [
        "/list/3",  # one behind the end
        "/list/-",  # what would be appended, which is not there
        "/list/-1",
        "/list/+1",
        "/list/1.0",
        "/list/",
        "/list/²",  # a digit to str.isdigit
        "/list/١",  # 1 to str.isdecimal, and to int
        "/list/99999999999999999999999999",
        "/list/first",
        "/list/0/0",  # a string has no steps
        "/list/2/0/0",
        "/missing",
        "/missing/list",
        "/in~1out/x",  # a number has no steps
        "//",
    ],
)
def test_nothing_stands_there(pointer: str) -> None:
    assert value_at(DOCUMENT, parse(pointer)) is ABSENT


@pytest.mark.parametrize(("value", "expected"), [(None, None), (False, False), (0, 0), ("", ""), ([], [])])
def test_an_empty_value_is_not_absent(value: Any, expected: Any) -> None:
    assert step_into({"at": value}, "at") == expected
    assert step_into([value], "0") is not ABSENT


@pytest.mark.parametrize("pointer", ["token", "#/token", " /token", "token/", "$.token", "0", "~1"])
def test_what_begins_without_a_slash_is_no_pointer(pointer: str) -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        parse(pointer)


@given(st.lists(st.text(alphabet="~01/a .é", max_size=5), max_size=5))
@settings(derandomize=True, max_examples=300)
def test_steps_survive_being_written(steps: list[str]) -> None:
    assert parse(text_of(steps)) == tuple(steps)
    document: Any = "here"
    for step in reversed(steps):
        document = {step: document}
    assert value_at(document, parse(text_of(steps))) == "here"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.integers(0, 4), st.integers(0, 6))
@settings(derandomize=True, max_examples=300)
def test_strings_are_found_where_they_are_said_to_be(document: Any, depth: int, most: int) -> None:
    found = list(strings_in(document, depth=depth, most=most))
    assert len(found) <= most
    assert len({steps for steps, _ in found}) == len(found)
    for steps, text in found:
        assert len(steps) <= depth
        assert value_at(document, steps) == text


NESTED = {"a": "1", "b": [{"c": "2", "n": 7}, "3", None], "d": {"e": {"f": "4"}}, "g": "5"}
PLACES = {"a": "1", "b 0 c": "2", "b 1": "3", "d e f": "4", "g": "5"}


@pytest.mark.parametrize(
    ("depth", "most", "values"),
    [
        (3, 10, "1 2 3 4 5"),
        (2, 10, "1 3 5"),
        (1, 10, "1 5"),
        (0, 10, ""),
        (3, 5, "1 2 3 4 5"),
        (3, 4, "1 2 3 4"),
        (3, 3, "1 2 3"),  # in the order of the document, not level by level
        (3, 0, ""),
    ],
)
def test_strings_come_in_order_and_within_bounds(depth: int, most: int, values: str) -> None:
    found = {" ".join(steps): text for steps, text in strings_in(NESTED, depth=depth, most=most)}
    assert " ".join(found.values()) == values
    assert found.items() <= PLACES.items()


def test_a_string_is_a_document() -> None:
    assert list(strings_in("all", depth=0, most=1)) == [((), "all")]
    assert list(strings_in(4, depth=5, most=9)) == []


def test_wide_and_deep_documents_are_given_up_in_time() -> None:
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]
    assert list(strings_in(deep, depth=5, most=64)) == []
    wide = {str(n): [str(n)] * 1000 for n in range(1000)}
    assert len(list(strings_in(wide, depth=5, most=64))) == 64
    # No more is looked at beside each other than may be found: a string behind that many numbers is not.
    assert list(strings_in([*range(64), "late"], depth=5, most=64)) == []
    assert list(strings_in([*range(63), "found"], depth=5, most=64)) == [(("63",), "found")]
