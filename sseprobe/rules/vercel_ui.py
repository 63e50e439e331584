"""Family VRC: Vercel's UI message stream v1. What clients do was measured with ai 6.0.326, and read in ai 7.0.173."""

from collections.abc import Iterator, Sequence
from typing import Final

from sseprobe.dialects.base import MAX_PARTS, as_id
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.dialects.vercel_parts import OPTIONAL, REASONS, part_of
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.foreign_errors import is_foreign_error
from sseprobe.rules.support.parts import (
    Action,
    Step,
    Trace,
    described,
    in_order,
    part_name,
    require_matching_ends,
    strays,
    whole,
)
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_API: Final = "https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol"
_SCHEMA: Final = "https://github.com/vercel/ai/blob/main/packages/ai/src/ui-message-stream/ui-message-chunks.ts"
_CLIENT: Final = "https://github.com/vercel/ai/blob/main/packages/ai/src/ui/process-ui-message-stream.ts"
_OURS: Final = Scope((Wire.VERCEL_UI,))
# Family -> the field that names the part.
_NAMED_BY: Final = {"text": "id", "reasoning": "id", "tool-input": "toolCallId"}
_ACTIONS: Final = {"start": Action.BEGIN, "delta": Action.CONTINUE, "end": Action.END}
# Tool input ends with its whole, or with an error.
_TOOL_ENDS: Final = ("tool-input-available", "tool-input-error")
_OF_A_CALL: Final = (
    "tool-output-available", "tool-output-error", "tool-output-denied", "tool-approval-request",
)  # fmt: skip
_ANSWER: Final = ("text-", "reasoning-", "tool-")
_FRAME: Final = ("start-step", "finish-step", "finish")


def _trace(stream: Transcript) -> Trace:
    trace = Trace(_steps(stream))
    if not trace.steps:
        raise NotApplicable("the stream has no text, reasoning or tool input")
    return trace


def _steps(stream: Transcript) -> Iterator[Step]:
    begun: set[str] = set()
    for kind, message in whole(stream):
        family, _, step = kind.rpartition("-")
        if family in _NAMED_BY and step in _ACTIONS:
            name = as_id(message.fields.get(_NAMED_BY[family]))
            if family == "tool-input" and len(begun) < MAX_PARTS:
                begun.add(name)
            yield Step(message, kind, _ACTIONS[step], (family, name))
        elif kind in _TOOL_ENDS and (name := as_id(message.fields.get("toolCallId"))) in begun:
            # Input may also come whole, without a start.
            begun.discard(name)
            yield Step(message, kind, Action.END, ("tool-input", name))
        elif kind == "reset-step":
            yield Step(message, kind, Action.RESET)


