"""`add:NAME:VALUE`: the response has this header."""

import re
from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.fault import Action, Fault, ResponseHead
from sseprobe.proxy.fault_kind import Arguments, FaultKind, ValueSpecError, header_name

_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")


class Add(Fault):
    """Sets a header of the response, in place of any of that name."""

    touches_body = False

    def __init__(self, name: str, value: str) -> None:
        self._name = name.encode("ascii")
        self._value = value.encode("latin-1")

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        head.replace(self._name, self._value)
        return ()


def _parse(value: str | None) -> Arguments:
    name, colon, text = (value or "").partition(":")
    if not colon or not _VALUE.fullmatch(text.strip()):
        raise ValueSpecError("NAME:VALUE, on one line")
    return header_name(name), text.strip()


FAULT: Final = FaultKind("add:NAME:VALUE", "sets a response header", Add, _parse)
