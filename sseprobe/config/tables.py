"""The tables of the config file that hold options: made from the same groups as the command line."""

from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from sseprobe.config.options.groups import PROBES, SHARED
from sseprobe.config.options.option import OptionField, fields_of

_NOT_BUILT: Final = ("fault_test", "load")
"""Probes whose options are not known yet: their tables may hold anything."""

_NAMES: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}


def _type_of(field: OptionField) -> Any:
    """The type of a value in the file: several values may stand alone or in a list, a body may be a table."""
    option = field.option
    one = Literal[option.choices] if option.choices else _without_none(field.annotation)
    expected = _expected_of(field, one)
    if field.name == "data":
        kind: Any = str | dict[str, Any]
    elif field.is_list:
        kind = one | list[one] if option.choices else str | list[str]  # type: ignore[valid-type]
    elif option.minimum is not None or option.maximum is not None:
        kind = Annotated[one, Meta(ge=option.minimum, le=option.maximum)]
    else:
        kind = one
    return Annotated[kind, Meta(description=expected, extra_json_schema={"description": option.help})]


def _without_none(annotation: Any) -> Any:
    return next(each for each in get_args(annotation) or (annotation,) if each is not NoneType)


def _expected_of(field: OptionField, one: Any) -> str:
    """What a value has to be, for messages."""
    option = field.option
    if field.name == "data":
        return 'a table, or text such as "@body.json"'
    if option.choices:
        words = " or ".join(f'"{choice}"' for choice in option.choices)
        return f"{words}, or a list of them" if field.is_list else words
    if field.is_list:
        return "text in quotes, or a list of texts"
    bounds = [("at least", option.minimum), ("at most", option.maximum)]
    limits = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
    return f"{_NAMES[one]} of {limits}" if limits else _NAMES[one]


def _fields(*groups: type[Struct]) -> list[tuple[str, Any, None]]:
    found = [field for group in groups for field in fields_of(group) if field.option.in_file]
    return [(field.key, _type_of(field), None) for field in found]


def _table(name: str, doc: str, fields: list[tuple[str, Any, Any]]) -> type[Struct]:
    """A table whose keys may all be left out; what is left out is None."""
    return msgspec.defstruct(
        name,
        fields,
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
        module=__name__,
        namespace={"__doc__": doc},
    )


_URL: Final = Annotated[str, Meta(description="text in quotes", extra_json_schema={"description": "The endpoint."})]

if TYPE_CHECKING:
    DefaultsTable = Struct
    TargetTable = Struct
else:
    DefaultsTable = _table("DefaultsTable", "Options of every probe of every target.", _fields(*SHARED.values()))
    TargetTable = _table(
        "TargetTable",
        "A target, its request, and the probes that run: those whose tables stand here.",
        [
            ("url", _URL, None),
            *_fields(*SHARED.values()),
            *(
                (
                    name.replace("-", "_"),
                    _table(f"{group.__name__}Table", f"Options of {name}.", _fields(group, *SHARED.values())),
                    None,
                )
                for name, group in PROBES.items()
            ),
            *((key, dict[str, Any], None) for key in _NOT_BUILT),
        ],
    )
