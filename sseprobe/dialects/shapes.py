"""Shapes: which fields a payload must have, and of which JSON types. Each dialect has a table of its own.

Only what clients read without looking whether it is there. A path is dotted; `name[].x` looks into each object of a
list.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "any": (str, int, float, bool, dict, list, type(None)),
}
_MISSING: Final = object()

Fields = dict[str, Any]


class Shape:
    """What one type of event must hold."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        below: dict[str, dict[str, str]] = {}
        for path, kind in fields.items():
            name, dot, rest = path.partition(".")
            if dot:
                below.setdefault(name.removesuffix("[]"), {})[rest] = kind
        own = {path: kind for path, kind in fields.items() if "." not in path}
        self._parts = [
            (name, frozenset(_TYPES[own.get(name, "object")]), Shape(below[name]) if name in below else None)
            for name in dict.fromkeys([*own, *below])
        ]

    def holds(self, fields: Fields) -> bool:
        """Whether nothing is lacking: quicker than asking what."""
        for name, types, below in self._parts:
            value = fields.get(name, _MISSING)
            if type(value) not in types:
                return False
            if below is not None:
                for each in value if type(value) is list else (value,):
                    if type(each) is dict and not below.holds(each):
                        return False
        return True

    def lacking(self, fields: Fields) -> Iterator[tuple[str, str, str]]:
        """(path, what it should be, what it is) of each required field that is missing or holds something else.

        Below a part that is missing nothing more is reported.
        """
        reported: list[str] = []
        for path, kind in self._fields.items():
            if any(path.startswith(prefix) for prefix in reported):
                continue
            for value in _values(fields, path.split(".")):
                if type(value) not in _TYPES[kind]:
                    reported += [f"{path}.", f"{path}["]
                    yield path, kind, "missing" if value is _MISSING else json_type(value)
                    break


def _values(value: Any, path: list[str]) -> list[Any]:
    """What stands at a path: one value, or one for each object of a list on the way."""
    found = [value]
    for name in path:
        if name.endswith("[]"):
            key = name[:-2]
            lists = [each.get(key) for each in found if type(each) is dict]
            found = [item for each in lists if type(each) is list for item in each]
        else:
            found = [each.get(name, _MISSING) if type(each) is dict else _MISSING for each in found]
    return found


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    return next(name for name, types in _TYPES.items() if type(value) in types)


class Shapes:
    """The shapes of one dialect. `type_of`: the type of an event from its payload, an empty string if it has none;
    `table`: type of event -> path -> JSON type.
    """

    def __init__(self, type_of: Callable[[Fields], str], table: Mapping[str, Mapping[str, str]]) -> None:
        self.table = table
        self._type_of = type_of
        self._shapes = {name: Shape(fields) for name, fields in table.items()}

    def of(self, fields: Fields) -> Shape | None:
        """The shape that this payload should have, None if nothing is required of it."""
        return self._shapes.get(self._type_of(fields))


def type_in(fields: Fields) -> str:
    """The `type` in a payload, an empty string if it has none."""
    kind = fields.get("type")
    return kind if isinstance(kind, str) else ""
