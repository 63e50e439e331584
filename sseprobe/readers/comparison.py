"""What a reader delivered, held against what it should have: pure.

The two lists are followed side by side; where they part, the nearest place where they meet again is looked for, so that
one lost event is one difference and not a thousand. Bounded: `_WINDOW` items are looked ahead, `MAX_DIFFERENCES` found.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from sseprobe.readers.base import OutputShape
from sseprobe.readers.expectation import Expectation, ExpectedItem
from sseprobe.readers.output_shapes import comparison_for
from sseprobe.text import one_line, visible

MAX_DIFFERENCES: Final = 1000
_WINDOW: Final = 16
_SHIFTS: Final = sorted(
    ((ahead, more) for ahead in range(_WINDOW) for more in range(_WINDOW) if ahead or more),
    key=lambda shift: (max(shift), sum(shift)),
)


class DifferenceKind(StrEnum):
    """What is wrong with what was delivered."""

    LOST = "lost"
    DOUBLED = "doubled"
    INVENTED = "invented"
    CHANGED = "changed"
    MERGED = "merged"
    RAISED = "raised"


class Difference(Struct, frozen=True):
    """One difference. `event`: the first that is concerned, the one before what was invented (-1: none), or the one
    that was due when the client raised, None if none was. `count`: of events. `detail`: what was delivered or raised.
    """

    kind: DifferenceKind
    event: int | None
    count: int = 1
    detail: str = ""


def compare(
    shape: OutputShape, expected: Expectation, delivered: Sequence[Any], error: tuple[str, str] | None = None
) -> list[Difference]:
    """All differences, in the order of the stream. `error`: class and message of what the client raised at the end."""
    return _Walk(shape, expected.items, delivered).go(error, may_raise=expected.may_raise)


class _Walk:
    def __init__(self, shape: OutputShape, due: Sequence[ExpectedItem], got: Sequence[Any]) -> None:
        self._comparison = comparison_for(shape)
        self._due = due
        self._got = got
        self._i = self._j = 0
        self._passed_over = 0  # things that may be handed over: if not as they stand, then perhaps as something else
        self._differences: list[Difference] = []

    def go(self, error: tuple[str, str] | None, *, may_raise: bool) -> list[Difference]:
        due, got = self._due, self._got
        while self._i < len(due) and self._j < len(got):
            if len(self._differences) >= MAX_DIFFERENCES:
                return self._differences
            if self._comparison.same(due[self._i].value, got[self._j]):
                self._i += 1
                self._j += 1
            elif not due[self._i].needed:
                self._i += 1
                self._passed_over += 1
            else:
                self._part()
        for extra in got[self._j :]:
            if len(self._differences) < MAX_DIFFERENCES:
                self._invented(extra)
        rest = [item.event for item in due[self._i :] if item.needed]
        if error is not None:
            if rest or not may_raise:
                detail = f"{one_line(error[0], 60)}: {one_line(error[1], 120)}" if error[1] else one_line(error[0], 60)
                self._differences.append(
                    Difference(DifferenceKind.RAISED, rest[0] if rest else None, len(rest), detail)
                )
        elif rest:
            self._differences.append(Difference(DifferenceKind.LOST, rest[0], len(rest)))
        return self._differences

    def _part(self) -> None:
        """Takes what lies before the nearest place where the two meet again."""
        due, got, i, j = self._due, self._got, self._i, self._j
        for count in range(2, min(_WINDOW, len(due) - i) + 1):
            if self._comparison.merged([item.value for item in due[i : i + count]], got[j]):
                self._differences.append(Difference(DifferenceKind.MERGED, due[i].event, count))
                self._i, self._j = i + count, j + 1
                return
        ahead, more = 1, 1
        for skipped, extra in _SHIFTS:
            if (
                i + skipped < len(due)
                and j + extra < len(got)
                and self._comparison.same(due[i + skipped].value, got[j + extra])
            ):
                ahead, more = skipped, extra
                break
        for _ in range(min(ahead, more)):
            self._changed()
        for _ in range(more - ahead):
            self._invented(got[self._j])
            self._j += 1
        if ahead > more:
            lost = [item.event for item in due[self._i : i + ahead] if item.needed]
            if lost:
                self._differences.append(Difference(DifferenceKind.LOST, lost[0], len(lost)))
            self._i = i + ahead

    def _changed(self) -> None:
        item, delivered = self._due[self._i], self._got[self._j]
        if item.needed:
            detail = visible(self._comparison.change(item.value, delivered))
            self._differences.append(Difference(DifferenceKind.CHANGED, item.event, 1, detail))
        self._i += 1
        self._j += 1

    def _invented(self, delivered: Any) -> None:
        if self._passed_over:
            self._passed_over -= 1
            return
        before = self._due[self._i - 1] if self._i else None
        number = before.event if before else -1
        if before and before.value and self._comparison.same(before.value, delivered):
            self._differences.append(Difference(DifferenceKind.DOUBLED, number))
        else:
            self._differences.append(
                Difference(DifferenceKind.INVENTED, number, 1, visible(self._comparison.described(delivered)))
            )
