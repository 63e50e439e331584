"""What an option is: one field of a struct, from which command line, config file and Python's keywords are made.

A group of options is a frozen struct whose fields are annotated with an `Option`. Fields without one are set by the
code alone.
"""

import difflib
import typing
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any

import msgspec
from msgspec import Struct

from sseprobe.errors import UsageError


class Option(Struct, frozen=True):
    """One option. `flags`: its short one, if it has one. `name`: with hyphens, if it is not the field's own.

    `help` may hold `{dialects}` and the like, which `cli.late_help` fills in. `choices`: all values there are.
    `in_file`: whether the config file may hold it. `keyword`: whether Python takes it as a keyword argument.
    """

    help: str
    flags: tuple[str, ...] = ()
    name: str | None = None
    metavar: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    in_file: bool = True
    keyword: bool = True


class OptionField(Struct, frozen=True):
    """An option and the field that holds it. `name`: with hyphens; `key`: with underscores."""

    option: Option
    field: str
    name: str
    annotation: Any
    default: Any

    @property
    def key(self) -> str:
        """Its name in the config file and among keywords."""
        return self.name.replace("-", "_")

    @property
    def is_list(self) -> bool:
        """Whether it may be given several times."""
        return list in _origins(self.annotation)


def _origins(annotation: Any) -> set[Any]:
    kinds = typing.get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return {typing.get_origin(kind) or kind for kind in kinds}


def fields_of(group: type[Struct]) -> list[OptionField]:
    """The options of a group, in order."""
    hints = typing.get_type_hints(group, include_extras=True)
    found = []
    for field in msgspec.structs.fields(group):
        annotation, *extras = typing.get_args(hints[field.name]) or (hints[field.name],)
        options = [extra for extra in extras if isinstance(extra, Option)]
        if options:
            made = None if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            default = made if field.default is msgspec.NODEFAULT else field.default
            name = options[0].name or field.name.replace("_", "-")
            found.append(OptionField(options[0], field.name, name, annotation, default))
    return found


GroupT = typing.TypeVar("GroupT", bound=Struct)


def read_group(group: type[GroupT], given: Mapping[str, Any]) -> GroupT:
    """The group with what was given, by key; what is None was not given. Raises UsageError."""
    words = {}
    for each in fields_of(group):
        value = given.get(each.key)
        if value is not None:
            words[each.field] = _checked(each, value)
    return group(**words)


def _checked(each: OptionField, value: Any) -> Any:
    """The value, as the field's type has it. Raises UsageError."""
    option, flag = each.option, f"--{each.name}"
    if each.is_list and (isinstance(value, str) or not isinstance(value, Iterable)):
        value = [value]
    try:
        value = msgspec.convert(value, each.annotation, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{flag} {value!r}: {_lowered(str(error))}.") from error
    for one in value if each.is_list else [value]:
        if option.choices and one not in option.choices:
            near = difflib.get_close_matches(str(one).lower(), option.choices, 1)
            guess = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(f"{flag} {one}: expected {_one_of(option.choices)}.{guess}")
        low, high = option.minimum, option.maximum
        # NaN compares as neither: it is refused, too.
        if (low is not None and not one >= low) or (high is not None and not one <= high):
            raise UsageError(f"{flag} {one:g}: expected {_bounds(low, high)}.")
    return value


def _bounds(low: float | None, high: float | None) -> str:
    bounds = [("at least", low), ("at most", high)]
    return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _one_of(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]
