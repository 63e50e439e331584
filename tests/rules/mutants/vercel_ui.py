"""Family VRC."""

from typing import Any

from tests.rules.mutants import Mutant, mutant
from tests.rules.mutants.edits import lose
from tests.support.takes import (
    QUICK,
    Blocks,
    Edit,
    Take,
    append,
    both,
    changed,
    double,
    drop,
    event_with,
    insert,
    replace,
    swap,
)

RICH = f"{QUICK},reasoning=2,tools=1,citations=1"
# In PLAIN: start, start-step, text-start, three deltas, text-end, finish-step, finish, [DONE].
# In RICH: start, start-step, reasoning (2 to 5), tool input (6 to 15), a source, finish-step, finish, [DONE].


def plain(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer in text."""
    return mutant(f"vercel-ui: {name}", Take("vercel-ui", edit=edit), *rules)


def rich(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer that reasons, calls a tool, and cites."""
    return mutant(f"vercel-ui: {name}", Take("vercel-ui", RICH, edit=edit), *rules)


def part(kind: str, **fields: Any) -> bytes:
    """One part."""
    return event_with({"type": kind, **fields})


def output(call: str) -> bytes:
    """What a tool came to."""
    return part("tool-output-available", toolCallId=call, output=21)


def again(blocks: Blocks) -> Blocks:
    """The text starts again before it has ended."""
    return [*blocks[:4], blocks[2], *blocks[4:]]


def aborted(blocks: Blocks) -> Blocks:
    """The server aborts."""
    return [*blocks[:5], part("abort", reason="the user left"), blocks[-1]]


def reset(blocks: Blocks) -> Blocks:
    """The step is begun anew, as version 7 can."""
    return [*blocks[:5], part("reset-step"), *blocks[2:]]


CALL = part("tool-input-available", toolCallId="c1", toolName="f", input={})
ASKED = {
    "messages": [
        {"id": "1", "role": "user", "parts": [{"type": "text", "text": "hi"}]},
        {"id": "2", "role": "assistant", "parts": [{"type": "tool-f", "toolCallId": "c9", "state": "input-available"}]},
    ]
}
MUTANTS = [
    plain("text never starts", drop(2), "VRC001"),
    plain("a delta of another text", changed(4, lambda each: each.update(id="b")), "VRC001"),
    plain("a delta behind the text's end", swap(5, 6), "VRC001"),
    plain("text ends twice", double(6), "VRC001"),
    plain("the end of another text", changed(6, lambda each: each.update(id="b")), "VRC001"),
    plain("reasoning ends that never started", insert(2, part("reasoning-end", id="r")), "VRC001"),
    rich("reasoning never starts", drop(2), "VRC001"),
    rich("tool input never starts", drop(6), "VRC001"),
    rich("input of another call", changed(8, lambda each: each.update(toolCallId="b")), "VRC001", "JSON005"),
    plain("without start", drop(0), "VRC010"),
    plain("text before start", swap(0, 2), "VRC002"),
    plain("the step before start", swap(0, 1), "VRC002"),
    rich("without start, with tools", drop(0), "VRC010"),
    plain("data before start", insert(0, part("data-progress", data=1, transient=True))),
    plain("a source before start", insert(0, part("source-url", sourceId="s", url="https://example.com"))),
    plain("start twice", double(0)),
    plain("a step starts twice", double(1), "VRC003"),
    plain("a step finishes twice", double(7), "VRC003"),
    plain("a step never finishes", drop(7), "VRC003"),
    plain("a step never starts", drop(1), "VRC003"),
    plain("no steps", both(drop(7), drop(1))),
    plain("an empty second step", insert(8, part("start-step"), part("finish-step"))),
    plain("text never ends", drop(6), "VRC004"),
    plain("text starts again", again, "VRC004"),
    rich("reasoning never ends", drop(5), "VRC004"),
    rich("tool input never ends", drop(15), "VRC004"),
    rich("tool input comes whole", drop(6, 9)),
    rich("tool input ends in an error", replace(15, b'"tool-input-available"', b'"tool-input-error","errorText":"x"')),
    plain("a text's id comes again", lambda blocks: [*blocks[:7], *blocks[2:7], *blocks[7:]]),
    plain("the step is reset", reset),
    plain("text ends behind its step", swap(6, 7), "VRC005"),
    plain("output of a call that never came", insert(7, output("c1")), "VRC006"),
    plain("output of another call", insert(7, CALL, output("c2")), "VRC006"),
    plain("approval of no call", insert(7, part("tool-approval-request", approvalId="a", toolCallId="c1")), "VRC006"),
    plain("an error of no call", insert(7, part("tool-output-error", toolCallId="c1", errorText="x")), "VRC006"),
    plain("output of a call", insert(7, CALL, output("c1"))),
    mutant("vercel-ui: output of a call in the request", Take("vercel-ui", edit=insert(7, output("c9")), data=ASKED)),
    plain("finishReason is null", changed(8, lambda each: each.update(finishReason=None)), "VRC007"),
    plain("messageId is null", changed(0, lambda each: each.update(messageId=None)), "VRC007"),
    plain("providerMetadata is null", changed(2, lambda each: each.update(providerMetadata=None)), "VRC007"),
    rich("providerExecuted is null", changed(15, lambda each: each.update(providerExecuted=None)), "VRC007"),
    plain("messageMetadata is null", changed(8, lambda each: each.update(messageMetadata=None))),
    plain("data is null", insert(3, part("data-progress", data=None))),
    plain("a field of an app's own is null", changed(4, lambda each: each.update(mine=None))),
    plain("Anthropic's finish reason", changed(8, lambda each: each.update(finishReason="end_turn")), "VRC008"),
    rich("OpenAI's finish reason", changed(18, lambda each: each.update(finishReason="tool_calls")), "VRC008"),
    plain("a number for a finish reason", changed(8, lambda each: each.update(finishReason=1)), "VRC008"),
    plain("a finish reason in capitals", changed(8, lambda each: each.update(finishReason="STOP")), "VRC008"),
    plain("no finish reason", lose(8, "finishReason")),
    plain("the finish reason is other", changed(8, lambda each: each.update(finishReason="other"))),
    plain("a type of an app's own", insert(3, part("progress", data=40)), "VRC009"),
    plain("a typing error", replace(4, b'"text-delta"', b'"text_delta"'), "VRC009"),
    plain("data of an app's own", insert(3, part("data-weather", id="w", data={"city": "Rome"}))),
    plain("fields of an app's own", changed(4, lambda each: each.update(mine=1))),
    plain("aborted", aborted),
    plain("text-start is no JSON", replace(2, b'"}', b'"'), "JSON001"),
    plain("start is no JSON", replace(0, b'"}', b'"'), "JSON001"),
    plain("text-start without id", lose(2, "id"), "JSON002"),
    plain("[DONE] without finish", drop(8), "TRM006"),
    plain("a token behind [DONE]", append(part("text-delta", id="a", delta="x")), "TRM002"),
    mutant("vercel-ui: an error in tool input", Take("vercel-ui", f"{QUICK},tools=1,fault=error@3")),
    mutant("vercel-ui: cut in tool input", Take("vercel-ui", f"{QUICK},tools=1,fault=truncate@3"), "TRM001"),
]
