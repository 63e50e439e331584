"""Whether what a reader delivered for an event is as expected, and how a difference is described. Pure."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final, Protocol

from sseprobe.dialects.base import NO_PAYLOAD
from sseprobe.readers.base import OutputShape
from sseprobe.readers.expectation import parts_of
from sseprobe.text import scalar

_NAMES: Final = ("type", "data", "last event id")


class ShapeComparison(Protocol):
    """How one shape is compared."""

    def same(self, due: Any, got: Any) -> bool:
        """Whether this was to be delivered."""

    def merged(self, due: Sequence[Any], got: Any) -> bool:
        """Whether it is all these events run together."""

    def change(self, due: Any, got: Any) -> str:
        """What is not the same, as the end of a sentence."""

    def described(self, got: Any) -> str:
        """What was delivered, as an object."""


def comparison_for(shape: OutputShape) -> ShapeComparison:
    """The ways of a shape."""
    return _COMPARISONS[shape]


def quoted(text: str, near: int = 0) -> str:
    """An excerpt of a text, near this character; what cannot be printed is escaped, as Python does it."""
    start = max(0, near - 16)
    cut = text[start : start + 48]
    return f"{'…' if start else ''}{scalar(cut)!r}{'…' if start + 48 < len(text) else ''}"


def _instead(due: str, got: str) -> str:
    apart = next((at for at, (one, other) in enumerate(zip(due, got, strict=False)) if one != other), None)
    near = min(len(due), len(got)) if apart is None else apart
    return f"{quoted(got, near)} instead of {quoted(due, near)}"


class _Events:
    """[type, data, id]; what a client does not show is not compared."""

    def same(self, due: Any, got: Any) -> bool:
        return _is_event(got) and all(
            each is None or scalar(each) == should for each, should in zip(got, due, strict=True)
        )

    def merged(self, due: Sequence[Any], got: Any) -> bool:
        if not _is_event(got) or len(got[1]) != sum(len(each[1]) + 1 for each in due) - 1:
            return False
        return bool(got[1] == "\n".join(each[1] for each in due))

    def change(self, due: Any, got: Any) -> str:
        if not _is_event(got):
            return f"as {self.described(got)}"
        changed = [
            f"{name} {_instead(should, scalar(each))}"
            for name, should, each in zip(_NAMES, due, got, strict=True)
            if each is not None and scalar(each) != should
        ]
        return "with " + ", ".join(changed)

    def described(self, got: Any) -> str:
        if not _is_event(got):
            return quoted(str(got))
        return f"an event with data {quoted(got[1])}" if got[1] else "an empty event"


def _is_event(got: Any) -> bool:
    return (
        isinstance(got, list)
        and len(got) == 3
        and isinstance(got[1], str)
        and all(each is None or isinstance(each, str) for each in got)
    )


class _Payloads:
    """A payload. A client may leave keys out that its types do not have; what it does hand over must be so."""

    def same(self, due: Any, got: Any) -> bool:
        try:
            return due is not NO_PAYLOAD and _within(got, due)
        except RecursionError:
            return True

    def merged(self, due: Sequence[Any], got: Any) -> bool:
        del due, got
        return False

    def change(self, due: Any, got: Any) -> str:
        if due is NO_PAYLOAD:
            return f"as {self.described(got)}"
        return f"as {_instead(_written(due), _written(got))}"

    def described(self, got: Any) -> str:
        return f"the payload {quoted(_written(got))}"


def _written(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "…"


def _within(got: Any, due: Any) -> bool:
    if isinstance(got, dict):
        return isinstance(due, dict) and all(key in due and _within(value, due[key]) for key, value in got.items())
    if isinstance(got, list):
        return isinstance(due, list) and len(got) == len(due) and all(map(_within, got, due))
    if isinstance(got, str):
        return isinstance(due, str) and scalar(got) == scalar(due)
    if isinstance(got, bool) or isinstance(due, bool) or got is None or due is None:
        return got is due
    return isinstance(due, int | float) and _same_number(got, due)


def _same_number(one: float, other: float) -> bool:
    """A client may have read an integer as a float."""
    try:
        return bool(one == other or math.isclose(one, other, rel_tol=1e-12) or (math.isnan(one) and math.isnan(other)))
    except OverflowError:
        return False


class _Parts:
    """What an event adds to the answer, by kind."""

    def same(self, due: Any, got: Any) -> bool:
        return bool(_parts(got) == due)

    def merged(self, due: Sequence[Any], got: Any) -> bool:
        del due, got
        return False

    def change(self, due: Any, got: Any) -> str:
        return f"with {_instead(_listed(due), _listed(_parts(got)))}"

    def described(self, got: Any) -> str:
        parts = _parts(got)
        return f"an event with {quoted(_listed(parts))}" if parts else "an event without text"


def _listed(parts: dict[str, str]) -> str:
    return ", ".join(f"{kind} {text}".strip() for kind, text in parts.items()) or "no text"


def _parts(got: Any) -> dict[str, str]:
    pairs = got if isinstance(got, list) else []
    return parts_of([(pair[0], pair[1]) for pair in pairs if isinstance(pair, list) and _is_pair(pair)])


def _is_pair(pair: list[Any]) -> bool:
    return len(pair) == 2 and all(isinstance(each, str) for each in pair)


_COMPARISONS: Final[dict[OutputShape, ShapeComparison]] = {
    OutputShape.EVENTS: _Events(),
    OutputShape.PAYLOADS: _Payloads(),
    OutputShape.PARTS: _Parts(),
}
