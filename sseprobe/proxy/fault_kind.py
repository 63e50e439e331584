"""What a fault's file declares as `FAULT`: how it is written in `--fault SPEC`, what it does, and how it is made."""

import math
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sseprobe.proxy.fault import Fault

MAX_COUNT: Final = 1 << 40
MAX_SECONDS: Final = 86_400.0
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")

Arguments = tuple[Any, ...]
Parser = Callable[[str | None], Arguments]
"""From what follows the colon of a SPEC, None if there is no colon, to the fault's arguments. Raises ValueSpecError."""


class ValueSpecError(Exception):
    """The value is wrong; the message is what was expected."""


class FaultKind(NamedTuple):
    """One fault. `syntax`: its SPEC, such as `hold:N`. `summary`: what it does, one phrase that begins with a verb."""

    syntax: str
    summary: str
    make: Callable[..., Fault]
    parse: Parser

    @property
    def name(self) -> str:
        """The SPEC without its value."""
        return re.split(r"[:\[]", self.syntax)[0]


def nothing(value: str | None) -> Arguments:
    """No value."""
    if value is not None:
        raise ValueSpecError("no value")
    return ()


def one(read: Callable[[str | None], Any], default: Any = None) -> Parser:
    """One value, or the default, if there is one."""
    return lambda value: (default,) if value is None and default is not None else (read(value),)


def count(value: str | None) -> int:
    """A whole number."""
    if value is None or not re.fullmatch("[0-9]{1,13}", value) or not 1 <= int(value) <= MAX_COUNT:
        raise ValueSpecError("a whole number of at least 1")
    return int(value)


def seconds(value: str | None) -> float:
    """A time in seconds."""
    return _number(value, MAX_SECONDS, "seconds")


def millis(value: str | None) -> float:
    """A time in milliseconds."""
    return _number(value, MAX_SECONDS * 1000, "milliseconds")


def choice(*known: str) -> Callable[[str | None], str]:
    """One of these words."""

    def read(value: str | None) -> str:
        if value not in known:
            raise ValueSpecError(f"one of: {', '.join(known)}")
        return value

    return read


def header_name(value: str | None) -> str:
    """A token of HTTP (RFC 9110 5.6.2): a header's name, a method."""
    if value is None or not _HEADER_NAME.fullmatch(value):
        raise ValueSpecError("a token of HTTP, such as Cache-Control or POST")
    return value


def _number(value: str | None, most: float, unit: str) -> float:
    try:
        number = float(value or "")
    except ValueError:
        number = math.nan
    if not 0 < number <= most:  # also false for NaN
        raise ValueSpecError(f"a number of {unit}, over 0 and up to {most:g}")
    return number
