"""Family ANT: the content blocks of a message. What clients do was read in anthropic 2.12.0."""

from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.base import MAX_PARTS, as_count, as_dict
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.parts import Action, Step, Trace, described, part_name, require_matching_ends, strays, whole
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript

_API: Final = "https://platform.claude.com/docs/en/build-with-claude/streaming"
_THINKING: Final = "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
_OURS: Final = Scope((Wire.ANTHROPIC,))
_ACTIONS: Final = {
    "content_block_start": Action.BEGIN,
    "content_block_delta": Action.CONTINUE,
    "content_block_stop": Action.END,
}
_FITTING: Final = {
    "text_delta": ("text",),
    "citations_delta": ("text",),
    "input_json_delta": ("tool_use", "server_tool_use", "mcp_tool_use"),
    "thinking_delta": ("thinking",),
    "signature_delta": ("thinking",),
}


def _block_events(stream: Transcript) -> list[tuple[str, Message, int]]:
    found = []
    for kind, message in whole(stream):
        index = as_count(message.fields.get("index"))
        if kind in _ACTIONS and index is not None:
            found.append((kind, message, index))
    if not found:
        raise NotApplicable("the stream has no blocks")
    return found


def _trace(stream: Transcript) -> Trace:
    return Trace(
        Step(message, kind, _ACTIONS[kind], ("block", index)) for kind, message, index in _block_events(stream)
    )


@rule("ANT002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def opens_blocks_before_use(stream: Transcript) -> Iterator[Finding]:
    """A block gets deltas and stops only after its start, and starts once.

    What it does: Follows `content_block_start`, `_delta` and `_stop` by index.
    Why it matters: The index is a position in the message's content. If the block was not started, SDKs raise
    IndexError.
    Good: Start 0, deltas 0, stop 0, start 1.
    Bad: A delta for block 1, which never started or has stopped.
    """
    trace = stream.remembered(_trace)
    yield from strays(trace)
    for step, _ in trace.again:
        problem = f"block {part_name(step.part[1])} starts while it is open"
        yield Finding("start-while-open", problem, step.message.event.span, "content_block_stop", "content_block_start")


@rule("ANT006", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def counts_blocks_from_zero(stream: Transcript) -> Iterator[Finding]:
    """Block indices count up from 0.

    What it does: Compares the index of each new block with the number of earlier blocks.
    Why it matters: SDKs append a block at its start and look it up by index. With a wrong index, text is added to
    another block.
    Good: Blocks 0, 1, 2.
    Bad: A first block 1; a second block 0.
    """
    starts = [(message, index) for kind, message, index in _block_events(stream) if kind == "content_block_start"]
    if not starts:
        raise NotApplicable("the stream has no content_block_start")
    missed = {step.part[1] for step in stream.remembered(_trace).stray}
    awaited = 0
    for message, index in starts:
        while awaited != index and awaited in missed:
            awaited += 1  # its start is missing: ANT002 says so
        if index != awaited:
            problem = f"block {part_name(index)} starts, but the next index is {part_name(awaited)}"
            yield Finding("wrong-index", problem, message.event.span, part_name(awaited), part_name(index))
        awaited = index + 1


@rule("ANT007", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def has_fitting_deltas(stream: Transcript) -> Iterator[Finding]:
    """Deltas fit the type of their block.

    What it does: Checks that text and citations belong to text blocks, `input_json_delta` to tool blocks, and thinking
    and its signature to thinking blocks. Unknown types are skipped.
    Why it matters: SDKs drop a delta that does not fit, without an error.
    Good: `text_delta` in a `text` block.
    Bad: `text_delta` in a `thinking` block.
    """
    types: dict[int, Any] = {}
    judged = 0
    for kind, message, index in _block_events(stream):
        if kind == "content_block_start" and (index in types or len(types) < MAX_PARTS):
            types[index] = as_dict(message.fields.get("content_block")).get("type")
        elif kind == "content_block_delta" and index in types:
            judged += 1
            delta, block = as_dict(message.fields.get("delta")).get("type"), types[index]
            fitting = _FITTING.get(delta) if isinstance(delta, str) else None
            if fitting is not None and block not in fitting:
                problem = f"a {delta} is in a block of type {described(block)}"
                yield Finding(
                    f"{delta}-in-wrong-block", problem, message.event.span, " or ".join(fitting), described(block)
                )
    if not judged:
        raise NotApplicable("the stream has no block with deltas")


@rule("ANT008", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def stops_its_blocks(stream: Transcript) -> Iterator[Finding]:
    """Each block stops before the message does.

    What it does: Reports blocks without `content_block_stop` in a stream that completed.
    Why it matters: Clients act when a block stops. A tool call whose block never stops is never made.
    Good: Start 0, deltas 0, stop 0, `message_delta`.
    Bad: The same without stop 0.
    """
    trace = stream.remembered(_trace)
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable("the stream did not complete")
    require_matching_ends(trace)
    for (_, index), begun in trace.open.items():
        yield Finding(
            "block-not-stopped", f"block {part_name(index)} never stops", begun.event.span, "content_block_stop", "none"
        )


@rule("ANT014", Severity.WARNING, Kind.COMPATIBILITY, _THINKING, dialects=_OURS)
def signs_its_thinking(stream: Transcript) -> Iterator[Finding]:
    """A thinking block has a signature.

    What it does: Checks each `thinking` block with content that stops: it must have a non-empty `signature_delta`, or a
    signature at its start.
    Why it matters: With tools, the client sends thinking blocks back. The API rejects a block without its signature.
    Good: `thinking_delta`, `signature_delta`, `content_block_stop`.
    Bad: The same without `signature_delta`.
    """
    open_blocks: dict[int, tuple[Message, bool, bool]] = {}
    judged = 0
    for kind, message, index in _block_events(stream):
        if kind == "content_block_start":
            block = as_dict(message.fields.get("content_block"))
            if block.get("type") == "thinking" and len(open_blocks) < MAX_PARTS:
                open_blocks[index] = (message, bool(block.get("thinking")), bool(block.get("signature")))
        elif index in open_blocks:
            begun, thought, signed = open_blocks[index]
            delta = as_dict(message.fields.get("delta"))
            thought, signed = thought or bool(delta.get("thinking")), signed or bool(delta.get("signature"))
            open_blocks[index] = (begun, thought, signed)
            if kind == "content_block_stop":
                del open_blocks[index]
                judged += 1
                if thought and not signed:
                    problem = f"the thinking of block {part_name(index)} has no signature"
                    yield Finding("missing-signature", problem, message.event.span, "signature_delta", "none")
    if not judged:
        raise NotApplicable("the stream has no thinking")
