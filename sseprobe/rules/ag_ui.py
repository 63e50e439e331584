"""Family AGU: AG-UI. What clients do was measured with @ag-ui/client 1.0.0, and read in its `verifyEvents`."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import MAX_PARTS, as_id
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.order import ended_by
from sseprobe.rules.support.parts import (
    Action,
    Step,
    Trace,
    described,
    part_name,
    require_matching_ends,
    require_readable,
    strays,
)
from sseprobe.rules.support.shapes import require_whole
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_API: Final = "https://docs.ag-ui.com/concepts/events"
_SDK: Final = "https://docs.ag-ui.com/sdk/js/core/events"
_CLIENT: Final = "https://github.com/ag-ui-protocol/ag-ui/tree/main/sdks/typescript/packages/client"
_OURS: Final = Scope((Wire.AG_UI,))
# Type of event -> what it is about, the field that names it, and what it does.
_STEPS: Final = {
    "TEXT_MESSAGE_START": ("text message", "messageId", Action.BEGIN),
    "TEXT_MESSAGE_CONTENT": ("text message", "messageId", Action.CONTINUE),
    "TEXT_MESSAGE_END": ("text message", "messageId", Action.END),
    "TOOL_CALL_START": ("tool call", "toolCallId", Action.BEGIN),
    "TOOL_CALL_ARGS": ("tool call", "toolCallId", Action.CONTINUE),
    "TOOL_CALL_END": ("tool call", "toolCallId", Action.END),
    "REASONING_START": ("reasoning", "messageId", Action.BEGIN),
    "REASONING_END": ("reasoning", "messageId", Action.END),
    "REASONING_MESSAGE_START": ("reasoning message", "messageId", Action.BEGIN),
    "REASONING_MESSAGE_CONTENT": ("reasoning message", "messageId", Action.CONTINUE),
    "REASONING_MESSAGE_END": ("reasoning message", "messageId", Action.END),
    "STEP_STARTED": ("step", "stepName", Action.BEGIN),
    "STEP_FINISHED": ("step", "stepName", Action.END),
    "SUBAGENT_STARTED": ("subagent", "subagentRunId", Action.BEGIN),
    "SUBAGENT_FINISHED": ("subagent", "subagentRunId", Action.END),
    "SUBAGENT_ERROR": ("subagent", "subagentRunId", Action.END),
}
_ENDS: Final = ("RUN_FINISHED", "RUN_ERROR")
_SNAKE: Final = {
    "message_id": "messageId", "thread_id": "threadId", "run_id": "runId", "parent_run_id": "parentRunId",
    "tool_call_id": "toolCallId", "tool_call_name": "toolCallName", "parent_message_id": "parentMessageId",
    "step_name": "stepName", "raw_event": "rawEvent", "subagent_run_id": "subagentRunId",
    "activity_type": "activityType", "entity_id": "entityId", "encrypted_value": "encryptedValue",
    "protocol_version": "protocolVersion",
}  # fmt: skip
_OPTIONAL: Final = frozenset({
    "timestamp", "metadata", "subagentRunId", "name", "role", "protocolVersion", "parentRunId", "input", "code",
    "usage", "description", "parentSubagentRunId", "parentToolCallId", "parentMessageId", "messageId",
    "toolCallId", "toolCallName", "delta", "outcome",
})  # fmt: skip
# Retired. The client of 1.0 converts them; earlier ones reject them.
_RETIRED_NULLS: Final = frozenset(
    {
        ("TOOL_CALL_START", "parentMessageId"),
        ("TOOL_CALL_CHUNK", "parentMessageId"),
        ("RUN_FINISHED", "outcome"),
        ("RUN_FINISHED", "result"),
    }
)
_ROLES: Final = {
    "TEXT_MESSAGE_START": ("developer", "system", "assistant", "user"),
    "TEXT_MESSAGE_CHUNK": ("developer", "system", "assistant", "user"),
    "REASONING_MESSAGE_START": ("reasoning",),
    "TOOL_CALL_RESULT": ("tool",),
}
_CHUNKS: Final = {
    "TEXT_MESSAGE_CHUNK": ("messageId",),
    "TOOL_CALL_CHUNK": ("toolCallId", "toolCallName"),
    "REASONING_MESSAGE_CHUNK": ("messageId",),
}


def _typed(stream: Transcript) -> list[tuple[str, Message]]:
    """The events of all runs. TRM002 and ERR002 judge events after the end of a run that start no other run."""
    require_readable(stream)
    found = stream.remembered(_events_of_runs)
    if not found:
        raise NotApplicable("the stream has no event with a type")
    return found


def _events_of_runs(stream: Transcript) -> list[tuple[str, Message]]:
    found = []
    over = False
    for message in stream.messages:
        kind = message.fields.get("type")
        if isinstance(kind, str) and (not over or kind == "RUN_STARTED"):
            found.append((kind, message))
            over = kind in _ENDS
    return found


def _trace(stream: Transcript) -> Trace:
    require_whole(stream)
    trace = Trace(_steps(stream))
    if not trace.steps:
        raise NotApplicable("the stream has no message, tool call or step")
    return trace


def _steps(stream: Transcript) -> Iterator[Step]:
    for kind, message in _typed(stream):
        if kind in _STEPS:
            what, field, action = _STEPS[kind]
            # A step's name is its agent's own.
            owner = as_id(message.fields.get("subagentRunId")) if what == "step" else ""
            yield Step(
                message, kind, action, (f"{what} of {owner}" if owner else what, as_id(message.fields.get(field)))
            )
        elif kind in _ENDS:
            yield Step(message, kind, Action.RESET)


@rule("AGU001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def opens_before_use(stream: Transcript) -> Iterator[Finding]:
    """Messages, reasoning, tool calls, steps and subagents start once, before their other events.

    What it does: Follows each by its id, as the official client's `verifyEvents` does.
    Why it matters: The client raises an error at the first event out of order and ends the run.
    Good: `TEXT_MESSAGE_START`, `_CONTENT`, `_END`.
    Bad: `TEXT_MESSAGE_CONTENT` for a message that never started.
    """
    trace = stream.remembered(_trace)
    yield from strays(trace)
    for step, _ in trace.again:
        problem = f"{step.kind} for {part_name(step.part[1])}, which is already open"
        yield Finding(f"{step.kind}-while-open", problem, step.message.event.span, "its end event first", "none")


@rule("AGU002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def is_a_run(stream: Transcript) -> Iterator[Finding]:
    """Events come between `RUN_STARTED` and `RUN_FINISHED` or `RUN_ERROR`.

    What it does: Checks that a run starts before any other event, does not start again while it runs, and that a second
    run finishes too. A `RUN_ERROR` may come first. TRM001 covers a stream without any end.
    Why it matters: The client raises "First event must be RUN_STARTED".
    Good: `RUN_STARTED`, …, `RUN_FINISHED`.
    Bad: `TEXT_MESSAGE_START` first.
    """
    events = _typed(stream)
    kind, first = events[0]
    if kind not in ("RUN_STARTED", "RUN_ERROR"):
        yield Finding(
            "first-event",
            f"the first event is {one_line(kind, 60)}",
            first.event.span,
            "RUN_STARTED",
            one_line(kind, 60),
        )
    running = kind == "RUN_STARTED"
    for kind, message in events[1:]:
        if kind == "RUN_STARTED":
            if running:
                yield Finding(
                    "run-in-run",
                    "a run starts before the last one finished",
                    message.event.span,
                    "RUN_FINISHED",
                    "RUN_STARTED",
                )
            running = True
        elif kind in _ENDS:
            running = False
    cut = stream.ending is Ending.TRUNCATED and stream.body_end is not None and stream.body_end.is_clean
    if running and cut and ended_by(stream) is not None:
        last = events[-1][1]
        yield Finding(
            "run-not-finished", "the last run never finishes", last.event.span, "RUN_FINISHED", "the end of the body"
        )


@rule("AGU003", Severity.WARNING, Kind.CONFORMANCE, _SDK, dialects=_OURS)
def is_in_camel_case(stream: Transcript) -> Iterator[Finding]:
    """Field names are in camelCase.

    What it does: Reports the protocol's own names in snake_case, as Python models have them before encoding. An app's
    own fields may have any name.
    Why it matters: The client's schemas know only camelCase. The field is dropped, or reported as missing (JSON002).
    Good: `{"type": "TEXT_MESSAGE_START", "messageId": "m1"}`.
    Bad: `{"type": "…", "message_id": "m1"}`.
    """
    for _, message in _typed(stream):
        for name in [name for name in message.fields if name in _SNAKE]:
            yield Finding(f"snake-case-{name}", f"{name} is not camelCase", message.event.span, _SNAKE[name], name)


@rule("AGU004", Severity.ERROR, Kind.CONFORMANCE, _SDK, dialects=_OURS)
def omits_what_is_absent(stream: Transcript) -> Iterator[Finding]:
    """Optional fields are omitted, not null.

    What it does: Reports null in the protocol's optional fields. Null is allowed in values of any JSON type (a
    snapshot, a custom value) and in an app's own fields. AGU008 covers nulls that version 1.0 still converts.
    Why it matters: The client's schemas reject null, and the run ends with a validation error.
    Good: `{"type": "RUN_STARTED", "threadId": "t1", "runId": "r1"}`.
    Bad: The same with `"timestamp": null`.
    """
    for kind, message in _typed(stream):
        for name, value in message.fields.items():
            if value is None and name in _OPTIONAL and (kind, name) not in _RETIRED_NULLS and not _required(kind, name):
                yield Finding(f"null-{name}", f"{name} is null", message.event.span, "a value, or no field", "null")


def _required(kind: str, name: str) -> bool:
    """Whether JSON002 reports it."""
    return kind not in _CHUNKS and name in ("messageId", "toolCallId", "toolCallName", "delta")


@rule("AGU005", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def closes_what_it_opened(stream: Transcript) -> Iterator[Finding]:
    """Everything that started has ended when the run finishes.

    What it does: Reports what is still open at `RUN_FINISHED`: messages, reasoning, tool calls, steps, subagents.
    Why it matters: The client raises "Cannot send 'RUN_FINISHED' while … are still active", and the run fails.
    Good: `REASONING_START`, …, `REASONING_END`, then `RUN_FINISHED`.
    Bad: The same without `REASONING_END`.
    """
    trace = stream.remembered(_trace)
    require_matching_ends(trace)
    for step, (what, name), begun in trace.dropped:
        if step.kind == "RUN_FINISHED":
            problem = f"the run finishes while {one_line(what, 60)} {part_name(name)} is open"
            yield Finding(f"{begun.fields['type']}-left-open", problem, begun.event.span, "its end", "none")


@rule("AGU006", Severity.ERROR, Kind.CONFORMANCE, _CLIENT, dialects=_OURS)
def names_its_chunks(stream: Transcript) -> Iterator[Finding]:
    """The first chunk of a message or tool call has its id, and that of a tool call also the tool's name.

    What it does: Checks the first `TEXT_MESSAGE_CHUNK`, `REASONING_MESSAGE_CHUNK` and `TOOL_CALL_CHUNK` of a run, and
    the first chunk of each further message or call.
    Why it matters: The client turns chunks into START, CONTENT and END, and raises "First TOOL_CALL_CHUNK must have a
    toolCallName".
    Good: `{"type": "TEXT_MESSAGE_CHUNK", "messageId": "m1", "delta": "Hi"}`, then chunks with only `delta`.
    Bad: A first chunk with only `delta`.
    """
    known: set[tuple[str, str]] = set()
    began: set[str] = set()
    judged = 0
    for kind, message in _typed(stream):
        if kind == "RUN_STARTED":
            known.clear()
            began.clear()
        if kind not in _CHUNKS:
            continue
        judged += 1
        part = (kind, as_id(message.fields.get(_CHUNKS[kind][0])))
        if (part[1] and part in known) or (not part[1] and kind in began):
            continue
        for name in _CHUNKS[kind]:
            if not isinstance(message.fields.get(name), str):
                yield Finding(
                    f"first-{kind}-without-{name}", f"the first {kind} has no {name}", message.event.span, name, "none"
                )
        began.add(kind)
        if len(known) < MAX_PARTS:
            known.add(part)
    if not judged:
        raise NotApplicable("the stream has no chunks")


@rule("AGU007", Severity.ERROR, Kind.CONFORMANCE, _SDK, dialects=_OURS)
def has_known_roles(stream: Transcript) -> Iterator[Finding]:
    """Roles are defined by the protocol.

    What it does: Checks the role of messages at their start, and of tool results. A reasoning message has the role
    `reasoning`, a text message one of four.
    Why it matters: The client's schemas reject other roles, and the run ends with a validation error.
    Good: `{"type": "REASONING_MESSAGE_START", "messageId": "m1", "role": "reasoning"}`.
    Bad: `"role": "assistant"`.
    """
    judged = 0
    for kind, message in _typed(stream):
        role = message.fields.get("role")
        if kind == "REASONING_MESSAGE_START" and "role" not in message.fields:
            judged += 1
            yield Finding("missing-role", "a reasoning message has no role", message.event.span, "reasoning", "none")
        elif kind in _ROLES and role is not None:
            judged += 1
            if role not in _ROLES[kind]:
                problem = f"{kind} has the role {described(role)}"
                yield Finding(
                    f"wrong-role-of-{kind}", problem, message.event.span, ", ".join(_ROLES[kind]), described(role)
                )
    if not judged:
        raise NotApplicable("the stream has no roles")


@rule("AGU008", Severity.WARNING, Kind.COMPATIBILITY, _CLIENT, dialects=_OURS)
def has_nothing_retired(stream: Transcript) -> Iterator[Finding]:
    """No event has a form that version 1.0 retired.

    What it does: Reports `THINKING_…` events, which are now `REASONING_…`, and null in `parentMessageId`, `outcome`,
    `result` and `rawEvent`.
    Why it matters: The current client still converts them, but most clients before 1.0 reject null.
    Good: `REASONING_START`.
    Bad: `THINKING_START`.
    """
    for kind, message in _typed(stream):
        if kind.startswith("THINKING_"):
            yield Finding(
                "thinking-event",
                f"{one_line(kind, 60)} is retired",
                message.event.span,
                "REASONING_…",
                one_line(kind, 60),
            )
        for name, value in message.fields.items():
            if value is None and (name == "rawEvent" or (kind, name) in _RETIRED_NULLS):
                yield Finding(f"null-{name}", f"{name} is null", message.event.span, f"no {name}", "null")
