"""Family ANT: Anthropic Messages."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import MAX_PARTS, as_count, as_dict
from sseprobe.dialects.base import Kind as DeltaKind
from sseprobe.reception import Message
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.order import typed
from sseprobe.rules.shapes import require_whole
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript

_API: Final = "https://platform.claude.com/docs/en/build-with-claude/streaming"
_OURS: Final = ("anthropic",)
_FITTING: Final = {
    "text_delta": ("text",),
    "citations_delta": ("text",),
    "input_json_delta": ("tool_use", "server_tool_use", "mcp_tool_use"),
    "thinking_delta": ("thinking",),
    "signature_delta": ("thinking",),
}


@rule("ANT001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def begins_with_message_start(stream: Transcript) -> Iterator[Finding]:
    """`message_start` is the first event, and comes once.

    What it does: looks at the first event that is no ping; an error may come instead.
    Why it matters: the official SDK raises "Unexpected event order"; what came before is lost.
    Good: `message_start`, then blocks. Bad: `content_block_start` first.
    """
    events = typed(stream)
    kind, first = events[0]
    if kind not in ("message_start", "error"):
        yield Finding(f"the first event is {one_line(kind, 60)}", first.event.span, "message_start", one_line(kind, 60))
        return
    for kind, message in events[1:]:
        if kind == "message_start":
            yield Finding("message_start comes again", message.event.span, "once", "again")


@rule("ANT002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def nests_its_blocks(stream: Transcript) -> Iterator[Finding]:
    """Blocks start, get deltas that fit them, and stop; their indices count from 0.

    What it does: follows `content_block_start`, `_delta` and `_stop` by index.
    Why it matters: SDKs use the index as a place in a list, and the delta's type as that block's.
    Good: start 0, deltas 0, stop 0, start 1. Bad: a delta for block 1, which never started.
    """
    require_whole(stream)
    blocks: dict[int, str] = {}
    ended: set[int] = set()
    last: Message | None = None
    for kind, message in typed(stream):
        index = as_count(message.fields.get("index"))
        if not kind.startswith("content_block_") or index is None:
            continue
        last = message
        if kind == "content_block_start":
            if index != len(blocks):
                said = f"block {index} starts, and {len(blocks)} was to be next"
                yield Finding(said, message.event.span, str(len(blocks)), str(index))
            if len(blocks) < MAX_PARTS:
                blocks[index] = str(as_dict(message.fields.get("content_block")).get("type"))
        elif index not in blocks:
            yield Finding(
                f"{kind} for block {index}, which never started", message.event.span, "a start before", "none"
            )
        elif index in ended:
            yield Finding(f"{kind} for block {index}, which has stopped", message.event.span, "nothing", kind)
        elif kind == "content_block_stop":
            ended.add(index)
        elif kind == "content_block_delta":
            delta = as_dict(message.fields.get("delta")).get("type")
            fitting = _FITTING.get(delta) if isinstance(delta, str) else None
            if fitting is not None and blocks[index] not in fitting:
                said = f"a {delta} in a block of type {one_line(blocks[index], 40)}"
                yield Finding(said, message.event.span, " or ".join(fitting), one_line(blocks[index], 40))
    if not blocks and last is None:
        raise NotApplicable("no block came")
    if stream.ending is Ending.COMPLETE and last is not None:
        for index in sorted(blocks.keys() - ended):
            yield Finding(f"block {index} never stops", last.event.span, "content_block_stop", "none")


@rule("ANT003", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def says_why_it_stopped(stream: Transcript) -> Iterator[Finding]:
    """A `message_delta` with a stop reason and usage comes between the last block and `message_stop`.

    What it does: looks for it before `message_stop`, and that no block comes after it.
    Why it matters: without it a client cannot tell the end from the limit of tokens, nor what the answer cost.
    Good: `{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}}`. Bad: none.
    """
    events = typed(stream)
    stop = next((message for kind, message in events if kind == "message_stop"), None)
    if stop is None:
        raise NotApplicable("message_stop did not come: see TRM001")
    if any(message.has(DeltaKind.ERROR) for message in stream.messages):
        raise NotApplicable("an error came")
    told = None
    for kind, message in events:
        if kind == "message_delta" and as_dict(message.fields.get("delta")).get("stop_reason"):
            told = message
            if as_count(as_dict(message.fields.get("usage")).get("output_tokens")) is None:
                yield Finding("the stop reason comes without output_tokens", message.event.span, "usage", "none")
        elif kind.startswith("content_block_") and told is not None:
            yield Finding(f"{kind} comes after the stop reason", message.event.span, "message_stop", kind)
    if told is None:
        yield Finding("message_stop comes without a stop reason", stop.event.span, "message_delta before it", "none")
