"""Readings held against the specification's: pure, with plain lists."""

from typing import Any

import pytest

from sseprobe.dialects.base import NO_PAYLOAD
from sseprobe.readers.base import OutputShape
from sseprobe.readers.comparison import MAX_DIFFERENCES, Difference, DifferenceKind, compare
from sseprobe.readers.expectation import Expectation, ExpectedItem


def due(*values: Any, optional: tuple[int, ...] = (), may_raise: bool = False) -> Expectation:
    """All of these, numbered from 0."""
    items = [ExpectedItem(value, number, number not in optional) for number, value in enumerate(values)]
    return Expectation(items, may_raise)


def event(data: str, kind: str | None = "message", last_id: str | None = "") -> list[str | None]:
    """An event, as a reader delivers it."""
    return [kind, data, last_id]


A, B, C, D = (event(letter) for letter in "abcd")
EMPTY = event("")

CASES: dict[str, tuple[list[Any], list[tuple[DifferenceKind, int, int]]]] = {
    "the same": ([A, B, C, D], []),
    "one lost at the start": ([B, C, D], [(DifferenceKind.LOST, 0, 1)]),
    "two lost within": ([A, D], [(DifferenceKind.LOST, 1, 2)]),
    "the end lost": ([A, B], [(DifferenceKind.LOST, 2, 2)]),
    "all lost": ([], [(DifferenceKind.LOST, 0, 4)]),
    "one doubled": ([A, B, B, C, D], [(DifferenceKind.DOUBLED, 1, 1)]),
    "invented within": ([A, EMPTY, B, EMPTY, C, D], [(DifferenceKind.INVENTED, 0, 1), (DifferenceKind.INVENTED, 1, 1)]),
    "invented first": ([EMPTY, A, B, C, D], [(DifferenceKind.INVENTED, -1, 1)]),
    "invented at the end": ([A, B, C, D, EMPTY], [(DifferenceKind.INVENTED, 3, 1)]),
    "one changed": ([A, event("x"), C, D], [(DifferenceKind.CHANGED, 1, 1)]),
    "the last changed": ([A, B, C, event("x")], [(DifferenceKind.CHANGED, 3, 1)]),
    "all changed": ([event("x")] * 4, [(DifferenceKind.CHANGED, number, 1) for number in range(4)]),
    "two run together": ([A, event("b\nc"), D], [(DifferenceKind.MERGED, 1, 2)]),
    "all run together": ([event("a\nb\nc\nd")], [(DifferenceKind.MERGED, 0, 4)]),
    "one changed, one lost": ([event("x"), B, D], [(DifferenceKind.CHANGED, 0, 1), (DifferenceKind.LOST, 2, 1)]),
    "what is not told": ([event("a", None, None), B, C, D], []),
    "no event at all": ([A, 7, C, D], [(DifferenceKind.CHANGED, 1, 1)]),
    "an event of nonsense": ([A, ["message", None, ""], C, D], [(DifferenceKind.CHANGED, 1, 1)]),
}


@pytest.mark.parametrize("name", CASES)
def test_where_two_readings_part(name: str) -> None:
    got, wanted = CASES[name]
    found = compare(OutputShape.EVENTS, due(A, B, C, D), got)
    assert [(each.kind, each.event, each.count) for each in found] == wanted


def test_what_changed_is_said() -> None:
    (found,) = compare(OutputShape.EVENTS, due(event("caf\xe9", "tick", "1")), [event("caf\x1b", "tock", "2")])
    assert found.detail == (
        "with type 'tock' instead of 'tick', data 'caf\\x1b' instead of 'café', last event id '2' instead of '1'"
    )


def test_a_change_far_within_is_shown_where_it_is() -> None:
    (found,) = compare(OutputShape.EVENTS, due(event("x" * 90 + "\n")), [event("x" * 90)])
    assert found.detail == f"with data …{'x' * 16!r} instead of …{'x' * 16 + chr(10)!r}"


def test_an_exception_stands_for_what_it_keeps_back() -> None:
    assert compare(OutputShape.EVENTS, due(A, B, C, D), [A], ("ValueError", "no")) == [
        Difference(DifferenceKind.RAISED, 1, 3, "ValueError: no")
    ]
    assert compare(OutputShape.EVENTS, due(A), [A], ("ValueError", "")) == [
        Difference(DifferenceKind.RAISED, None, 0, "ValueError")
    ]


def test_an_sdk_may_raise_once_it_has_delivered_the_rest() -> None:
    error = ("APIError", "overloaded")
    failing = due({"a": 1}, {"error": {}}, {"a": 2}, optional=(1, 2), may_raise=True)
    assert compare(OutputShape.PAYLOADS, failing, [{"a": 1}], error) == []
    assert [each.kind for each in compare(OutputShape.PAYLOADS, failing, [], error)] == [DifferenceKind.RAISED]


def test_what_is_optional_may_come_or_not_or_otherwise() -> None:
    pings = due({"a": 1}, {"ping": 1}, {"a": 2}, {"late": 1}, optional=(1, 3))
    assert compare(OutputShape.PAYLOADS, pings, [{"a": 1}, {"a": 2}]) == []
    assert compare(OutputShape.PAYLOADS, pings, [{"a": 1}, {"ping": 1}, {"a": 2}, {"late": 1}]) == []
    assert compare(OutputShape.PAYLOADS, pings, [{"a": 1}, {"a": 2}, {"typed": "otherwise"}]) == []
    assert [each.kind for each in compare(OutputShape.PAYLOADS, pings, [{"a": 1}, {"a": 2}, {}, {}, {"x": 1}])] == [
        DifferenceKind.INVENTED
    ]


@pytest.mark.parametrize(
    ("got", "same"),
    [
        ({"n": 1.0, "s": "x"}, True),
        ({"s": "x"}, True),  # a key that the SDK has no type for
        ({"n": 2, "s": "x"}, False),
        ({"n": 1, "s": "x", "more": None}, False),
        ({"n": True}, False),
        ([], False),
    ],
)
def test_payloads(got: Any, same: bool) -> None:
    assert (compare(OutputShape.PAYLOADS, due({"n": 1, "s": "x"}), [got]) == []) is same


def test_a_payload_that_is_no_json_is_never_delivered_rightly() -> None:
    assert [each.kind for each in compare(OutputShape.PAYLOADS, due(NO_PAYLOAD), [{}])] == [DifferenceKind.CHANGED]


def test_parts_are_compared_by_what_they_add() -> None:
    expected = due({"text": "ab"}, {}, {"name": "f", "arguments": '{"a": 1}'})
    got = [[["text", "a"], ["text", "b"], ["reasoning", ""]], [], [["name", "f"], ["arguments", '{ "a":1}']]]
    assert compare(OutputShape.PARTS, expected, got) == []
    (found,) = compare(OutputShape.PARTS, expected, [[["text", "x"]], *got[1:]])
    assert found == Difference(DifferenceKind.CHANGED, 0, 1, "with 'text x' instead of 'text ab'")


def test_it_is_bounded() -> None:
    many = due(*(event(str(number)) for number in range(5000)))
    assert len(compare(OutputShape.EVENTS, many, [event("x")] * 5000)) == MAX_DIFFERENCES
