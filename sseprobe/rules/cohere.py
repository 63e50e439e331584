"""Family COH: Cohere v2."""

from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.base import MAX_PARTS, DeltaKind, as_count, as_dict
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.parts import Action, Step, Trace, in_order, part_name, require_matching_ends, strays, whole
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_API: Final = "https://docs.cohere.com/docs/streaming"
_REFERENCE: Final = "https://docs.cohere.com/reference/chat-stream"
_OURS: Final = Scope((Wire.COHERE,))
_PARTS: Final = ("content", "tool-call", "citation")
_ACTIONS: Final = {"start": Action.BEGIN, "delta": Action.CONTINUE, "end": Action.END}


@rule("COH001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def begins_with_message_start(stream: Transcript) -> Iterator[Finding]:
    """`message-start` is the first event and comes once.

    What it does: Checks the first event, and reports a second `message-start`. A `message-end` with an error may come
    first instead.
    Why it matters: Clients create the message at this event.
    Good: `message-start`, then `content-start`.
    Bad: `content-delta` first.
    """
    events = in_order(stream)
    kind, first = events[0]
    if kind != "message-start" and not first.has(DeltaKind.ERROR):
        yield Finding(
            "first-event",
            f"the first event is {one_line(kind, 60)}",
            first.event.span,
            "message-start",
            one_line(kind, 60),
        )
    for kind, message in events[1:]:
        if kind == "message-start":
            yield Finding(
                "second-message-start",
                "message-start is repeated",
                message.event.span,
                "one message-start",
                "a second one",
            )


def _trace(stream: Transcript) -> Trace:
    steps = []
    for kind, message in whole(stream):
        part, _, step = kind.rpartition("-")
        index = as_count(message.fields.get("index"))
        if part in _PARTS and step in _ACTIONS and index is not None:
            steps.append(Step(message, kind, _ACTIONS[step], (part, index)))
    if not steps:
        raise NotApplicable("the stream has no parts")
    return Trace(steps)


@rule("COH002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def opens_parts_before_use(stream: Transcript) -> Iterator[Finding]:
    """Content, tool calls and citations get deltas and end only after their start, and start once.

    What it does: Follows `content-start`, `-delta` and `-end`, and the same events of tool calls and citations, by
    index.
    Why it matters: Clients assemble parts by index. A delta without its start has no type.
    Good: `content-start` 0, deltas, `content-end` 0.
    Bad: `content-delta` for an index that never started.
    """
    trace = stream.remembered(_trace)
    yield from strays(trace)
    for step, _ in trace.again:
        part, index = step.part
        problem = f"{part} {part_name(index)} starts while it is open"
        yield Finding(f"{step.kind}-while-open", problem, step.message.event.span, f"{part}-end", step.kind)


@rule("COH003", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def ends_its_parts(stream: Transcript) -> Iterator[Finding]:
    """Each part ends before the message does.

    What it does: Reports content, tool calls and citations without an end in a stream that completed.
    Why it matters: Clients act when a part ends. A tool call that never ends is never made.
    Good: `tool-call-start` 0, deltas, `tool-call-end` 0.
    Bad: The same without `tool-call-end`.
    """
    trace = stream.remembered(_trace)
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable("the stream did not complete")
    require_matching_ends(trace)
    for (part, index), begun in trace.open.items():
        yield Finding(
            f"{part}-not-ended", f"{part} {part_name(index)} never ends", begun.event.span, f"{part}-end", "none"
        )


def _content(message: Message) -> dict[str, Any]:
    return as_dict(as_dict(as_dict(message.fields.get("delta")).get("message")).get("content"))


@rule("COH004", Severity.ERROR, Kind.CONFORMANCE, _REFERENCE, dialects=_OURS)
def has_fitting_deltas(stream: Transcript) -> Iterator[Finding]:
    """Text is sent in `text` content, thinking in `thinking` content.

    What it does: Compares each `content-delta` with the type of its `content-start`.
    Why it matters: Clients show thinking separately from the answer. Vercel's AI SDK raises an error at a delta of the
    other type.
    Good: `content-start` of type `thinking`, then `{"thinking": "…"}`.
    Bad: The same, then `{"text": "…"}`.
    """
    types: dict[int, Any] = {}
    judged = 0
    for kind, message in whole(stream):
        index = as_count(message.fields.get("index"))
        if kind == "content-start" and index is not None and (index in types or len(types) < MAX_PARTS):
            types[index] = _content(message).get("type")
        elif kind == "content-delta" and types.get(index or 0) in ("text", "thinking"):
            judged += 1
            begun = types[index or 0]
            other = "thinking" if begun == "text" else "text"
            if other in _content(message) and begun not in _content(message):
                yield Finding(
                    f"{other}-in-{begun}",
                    f"{other} is sent in content of type {begun}",
                    message.event.span,
                    begun,
                    other,
                )
    if not judged:
        raise NotApplicable("the stream has no content deltas")


@rule("COH005", Severity.WARNING, Kind.CONFORMANCE, _REFERENCE, dialects=_OURS)
def stops_for_its_tools(stream: Transcript) -> Iterator[Finding]:
    """The finish reason is TOOL_CALL exactly when a tool is called.

    What it does: Compares TOOL_CALL and COMPLETE with the tool calls of the message.
    Why it matters: Agents decide by the finish reason whether to call tools. They stop too early, or look for a call
    that does not exist.
    Good: `tool-call-start`, …, `"finish_reason": "TOOL_CALL"`.
    Bad: The same with COMPLETE.
    """
    finish = stream.deltas_by_kind[DeltaKind.FINISH]
    if not finish:
        raise NotApplicable("the stream has no finish reason")
    called = any(kind == "tool-call-start" for kind, _ in in_order(stream))
    message, reason = finish[0][0], finish[0][1].text
    if not called and reason != "TOOL_CALL":
        raise NotApplicable("the stream has no tool call")
    if called and reason == "COMPLETE":
        yield Finding(
            "COMPLETE-with-tool-call",
            "a tool is called, but the finish reason is COMPLETE",
            message.event.span,
            "TOOL_CALL",
            reason,
        )
    elif not called:
        yield Finding(
            "TOOL_CALL-without-tool-call",
            "the finish reason is TOOL_CALL, but no tool is called",
            message.event.span,
            "COMPLETE",
            reason,
        )


@rule("COH006", Severity.ERROR, Kind.CONFORMANCE, _REFERENCE, dialects=_OURS)
def names_its_calls(stream: Transcript) -> Iterator[Finding]:
    """A tool call starts with its id and the tool's name.

    What it does: Checks each `tool-call-start`.
    Why it matters: The client returns the result under the id, and the name selects the tool. No later event has them.
    Good: `{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}`.
    Bad: The same without `id`.
    """
    judged = 0
    for kind, message in whole(stream):
        if kind != "tool-call-start":
            continue
        judged += 1
        call = as_dict(as_dict(as_dict(message.fields.get("delta")).get("message")).get("tool_calls"))
        for what, value in (("id", call.get("id")), ("name", as_dict(call.get("function")).get("name"))):
            if not isinstance(value, str) or not value:
                yield Finding(
                    f"missing-{what}",
                    f"a tool call has no {what}",
                    message.event.span,
                    f"its {what}",
                    "none",
                )
    if not judged:
        raise NotApplicable("the stream has no tool call")
