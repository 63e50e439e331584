"""Family ANT: Anthropic Messages. What clients do was read in anthropic 2.12.0."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import MAX_PARTS, DeltaKind, as_count, as_dict, as_id, as_list
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.parts import described, in_order, part_name
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_API: Final = "https://platform.claude.com/docs/en/build-with-claude/streaming"
_TOOLS: Final = "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview"
_SDK: Final = "https://github.com/anthropics/anthropic-sdk-python/blob/main/src/anthropic/lib/streaming/_messages.py"
_OURS: Final = Scope((Wire.ANTHROPIC,))


@rule("ANT001", Severity.ERROR, Kind.CONFORMANCE, _SDK, dialects=_OURS)
def begins_with_message_start(stream: Transcript) -> Iterator[Finding]:
    """`message_start` is the first event and comes once.

    What it does: Checks the first event other than `ping`, and reports a second `message_start`. An error may come
    first instead.
    Why it matters: The official SDK raises "Unexpected event order" and loses earlier events.
    Good: `message_start`, then blocks.
    Bad: `content_block_start` first.
    """
    events = in_order(stream)
    kind, first = events[0]
    if kind not in ("message_start", "error"):
        yield Finding(
            "first-event",
            f"the first event is {one_line(kind, 60)}",
            first.event.span,
            "message_start",
            one_line(kind, 60),
        )
        return
    for kind, message in events[1:]:
        if kind == "message_start":
            yield Finding(
                "second-message_start",
                "message_start is repeated",
                message.event.span,
                "one message_start",
                "a second one",
            )


@rule("ANT003", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def says_why_it_stopped(stream: Transcript) -> Iterator[Finding]:
    """A stop reason comes between the last block and `message_stop`.

    What it does: Checks for a `message_delta` with a stop reason. Reports a block after it, and a later `message_delta`
    that clears it.
    Why it matters: Without a stop reason, clients cannot distinguish a finished answer from the token limit. SDKs keep
    the value of the last `message_delta`.
    Good: `{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, …}`, `message_stop`.
    Bad: `message_stop` directly after the last block.
    """
    events = in_order(stream)
    stop = next((message for kind, message in events if kind == "message_stop"), None)
    if stop is None:
        raise NotApplicable("the stream has no message_stop: see TRM001")
    if any(kind == "message_delta" and not isinstance(each.fields.get("delta"), dict) for kind, each in events):
        raise NotApplicable("a message_delta has no delta: see JSON002")
    stopped = False
    for kind, message in events:
        if kind == "message_delta":
            reason = as_dict(message.fields["delta"]).get("stop_reason")
            if stopped and not reason:
                yield Finding(
                    "stop-reason-taken-back",
                    "a later message_delta clears the stop reason",
                    message.event.span,
                    "the same stop reason",
                    "null",
                )
            stopped = stopped or bool(reason)
        elif kind.startswith("content_block_") and stopped:
            yield Finding(
                "block-after-stop-reason",
                f"{one_line(kind, 60)} comes after the stop reason",
                message.event.span,
                "message_stop",
                one_line(kind, 60),
            )
    if not stopped:
        yield Finding(
            "no-stop-reason",
            "no stop reason comes before message_stop",
            stop.event.span,
            "message_delta before it",
            "none",
        )


@rule("ANT009", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def begins_empty(stream: Transcript) -> Iterator[Finding]:
    """The message starts empty: no content, no stop reason.

    What it does: Checks the message in `message_start`.
    Why it matters: SDKs append blocks to the initial content, so that every index is wrong. A stop reason at the start
    means to clients that the message has ended.
    Good: `{"content": [], "stop_reason": null, …}`.
    Bad: `{"content": [{"type": "text", …}], …}`.
    """
    start = next((message for kind, message in in_order(stream) if kind == "message_start"), None)
    if start is None:
        raise NotApplicable("the stream has no message_start: see ANT001")
    begun = as_dict(start.fields.get("message"))
    if content := as_list(begun.get("content")):
        yield Finding(
            "begins-with-content", "message_start already has content", start.event.span, "[]", f"{len(content)} blocks"
        )
    if reason := begun.get("stop_reason"):
        yield Finding(
            "begins-with-stop-reason",
            f"message_start has the stop reason {described(reason)}",
            start.event.span,
            "null",
            described(reason),
        )


@rule("ANT010", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def counts_its_output(stream: Transcript) -> Iterator[Finding]:
    """`message_delta` has the number of output tokens so far.

    What it does: Checks for `output_tokens` in the usage of each `message_delta`.
    Why it matters: SDKs copy the number without checking that it exists; Python's raises AttributeError.
    Good: `"usage": {"output_tokens": 15}`.
    Bad: `"usage": {}`.
    """
    judged = 0
    for kind, message in in_order(stream):
        usage = message.fields.get("usage")
        if kind == "message_delta" and isinstance(usage, dict):
            judged += 1
            if as_count(usage.get("output_tokens")) is None:
                actual = described(usage["output_tokens"]) if "output_tokens" in usage else "none"
                yield Finding(
                    "missing-output_tokens",
                    "the usage of message_delta has no output_tokens",
                    message.event.span,
                    "a number",
                    actual,
                )
    if not judged:
        raise NotApplicable("the stream has no message_delta with usage")


@rule("ANT011", Severity.WARNING, Kind.CONFORMANCE, _TOOLS, dialects=_OURS)
def stops_for_its_tools(stream: Transcript) -> Iterator[Finding]:
    """The stop reason is `tool_use` exactly when a tool is called.

    What it does: Compares `tool_use` and `end_turn` with the `tool_use` blocks of the message.
    Why it matters: Agents decide by the stop reason whether to call tools. They stop too early, or look for a call that
    does not exist.
    Good: A `tool_use` block, then `"stop_reason": "tool_use"`.
    Bad: The same with `end_turn`.
    """
    called, finish, reason = False, None, ""
    for kind, message in in_order(stream):
        if kind == "content_block_start":
            called = called or as_dict(message.fields.get("content_block")).get("type") == "tool_use"
        for delta in message.deltas:
            if delta.kind is DeltaKind.FINISH:
                finish, reason = message, delta.text
    if finish is None:
        raise NotApplicable("the stream has no stop reason")
    if not called and reason != "tool_use":
        raise NotApplicable("the stream has no tool call")
    if called and reason == "end_turn":
        yield Finding(
            "end_turn-with-tool-call",
            "a tool is called, but the stop reason is end_turn",
            finish.event.span,
            "tool_use",
            reason,
        )
    elif not called:
        yield Finding(
            "tool_use-without-tool-call",
            "the stop reason is tool_use, but no tool is called",
            finish.event.span,
            "end_turn",
            reason,
        )


@rule("ANT012", Severity.ERROR, Kind.CONFORMANCE, _TOOLS, dialects=_OURS)
def names_its_calls(stream: Transcript) -> Iterator[Finding]:
    """A tool call has an id of its own and the tool's name.

    What it does: Checks `tool_use` blocks at their start.
    Why it matters: The client returns the result under the id. The API rejects a result without an id, and a repeated
    id.
    Good: `{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}`.
    Bad: `"id": null`.
    """
    ids: set[str] = set()
    judged = 0
    for kind, message in in_order(stream):
        block = as_dict(message.fields.get("content_block"))
        if kind != "content_block_start" or block.get("type") != "tool_use":
            continue
        judged += 1
        for name in ("id", "name"):
            if not isinstance(block.get(name), str) or not block[name]:
                yield Finding(
                    f"missing-{name}", f"a tool_use block has no {name}", message.event.span, f"its {name}", "none"
                )
        identifier = as_id(block.get("id"))
        if identifier and identifier in ids:
            problem = f"two tool calls have the id {part_name(identifier)}"
            yield Finding("repeated-id", problem, message.event.span, "a unique id", part_name(identifier))
        if len(ids) < MAX_PARTS:
            ids.add(identifier)
    if not judged:
        raise NotApplicable("the stream has no tool call")


@rule("ANT013", Severity.INFO, Kind.CONFORMANCE, _API, dialects=_OURS)
def has_no_sentinel(stream: Transcript) -> Iterator[Finding]:
    """The stream has no `[DONE]`: `message_stop` is the last event.

    What it does: Reports `[DONE]`. vLLM sends it.
    Why it matters: SDKs skip events without a name. A client that waits for `[DONE]` hangs on servers that follow the
    specification.
    Good: `message_stop`, and the end of the body.
    Bad: `message_stop`, then `data: [DONE]`.
    """
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    for message in stream.messages:
        if message.event.data == "[DONE]":
            yield Finding("done-mark", "the stream has a [DONE]", message.event.span, "the end of the body", "[DONE]")
