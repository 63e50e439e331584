"""JSON pointers (RFC 6901): the places of values in a JSON document. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

_INDEX: Final = re.compile("0|[1-9][0-9]{0,8}")
_NO_ESCAPE: Final = re.compile("~(?![01])")
ABSENT: Final = object()
"""What stands at a place that the document does not have."""


def parse(pointer: str) -> tuple[str, ...]:
    """The steps of a pointer; none for the empty one, which means the whole document. Raises ValueError."""
    if pointer and not pointer.startswith("/"):
        raise ValueError("a JSON pointer is empty or begins with a slash (RFC 6901)")
    if _NO_ESCAPE.search(pointer):
        raise ValueError("in a JSON pointer ~ is written ~0, and / in a key ~1 (RFC 6901)")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def text_of(steps: Sequence[str]) -> str:
    """The pointer of these steps."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def step_into(value: Any, step: str) -> Any:
    """What stands one step below a value, `ABSENT` where nothing does."""
    if isinstance(value, dict):
        return value.get(step, ABSENT)
    if isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
        return value[int(step)]
    return ABSENT


def value_at(document: Any, steps: Sequence[str]) -> Any:
    """What stands at this place, `ABSENT` where nothing does."""
    for step in steps:
        document = step_into(document, step)
    return document


def strings_in(document: Any, *, depth: int, most: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """The strings of a document with their places, in order: at most `most` of them, at most `depth` steps deep."""
    left = most
    waiting: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while waiting and left:
        steps, value = waiting.pop()
        if isinstance(value, str):
            left -= 1
            yield steps, value
        elif len(steps) < depth and isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else ((str(n), each) for n, each in enumerate(value))
            below = [((*steps, str(step)), each) for step, each in _first(pairs, most)]
            waiting.extend(reversed(below))


def _first(pairs: Any, most: int) -> Iterator[tuple[str, Any]]:
    for _, pair in zip(range(most), pairs, strict=False):
        yield pair
