"""A group of options: what its fields say, and what is taken for a value."""

import math
from typing import Annotated, Any

import pytest
from msgspec import Struct

from sseprobe.config.options.option import Option, fields_of, read_group
from sseprobe.errors import UsageError


class Group(Struct, frozen=True, kw_only=True):
    limit_s: Annotated[float, Option("A limit.", name="limit", minimum=0.5, maximum=9)] = 1.0
    colours: Annotated[list[str], Option("Colours.", choices=("red", "green", "blue"))] = []
    both: Annotated[list[str] | None, Option("A list, or nothing.")] = None
    count: Annotated[int | None, Option("A number.")] = None
    of_the_code: bool = True


def test_the_fields_with_an_option_in_order() -> None:
    fields = fields_of(Group)
    assert [(each.name, each.key, each.field) for each in fields] == [
        ("limit", "limit", "limit_s"),
        ("colours", "colours", "colours"),
        ("both", "both", "both"),
        ("count", "count", "count"),
    ]
    assert [each.is_list for each in fields] == [False, True, True, False]
    assert [each.default for each in fields] == [1.0, [], None, None]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Group()),
        ({"limit": None, "unknown": 1}, Group()),
        ({"limit": 9}, Group(limit_s=9.0)),
        ({"colours": "red"}, Group(colours=["red"])),
        ({"colours": ("red", "blue")}, Group(colours=["red", "blue"])),
        ({"both": ["x"], "count": 0}, Group(both=["x"], count=0)),
    ],
)
def test_what_was_given(given: dict[str, Any], expected: Group) -> None:
    assert read_group(Group, given) == expected


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"limit": 0.4}, "--limit 0.4: expected at least 0.5 and at most 9."),
        ({"limit": 9.5}, "--limit 9.5: "),
        ({"limit": math.nan}, "--limit nan: "),
        ({"limit": "1"}, "--limit '1': "),
        ({"colours": ["red", "gren"]}, "--colours gren: expected red, green or blue. Did you mean green?"),
        ({"count": 1.5}, "--count 1.5: "),
        ({"both": [1]}, "--both [1]: "),
    ],
)
def test_what_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_group(Group, given)
    assert str(refused.value).startswith(says)