@rule("VRC001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def opens_before_use(stream: Transcript) -> Iterator[Finding]:
    """Text, reasoning and tool input get deltas and end only after their start.

    What it does: Follows `text-start`, `-delta` and `-end`, and the same events of reasoning, by id, and `tool-input`
    events by call.
    Why it matters: For a delta or an end without a start, the client throws UIMessageStreamError, and the message is
    lost.
    Good: `text-start` a, `text-delta` a, `text-end` a.
    Bad: `text-delta` b, which never started.
    """
    yield from strays(stream.remembered(_trace))


@rule("VRC002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def begins_with_start(stream: Transcript) -> Iterator[Finding]:
    """`start` comes before the parts of the answer.

    What it does: If `start` comes, checks the events before it. Data, sources, files and metadata are allowed; an error
    or abort may come instead. VRC010 covers a stream without `start`.
    Why it matters: The message begins at `start`. Earlier parts are shown under another id, and again under this one.
    Good: `start`, `start-step`, `text-start`.
    Bad: `text-start`, then `start`.
    """
    events = in_order(stream)
    if all(kind != "start" for kind, _ in events):
        raise NotApplicable("the stream has no start: see VRC010")
    first = _first_of_the_answer(events)
    if first is not None:
        kind, message = first
        problem = f"the first part is {one_line(kind, 60)}"
        yield Finding("first-part", problem, message.event.span, "start", one_line(kind, 60))


def _first_of_the_answer(events: Sequence[tuple[str, Message]]) -> tuple[str, Message] | None:
    """The first part of the answer that comes before any `start`, None if none does."""
    for kind, message in events:
        if kind == "start":
            return None
        if kind in _FRAME or kind.startswith(_ANSWER):
            return kind, message
    return None


@rule("VRC003", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def pairs_its_steps(stream: Transcript) -> Iterator[Finding]:
    """Each `start-step` is followed by a `finish-step`.

    What it does: Checks that the two alternate, and that the last step finishes in a stream that completed.
    Why it matters: The client looks for the parts of a call in the current step, and agents count steps.
    Good: `start-step`, …, `finish-step`.
    Bad: `start-step` twice.
    """
    begun: Message | None = None
    judged = 0
    for kind, message in in_order(stream):
        if kind == "start-step":
            judged += 1
            if begun is not None:
                yield Finding(
                    "step-in-step",
                    "a step starts before the last one finished",
                    message.event.span,
                    "finish-step",
                    "start-step",
                )
            begun = message
        elif kind == "finish-step":
            judged += 1
            if begun is None:
                yield Finding(
                    "step-not-started",
                    "a step finishes but never started",
                    message.event.span,
                    "start-step",
                    "finish-step",
                )
            begun = None
    if not judged:
        raise NotApplicable("the stream has no steps")
    if begun is not None and stream.ending is Ending.COMPLETE:
        yield Finding("step-not-finished", "the last step never finishes", begun.event.span, "finish-step", "none")


@rule("VRC004", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def ends_its_parts(stream: Transcript) -> Iterator[Finding]:
    """Text, reasoning and tool input end.

    What it does: Reports parts without an end in a stream that completed, and a part that starts again before its end.
    Tool input ends with `tool-input-available` or `tool-input-error`.
    Why it matters: The part keeps the state `streaming`: the cursor keeps blinking, or the tool is not called.
    Good: `text-start` a, `text-delta` a, `text-end` a.
    Bad: The same without `text-end`.
    """
    trace = stream.remembered(_trace)
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable("the stream did not complete")
    require_matching_ends(trace)
    for step, begun in trace.again:
        family, name = step.part
        problem = f"{family} {part_name(name)} starts again before its end"
        yield Finding(f"{step.kind}-while-open", problem, begun.event.span, _end_of(family), step.kind)
    for (family, name), begun in trace.open.items():
        yield Finding(
            f"{family}-not-ended", f"{family} {part_name(name)} never ends", begun.event.span, _end_of(family), "none"
        )


def _end_of(family: str) -> str:
    return _TOOL_ENDS[0] if family == "tool-input" else f"{family}-end"


@rule("VRC005", Severity.WARNING, Kind.COMPATIBILITY, _CLIENT, dialects=_OURS)
def ends_parts_within_their_step(stream: Transcript) -> Iterator[Finding]:
    """Text and reasoning end in the step they started in.

    What it does: Reports a delta or an end of a part that started before the last `finish-step`.
    Why it matters: ai 5 and 6 discard open parts at `finish-step` and throw UIMessageStreamError; ai 7 does not.
    Good: `text-end`, then `finish-step`.
    Bad: `finish-step`, then `text-delta` of the earlier text.
    """
    open_before: set[tuple[str, str]] = set()
    opened: set[tuple[str, str]] = set()
    judged = 0
    for kind, message in whole(stream):
        family, _, step = kind.rpartition("-")
        if kind == "finish-step":
            judged += 1
            if len(open_before) < MAX_PARTS:
                open_before |= opened
            opened.clear()
        elif family in ("text", "reasoning") and step in _ACTIONS:
            part = (family, as_id(message.fields.get("id")))
            if step == "start":
                open_before.discard(part)
                if len(opened) < MAX_PARTS:
                    opened.add(part)
            elif part in open_before:
                problem = f"{kind} for {part_name(part[1])}, whose step has finished"
                yield Finding(
                    f"{kind}-after-step", problem, message.event.span, f"{family}-end before finish-step", kind
                )
            if step == "end":
                opened.discard(part)
                open_before.discard(part)
    if not judged:
        raise NotApplicable("the stream has no finish-step")


@rule("VRC006", Severity.ERROR, Kind.CONFORMANCE, _CLIENT, dialects=_OURS)
def answers_calls_that_came(stream: Transcript) -> Iterator[Finding]:
    """Tool outputs and approval requests belong to a known call.

    What it does: Looks up their `toolCallId` among the calls of this stream and in the messages of the request.
    Why it matters: The client throws "No tool invocation found for tool call ID", and the message is lost.
    Good: `tool-input-available` c1, `tool-output-available` c1.
    Bad: `tool-output-available` c2.
    """
    asked = stream.request.body or b"" if stream.request is not None else b""
    came: set[str] = set()
    judged = 0
    for kind, message in whole(stream):
        name = as_id(message.fields.get("toolCallId"))
        if kind.startswith("tool-input-"):
            if len(came) < MAX_PARTS:
                came.add(name)
        elif kind in _OF_A_CALL and len(came) < MAX_PARTS:
            judged += 1
            if name not in came and name.encode() not in asked:
                problem = f"{kind} for the unknown tool call {part_name(name)}"
                yield Finding(
                    f"{kind}-without-call", problem, message.event.span, "tool-input-available before it", "none"
                )
            came.add(name)
    if not judged:
        raise NotApplicable("the stream has no tool output")


@rule("VRC007", Severity.ERROR, Kind.CONFORMANCE, _SCHEMA, dialects=_OURS)
def omits_what_is_absent(stream: Transcript) -> Iterator[Finding]:
    """Optional fields are omitted, not null.

    What it does: Reports null in optional fields of the client's schema.
    Why it matters: The schema rejects null: the client throws "Type validation failed", and the message is lost.
    Good: `{"type": "finish"}`.
    Bad: `{"type": "finish", "finishReason": null}`.
    """
    for _, message in in_order(stream):
        for name in [name for name, value in message.fields.items() if value is None and name in OPTIONAL]:
            yield Finding(f"null-{name}", f"{name} is null", message.event.span, f"no {name}", "null")


@rule("VRC008", Severity.ERROR, Kind.CONFORMANCE, _SCHEMA, dialects=_OURS)
def finishes_in_its_own_words(stream: Transcript) -> Iterator[Finding]:
    """`finishReason` is one of stop, length, content-filter, tool-calls, error, interrupted and other.

    What it does: Checks the reason in `finish`. It may be omitted.
    Why it matters: The client's schema rejects other words, such as OpenAI's `tool_calls`. It throws "Type validation
    failed" at the end of a complete answer.
    Good: `"finishReason": "tool-calls"`.
    Bad: `"finishReason": "end_turn"`.
    """
    judged = 0
    for kind, message in in_order(stream):
        reason = message.fields.get("finishReason")
        if kind == "finish" and reason is not None:
            judged += 1
            if reason not in REASONS:
                problem = f"the finish reason is {described(reason)}"
                yield Finding(
                    "unknown-finish-reason", problem, message.event.span, ", ".join(REASONS), described(reason)
                )
    if not judged:
        raise NotApplicable("the stream has no finish reason")


@rule("VRC009", Severity.WARNING, Kind.COMPATIBILITY, _SCHEMA, dialects=_OURS)
def has_types_of_the_schema(stream: Transcript) -> Iterator[Finding]:
    """Part types are defined by the protocol, or begin with `data-`.

    What it does: Reports types that neither version 6 nor 7 of the AI SDK knows. An app's own types begin with `data-`.
    Why it matters: Unlike other vendors' clients, this one does not skip unknown types: it throws "Type validation
    failed".
    Good: `{"type": "data-progress", "data": 40}`.
    Bad: `{"type": "progress", "data": 40}`.
    """
    for kind, message in in_order(stream):
        if part_of(kind) is None and not is_foreign_error(message):
            problem = f"the client does not know the part type {one_line(kind, 60)}"
            yield Finding("unknown-type", problem, message.event.span, "data-…", one_line(kind, 60))


@rule("VRC010", Severity.WARNING, Kind.COMPATIBILITY, _API, dialects=_OURS)
def frames_its_message(stream: Transcript) -> Iterator[Finding]:
    """The message begins with `start` and ends with `finish`.

    What it does: Reports parts of the answer without a `start`, and a stream that ended cleanly without a `finish`.
    `createUIMessageStream` adds neither; `streamText` adds both.
    Why it matters: The client shows the parts under an id of its own. `[DONE]` is always sent, so that without `finish`
    clients cannot distinguish a complete message from a truncated one.
    Good: `start`, the parts, `finish`, `[DONE]`.
    Bad: The parts, and `[DONE]`.
    """
    events = in_order(stream)
    kinds = {kind for kind, _ in events}
    first = None if "start" in kinds else _first_of_the_answer(events)
    if first is not None:
        yield Finding("no-start", "the message has no start", first[1].event.span, "start", one_line(first[0], 60))
    if "finish" not in kinds and stream.ending is Ending.COMPLETE:
        kind, last = events[-1]
        yield Finding("no-finish", "the message has no finish", last.event.span, "finish", one_line(kind, 60))
