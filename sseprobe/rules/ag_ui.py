"""Family AGU: AG-UI."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import MAX_PARTS, as_id
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.order import typed
from sseprobe.rules.shapes import require_whole
from sseprobe.text import one_line
from sseprobe.transcription import Transcript

_API: Final = "https://docs.ag-ui.com/concepts/events"
_OURS: Final = ("ag-ui",)
_ENDS: Final = ("RUN_FINISHED", "RUN_ERROR")
# Start -> (what goes on, the end, the field that tells which).
_PAIRS: Final = {
    "TEXT_MESSAGE_START": ("TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "messageId"),
    "TOOL_CALL_START": ("TOOL_CALL_ARGS", "TOOL_CALL_END", "toolCallId"),
    "REASONING_MESSAGE_START": ("REASONING_MESSAGE_CONTENT", "REASONING_MESSAGE_END", "messageId"),
    "STEP_STARTED": (None, "STEP_FINISHED", "stepName"),
}
_GOES_ON: Final = {goes_on: start for start, (goes_on, _, _) in _PAIRS.items() if goes_on}
_ENDED_BY: Final = {end: start for start, (_, end, _) in _PAIRS.items()}


@rule("AGU001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def opens_before_use(stream: Transcript) -> Iterator[Finding]:
    """Messages, tool calls and steps start before they go on, and end before the run finishes.

    What it does: follows each by its id, as the official client's `verifyEvents` does.
    Why it matters: the client raises at the first event out of order, and ends the run.
    Good: `TEXT_MESSAGE_START`, `_CONTENT`, `_END`, then `RUN_FINISHED`. Bad: `TEXT_MESSAGE_CONTENT` for a message that
    never started.
    """
    require_whole(stream)
    opened: set[tuple[str, str]] = set()
    judged = 0
    for kind, message in typed(stream):
        start = kind if kind in _PAIRS else _GOES_ON.get(kind) or _ENDED_BY.get(kind)
        if start is not None:
            judged += 1
            field = _PAIRS[start][2]
            name = as_id(message.fields.get(field))
            if kind == start:
                if (start, name) in opened:
                    yield Finding(f"{kind} again for {one_line(name, 40)!r}", message.event.span, "once", "again")
                if len(opened) < MAX_PARTS:
                    opened.add((start, name))
            elif (start, name) not in opened and len(opened) < MAX_PARTS:
                said = f"{kind} for {one_line(name, 40)!r}, which is not open"
                yield Finding(said, message.event.span, start, "none")
            elif kind in _ENDED_BY:
                opened.discard((start, name))
        elif kind == "RUN_FINISHED" and opened:
            what, name = sorted(opened)[0]
            said = f"the run finishes while {what} {one_line(name, 40)!r} is open"
            yield Finding(said, message.event.span, _PAIRS[what][1], "none")
            opened.clear()
    if not judged:
        raise NotApplicable("no message, tool call or step came")


@rule("AGU002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def is_a_run(stream: Transcript) -> Iterator[Finding]:
    """Events stand between `RUN_STARTED` and `RUN_FINISHED` or `RUN_ERROR`.

    What it does: looks that a run is started before anything else, and not again while it runs.
    Why it matters: the client raises "First event must be RUN_STARTED".
    Good: `RUN_STARTED`, …, `RUN_FINISHED`. Bad: `TEXT_MESSAGE_START` first.
    """
    running = False
    for number, (kind, message) in enumerate(typed(stream)):
        if kind == "RUN_STARTED":
            if running:
                yield Finding("a run starts inside a run", message.event.span, "RUN_FINISHED", "RUN_STARTED")
            running = True
        elif kind in _ENDS:
            running = False
        elif not running and number == 0:
            yield Finding(
                f"the first event is {one_line(kind, 60)}", message.event.span, "RUN_STARTED", one_line(kind, 60)
            )
            running = True


@rule("AGU003", Severity.WARNING, Kind.CONFORMANCE, _API, dialects=_OURS)
def omits_what_is_absent(stream: Transcript) -> Iterator[Finding]:
    """Fields are in camelCase, and absent ones are left out.

    What it does: looks for names in snake_case and for fields that are null.
    Why it matters: the client's schemas know camelCase only, and refuse null for most optional fields.
    Good: `{"type": "TEXT_MESSAGE_START", "messageId": "m1"}`. Bad: `{"type": "…", "message_id": "m1", "role": null}`.
    """
    for _, message in typed(stream):
        names = [name for name in message.fields if "_" in name.strip("_")]
        nulls = [name for name, value in message.fields.items() if value is None]
        if names:
            yield Finding(
                f"{one_line(names[0], 40)} is not camelCase", message.event.span, "camelCase", one_line(names[0], 40)
            )
        elif nulls:
            yield Finding(f"{one_line(nulls[0], 40)} is null", message.event.span, "no such field", "null")
