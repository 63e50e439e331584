"""Shared by rules about parts: a part has a start, deltas and an end, and is known by its kind and name."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple

from sseprobe.dialects.base import MAX_PARTS, NO_PAYLOAD, DeltaKind
from sseprobe.dialects.shapes import json_type
from sseprobe.rules.base import Finding, NotApplicable
from sseprobe.rules.support.order import typed
from sseprobe.rules.support.shapes import require_whole
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_MAX_SHOWN: Final = 40


class Action(Enum):
    """What an event does to its part."""

    BEGIN = "begin"
    CONTINUE = "continue"
    END = "end"
    RESET = "reset"
    """All open parts are dropped: a new run or step starts."""


class Step(NamedTuple):
    """One event about a part. `part`: its kind and its name; `kind`: the type of the event."""

    message: Message
    kind: str
    action: Action
    part: tuple[str, str | int] = ("", "")


class Trace:
    """The parts of a stream, followed event by event.

    `again`: starts of open parts, each with the earlier start; `stray`: deltas and ends of parts that are not open;
    `dropped`: parts open at a reset; `open`: parts without an end. `steps`: the number of events about parts.
    With over `MAX_PARTS` open at once nothing counts as stray, because not all open parts are kept.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = 0
        self.again: list[tuple[Step, Message]] = []
        self.stray: list[Step] = []
        self.dropped: list[tuple[Step, tuple[str, str | int], Message]] = []
        self.open: dict[tuple[str, str | int], Message] = {}
        self._lost = False
        for step in steps:
            self._take(step)

    def _take(self, step: Step) -> None:
        if step.action is Action.RESET:
            self.dropped += [(step, part, begun) for part, begun in self.open.items()]
            self.open.clear()
            self._lost = False
            return
        self.steps += 1
        begun = self.open.get(step.part)
        if step.action is Action.BEGIN:
            if begun is not None:
                self.again.append((step, begun))
            if begun is not None or len(self.open) < MAX_PARTS:
                self.open[step.part] = step.message
            else:
                self._lost = True
        elif begun is None:
            if not self._lost:
                self.stray.append(step)
        elif step.action is Action.END:
            del self.open[step.part]


def require_readable(stream: Transcript) -> None:
    """Raises NotApplicable if an event could not be parsed: it may be the one that is missing."""
    if stream.remembered(_has_unreadable):
        raise NotApplicable("an event could not be parsed and may be the missing one: see JSON001 and ERR001")


def _has_unreadable(stream: Transcript) -> bool:
    return any(
        message.payload is NO_PAYLOAD and not message.event.data.startswith("[DONE]")
        for message, _ in stream.deltas_by_kind[DeltaKind.UNKNOWN]
    )


def in_order(stream: Transcript) -> list[tuple[str, Message]]:
    """The events with their types, up to the end of the answer. Raises NotApplicable if one could not be parsed."""
    require_readable(stream)
    return typed(stream)


def whole(stream: Transcript) -> list[tuple[str, Message]]:
    """The same, if every event names its part; otherwise raises NotApplicable."""
    require_whole(stream)
    return in_order(stream)


def part_name(name: str | int) -> str:
    """A part's name, for a message."""
    return one_line(str(name), _MAX_SHOWN) if isinstance(name, int) else repr(one_line(name, _MAX_SHOWN))


def described(value: object) -> str:
    """A value from the server, for a message: a string as it is, else its JSON type."""
    return one_line(value, 60) if isinstance(value, str) else json_type(value)


def require_matching_ends(trace: Trace) -> None:
    """Raises NotApplicable if an end event names a part that is not open: it may belong to one that is."""
    if any(step.action is Action.END for step in trace.stray):
        raise NotApplicable("an end event names a part that is not open; another rule reports it")


def strays(trace: Trace) -> Iterator[Finding]:
    """A finding for each delta or end without a start."""
    for step in trace.stray:
        problem = f"{one_line(step.kind, 60)} for {part_name(step.part[1])}, which is not open"
        yield Finding(f"{step.kind}-not-open", problem, step.message.event.span, "its start event first", "none")
