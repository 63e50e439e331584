"""A TOML file read into a type, strictly. What is wrong with it is described in one sentence, with file and line.

tomllib gives no lines for keys, so a second, small scan finds them once something is wrong.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from sseprobe.errors import UsageError
from sseprobe.text import one_line

T = TypeVar("T", bound=Struct)
KeyPath = tuple[str | int, ...]
"""Where a value stands: keys, and the number of a table in a list of tables."""

MAX_BYTES: Final = 1024 * 1024
MAX_LINE: Final = 4096
MAX_DOTS: Final = 100
"""In a line: tomllib's time grows with the square of a dotted key's length."""

_AT: Final = re.compile(r"(?P<what>.*) - at `\$(?P<path>.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<number>[0-9]+|\.\.\.)\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<key>.*)`")
_LINE_OF_ERROR: Final = re.compile(r" \(at (?:line (?P<line>[0-9]+), column [0-9]+|end of document)\)$")
_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEYS: Final = rf"(?P<keys>{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)"
_ASSIGNMENT: Final = re.compile(rf"[ \t]*{_KEYS}[ \t]*=")
_TABLE: Final = re.compile(rf"[ \t]*(?P<open>\[\[?)[ \t]*{_KEYS}[ \t]*\]")
_SUGGESTED: Final = 0.5


class MisfitError(ValueError):
    """What a type says of its own value, in `__post_init__`: a sentence, and the path of the key it is about."""

    def __init__(self, problem: str, *key_path: str | int) -> None:
        super().__init__(problem)
        self.key_path = key_path


class _Wrong(NamedTuple):
    key_path: KeyPath
    problem: str


def read(
    path: Path,
    into: type[T],
    misplaced: Callable[[str], str | None] = lambda _: None,
    *,
    table: KeyPath = (),
) -> T:
    """The file as a value of the type; `table`: only what stands in this table of it.

    `misplaced`: returns where an unknown key belongs, if it knows. Raises UsageError.
    """
    text = _text(path)
    document = _value_at(_parse(path, text), table)
    try:
        return msgspec.convert(document, into)
    except msgspec.ValidationError as error:
        wrong = _wrong(error, document, into, misplaced)
    raise _refused(path, line_of(text, (*table, *wrong.key_path)), one_line(wrong.problem, 400))


def has_table(path: Path, table: KeyPath) -> bool:
    """Whether there is such a file, with such a table in it. Raises UsageError for one that cannot be read."""
    if not path.is_file():
        return False
    text = _text(path)
    if not all(str(step) in text for step in table):
        return False
    document: Any = _parse(path, text)
    for step in table:
        document = document.get(step) if isinstance(document, dict) else None
    return isinstance(document, dict)


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UsageError(f"{_named(path)}: values are nested too deeply to be read.") from None
    except ValueError as error:  # of tomllib, and of numbers that int() refuses
        problem = str(error)
        at = _LINE_OF_ERROR.search(problem)
        line = int(at["line"]) if at and at["line"] else text.count("\n") + 1
        hint = " Put text in quotes." if problem.startswith("Invalid value") else ""
        raise _refused(path, line, f"not TOML: {one_line(_LINE_OF_ERROR.sub('', problem))}.{hint}") from None


def refused(path: Path, key_path: KeyPath, problem: str) -> UsageError:
    """The error for what stands at this key of a file that was read, with its line."""
    return _refused(path, line_of(_text(path), key_path), problem)


def _refused(path: Path, line: int, problem: str) -> UsageError:
    return UsageError(f"{_named(path)}:{line}: {problem}")


def explained(error: msgspec.ValidationError, document: dict[str, Any], into: type[Struct]) -> str:
    """What a refused value was and what was expected, for values that stand in no file."""
    return one_line(_wrong(error, document, into, lambda _: None).problem, 400)


def line_of(text: str, key_path: KeyPath) -> int:
    """The line in which this key stands, else its table's; 1 if neither was found."""
    lines = _lines(text)
    for length in range(len(key_path), 0, -1):
        if found := lines.get(key_path[:length]):
            return found
    return 1


def _named(path: Path) -> str:
    return one_line(str(path))


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{_named(path)}: not a file.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{_named(path)}: cannot be read: {one_line(reason)}.") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{_named(path)}: more than {MAX_BYTES:,} bytes, the limit for such a file.")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(path, line, "not UTF-8, which TOML requires.") from None
    for number, line_of_text in enumerate(text.split("\n"), 1):
        if len(line_of_text) > MAX_LINE:
            raise _refused(path, number, f"longer than {MAX_LINE:,} characters.")
        if line_of_text.count(".") > MAX_DOTS:
            raise _refused(path, number, f"more than {MAX_DOTS} dots, the limit for a line.")
    return text


