"""Family ANT."""

from typing import Any

from tests.rules.mutants import Mutant, mutant
from tests.rules.mutants.edits import lose
from tests.support.takes import (
    QUICK,
    Blocks,
    Edit,
    Take,
    both,
    changed,
    double,
    drop,
    event_with,
    everywhere,
    insert,
    replace,
    swap,
)

TOOLS = f"{QUICK},reasoning=2,tools=2"
# In PLAIN: message_start, ping, a block's start, three deltas, its stop, message_delta, message_stop.
# In TOOLS: a block of thinking (2 to 6), and two of tool_use (7 to 16, 17 to 26).


def plain(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer in text."""
    return mutant(f"anthropic: {name}", Take("anthropic", edit=edit), *rules)


def tools(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer that thinks, and calls two tools."""
    return mutant(f"anthropic: {name}", Take("anthropic", TOOLS, edit=edit), *rules)


def event(kind: str, **fields: Any) -> bytes:
    """One event."""
    return event_with({"type": kind, **fields}, kind)


def delta(kind: str, index: int = 0, **fields: Any) -> bytes:
    """One delta of a block."""
    return event("content_block_delta", index=index, delta={"type": kind, **fields})


def block(index: int, kind: str = "text", **fields: Any) -> tuple[bytes, bytes]:
    """A whole block without deltas."""
    return (
        event("content_block_start", index=index, content_block={"type": kind, **fields}),
        event("content_block_stop", index=index),
    )


def stop_reason(reason: str | None, tokens: int = 3) -> bytes:
    """A message_delta."""
    return event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": tokens})


def whole_input(blocks: Blocks) -> Blocks:
    """The first call's input at its start, and no deltas, as some servers have it."""
    return [*blocks[:7], blocks[7].replace(b'"input":{}', b'"input":{"city":"Rome"}'), *blocks[16:]]


PING = event("ping")
MUTANTS = [
    plain("without message_start", drop(0), "ANT001"),
    plain("message_start behind a block's start", swap(0, 2), "ANT001"),
    plain("message_start twice", double(0), "ANT001"),
    plain("message_start once more in the middle", lambda blocks: [*blocks[:4], blocks[0], *blocks[4:]], "ANT001"),
    tools("without message_start, with tools", drop(0), "ANT001"),
    plain("a ping before message_start", insert(0, PING)),
    plain("pings everywhere", lambda blocks: [each for block in blocks[:-1] for each in (PING, block)] + blocks[-1:]),
    plain("a block never starts", drop(2), "ANT002"),
    tools("a tool's block never starts", drop(7), "ANT002"),
    tools("thinking never starts", drop(2), "ANT002"),
    plain("a block stops twice", double(6), "ANT002"),
    plain("a delta behind the block's stop", swap(5, 6), "ANT002"),
    plain("a delta for a block that is not there", changed(4, lambda each: each.update(index=1)), "ANT002"),
    plain("a stop for a block that is not there", changed(6, lambda each: each.update(index=1)), "ANT002"),
    plain("a start with another index", changed(2, lambda each: each.update(index=1)), "ANT002"),
    plain("a block starts twice", double(2), "ANT002", "ANT006"),
    plain("an index of 30 digits", changed(4, lambda each: each.update(index=10**30)), "ANT002"),
    plain("indices count from 1", everywhere(b'"index":0', b'"index":1'), "ANT006"),
    plain("a second block 0", insert(7, *block(0, text="")), "ANT006"),
    plain("an index is left out", insert(7, *block(2, text="")), "ANT006"),
    plain("a second block 1", insert(7, *block(1, text=""))),
    plain(
        "two blocks at a time",
        lambda blocks: [*blocks[:4], *block(1, text="")[:1], blocks[4], *block(1)[1:], *blocks[5:]],
    ),
    tools("text in thinking", replace(3, b'"thinking_delta","thinking"', b'"text_delta","text"'), "ANT007"),
    plain("thinking in text", replace(3, b'"text_delta","text"', b'"thinking_delta","thinking"'), "ANT007"),
    plain("a tool's input in text", insert(4, delta("input_json_delta", partial_json="{}")), "ANT007"),
    plain("a signature in text", insert(4, delta("signature_delta", signature="bW9jaw==")), "ANT007"),
    tools("a citation in thinking", insert(4, delta("citations_delta", citation={"type": "x"})), "ANT007"),
    plain("a delta of a type to come", insert(4, delta("poem_delta", poem="x"))),
    plain("a block never stops", drop(6), "ANT008"),
    tools("thinking never stops", drop(6), "ANT008"),
    tools("a tool's block never stops", drop(16), "ANT008"),
    tools("the last tool's block never stops", drop(26), "ANT008"),
    tools(
        "no block ever stops", lambda blocks: [each for each in blocks if b"content_block_stop" not in each], "ANT008"
    ),
    plain("message_start with content", changed(0, lambda each: each["message"]["content"].append({})), "ANT009"),
    plain(
        "message_start with a stop reason", changed(0, lambda each: each["message"].update(stop_reason="x")), "ANT009"
    ),
    plain("message_start without a stop reason", lose(0, "message", "stop_reason")),
    plain("no stop reason", changed(7, lambda each: each["delta"].update(stop_reason=None)), "ANT003"),
    plain("no message_delta", drop(7), "ANT003"),
    plain("message_delta before the last stop", swap(6, 7), "ANT003"),
    plain("a block behind the stop reason", insert(8, *block(1, text="")), "ANT003"),
    plain("the stop reason is cleared", insert(8, stop_reason(None)), "ANT003"),
    plain("usage before the stop reason", insert(7, stop_reason(None, 2))),
    plain("the stop reason twice", double(7)),
    plain("usage is empty", changed(7, lambda each: each.update(usage={})), "ANT010"),
    plain("output_tokens is null", changed(7, lambda each: each["usage"].update(output_tokens=None)), "ANT010"),
    plain("output_tokens is a string", changed(7, lambda each: each["usage"].update(output_tokens="3")), "ANT010"),
    plain("usage counts only the input", changed(7, lambda each: each.update(usage={"input_tokens": 3})), "ANT010"),
    plain("usage with more in it", changed(7, lambda each: each["usage"].update(cache_read_input_tokens=7))),
    plain("no usage", lose(7, "usage"), "JSON002"),
    plain("message_delta without delta", lose(7, "delta"), "JSON002"),
    tools("tools, and end_turn", changed(-2, lambda each: each["delta"].update(stop_reason="end_turn")), "ANT011"),
    plain("tool_use, and no tool", changed(7, lambda each: each["delta"].update(stop_reason="tool_use")), "ANT011"),
    tools("tools, and max_tokens", changed(-2, lambda each: each["delta"].update(stop_reason="max_tokens"))),
    tools("a call without id", lose(7, "content_block", "id"), "ANT012"),
    tools("a call whose id is null", changed(7, lambda each: each["content_block"].update(id=None)), "ANT012"),
    tools("a call without a name", changed(17, lambda each: each["content_block"].update(name="")), "ANT012"),
    tools(
        "two calls with one id",
        both(*(changed(at, lambda each: each["content_block"].update(id="toolu_1")) for at in (7, 17))),
        "ANT012",
    ),
    tools("a call's input comes whole", whole_input),
    plain("redacted thinking", insert(7, *block(1, "redacted_thinking", data="x"))),
    plain(
        "the server's own tool and its result",
        insert(
            7, *block(1, "server_tool_use", id="s1", name="web_search", input={}), *block(2, "web_search_tool_result")
        ),
    ),
    plain("an event to come", insert(4, event("poem_start", index=0))),
    plain("a start that is no JSON", replace(2, b"}}", b"}"), "JSON001"),
    plain("message_start is no JSON", replace(0, b"}}}", b"}}"), "JSON001"),
    plain("a stop without index", lose(6, "index"), "JSON002"),
    plain("a start without index", lose(2, "index"), "JSON002"),
    mutant("anthropic: cut in a block", Take("anthropic", f"{QUICK},tools=1,fault=truncate@2"), "TRM001"),
    mutant("anthropic: an error in a block", Take("anthropic", f"{TOOLS},fault=error@3")),
    mutant("anthropic: citations", Take("anthropic", f"{QUICK},citations=2")),
    mutant("anthropic: an answer that is filtered", Take("anthropic", f"{QUICK},finish=content_filter")),
]