def _lines(text: str) -> dict[KeyPath, int]:
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    inside: str | None = None  # of a string over several lines
    for number, line in enumerate(text.split("\n"), 1):
        if inside is None:
            if header := _TABLE.match(line):
                table = _numbered(_split(header["keys"]), counts, new=header["open"] == "[[")
                for length in range(1, len(table) + 1):
                    found.setdefault(table[:length], number)
            elif assignment := _ASSIGNMENT.match(line):
                key_path = table
                for key in _split(assignment["keys"]):
                    key_path = (*key_path, key)
                    found.setdefault(key_path, number)
        for quotes in re.findall(r'"""|' + "'''", line):
            if inside is None or inside == quotes:
                inside = None if inside else quotes
    return found


def _numbered(keys: Sequence[str], counts: dict[KeyPath, int], *, new: bool) -> KeyPath:
    """The path of a table; tables in a list have their number after the list's key."""
    key_path: KeyPath = ()
    for index, key in enumerate(keys):
        key_path = (*key_path, key)
        if new and index == len(keys) - 1:
            counts[key_path] = counts.get(key_path, -1) + 1
        if key_path in counts:
            key_path = (*key_path, counts[key_path])
    return key_path


def _split(keys: str) -> list[str]:
    return [key.strip("\"'") for key in re.findall(_KEY, keys)]


def _wrong(
    error: msgspec.ValidationError, document: dict[str, Any], into: type[Struct], misplaced: Callable[[str], str | None]
) -> _Wrong:
    problem = str(error)
    key_path: KeyPath = ()
    own = error.__cause__
    if at := _AT.match(problem):
        problem = at["what"]
        for step in _STEP.finditer(at["path"]):
            if step["number"] == "...":  # some key of a table: msgspec does not name it
                key_path = (*key_path, _culprit(_value_at(document, key_path), _type_at(into, (*key_path, ""))))
            else:
                key_path = (*key_path, step["key"] or int(step["number"]))
    if unknown := _UNKNOWN.fullmatch(problem):
        key = unknown["key"]
        names = _keys(_type_at(into, key_path))
        advice = misplaced(key) if not key_path else None
        if advice is None:
            near = difflib.get_close_matches(key.lower(), names, 1, _SUGGESTED)
            advice = f'; did you mean "{near[0]}"?' if near else f"; known keys: {', '.join(names)}."
        return _Wrong((*key_path, key), f"{key}: unknown key{advice}")
    if missing := _MISSING.fullmatch(problem):
        return _Wrong(key_path, f"{missing['key']} is missing{f' in {_dotted(key_path)}' if key_path else ''}.")
    if isinstance(own, MisfitError):
        return _Wrong((*key_path, *own.key_path), str(own))
    expected = _expected(_type_at(into, key_path))
    value = _value_at(document, key_path)
    shown = str(value) if isinstance(value, float) else msgspec.json.encode(value).decode()
    return _Wrong(key_path, f"{_dotted(key_path)} = {one_line(shown, 60)}: expected {expected}.")


def _culprit(table: dict[str, Any], kind: Any) -> str:
    for key, value in table.items():
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            return key
    raise AssertionError("a value was refused, and none is wrong")  # pragma: no cover


def _dotted(key_path: KeyPath) -> str:
    return ".".join(str(step) for step in key_path if isinstance(step, str)) or "the file"


def _keys(kind: Any) -> tuple[str, ...]:
    return tuple(kind.__struct_encode_fields__) if _is_struct(kind) else ()


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _type_at(kind: Any, key_path: KeyPath) -> Any:
    """The declared type at a key path, with its annotations."""
    for step in key_path:
        plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        if _is_struct(plain) and isinstance(step, str) and step in _keys(plain):
            field = plain.__struct_fields__[_keys(plain).index(step)]
            kind = get_type_hints(plain, include_extras=True)[field]
        elif get_origin(plain) is tuple:
            kind = get_args(plain)[0]
        elif get_origin(plain) is dict:
            kind = get_args(plain)[1]
        elif get_origin(plain) in (Union, UnionType) and isinstance(step, int):
            continue  # a value alone, or a list of such: what is expected is said of both
        else:
            return None
    return kind


def _expected(kind: Any) -> str:
    """What a value has to be, in words."""
    if get_origin(kind) is Annotated:
        plain, *notes = get_args(kind)
        described = next((note.description for note in notes if isinstance(note, Meta) and note.description), None)
        return described or _expected(plain)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(f'"{value}"' for value in get_args(kind))
    if get_origin(kind) is tuple:
        return "a list"
    if get_origin(kind) is dict or _is_struct(kind):
        return "a table"
    options = [option for option in get_args(kind) if option is not NoneType]
    if options:
        return _expected(options[0])
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "text in quotes")


def _value_at(document: Any, key_path: KeyPath) -> Any:
    for step in key_path:
        document = document[step]
    return document
