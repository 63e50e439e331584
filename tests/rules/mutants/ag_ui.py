"""Family AGU."""

from typing import Any

from sseprobe.http_exchange import BodyEnd
from tests.rules.mutants import Mutant, mutant
from tests.rules.mutants.edits import lose
from tests.support.takes import (
    QUICK,
    Blocks,
    Edit,
    Take,
    append,
    changed,
    double,
    drop,
    event_with,
    insert,
    replace,
    swap,
)

RICH = f"{QUICK},reasoning=2,tools=1"
# In PLAIN: RUN_STARTED, a message's start, three contents, its end, RUN_FINISHED.
# In RICH: RUN_STARTED, reasoning (1 to 6, its message 2 to 5), a tool call (7 to 16), RUN_FINISHED.


def plain(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer in text."""
    return mutant(f"ag-ui: {name}", Take("ag-ui", edit=edit), *rules)


def rich(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer that reasons, and calls a tool."""
    return mutant(f"ag-ui: {name}", Take("ag-ui", RICH, edit=edit), *rules)


def event(kind: str, **fields: Any) -> bytes:
    """One event."""
    return event_with({"type": kind, **fields})


def failed(blocks: Blocks) -> Blocks:
    """A run that fails before it starts."""
    del blocks
    return [event("RUN_ERROR", message="no such agent", code="unknown_agent")]


SUBAGENT = event("SUBAGENT_STARTED", subagentRunId="s1", name="helper")
OF_SUBAGENT = {"stepName": "tools", "subagentRunId": "s1"}
STEPS = [
    event("STEP_STARTED", stepName="tools"),
    SUBAGENT,
    event("STEP_STARTED", **OF_SUBAGENT),
    event("STEP_FINISHED", **OF_SUBAGENT),
    event("SUBAGENT_FINISHED", subagentRunId="s1"),
    event("STEP_FINISHED", stepName="tools"),
]
MUTANTS = [
    mutant(
        "ag-ui: HTTP cuts a second run",
        Take("ag-ui", edit=lambda blocks: [*blocks, *blocks[:-1]], end=BodyEnd.MISSING_LAST_CHUNK),
        "TRM001",
        "HTTP008",
    ),
    plain("a message never starts", drop(1), "AGU001"),
    plain("content of another message", changed(3, lambda each: each.update(messageId="m2")), "AGU001"),
    plain("content behind the message's end", swap(4, 5), "AGU001"),
    plain("a message ends twice", double(5), "AGU001"),
    plain("a message starts twice", double(1), "AGU001"),
    rich("a call never starts", drop(7), "AGU001"),
    rich("a call starts twice", double(7), "AGU001"),
    rich("a reasoning message never starts", drop(2), "AGU001"),
    rich("reasoning never starts", drop(1), "AGU001"),
    plain("a step finishes that never started", insert(1, event("STEP_FINISHED", stepName="a")), "AGU001"),
    plain("a subagent that never started", insert(1, event("SUBAGENT_FINISHED", subagentRunId="s1")), "AGU001"),
    plain("steps of a subagent", insert(1, *STEPS)),
    plain(
        "two messages at a time",
        insert(3, *(event(f"TEXT_MESSAGE_{each}", messageId="b") for each in ("START", "END"))),
    ),
    plain("without RUN_STARTED", drop(0), "AGU002"),
    plain("RUN_STARTED behind a message's start", swap(0, 1), "AGU002"),
    plain("RUN_STARTED twice", double(0), "AGU002"),
    rich("RUN_STARTED once more in the middle", lambda blocks: [*blocks[:6], blocks[0], *blocks[6:]], "AGU002"),
    plain("a run that fails at once", failed),
    plain("two runs", lambda blocks: [*blocks, *blocks]),
    plain("a run that fails, and one that does not", lambda blocks: [*blocks[:3], *failed([]), *blocks]),
    plain("a second run never finishes", lambda blocks: [*blocks, *blocks[:-1]], "AGU002"),
    plain("a second run never starts", lambda blocks: [*blocks, *blocks[1:]], "TRM002"),
    plain("content behind a second run", lambda blocks: [*blocks, *blocks, blocks[2]], "TRM002"),
    plain("content behind an error", lambda blocks: [*blocks[:3], *failed([]), blocks[3]], "ERR002"),
    plain("raw_event", changed(1, lambda each: each.update(raw_event={})), "AGU003"),
    rich("parent_message_id", changed(7, lambda each: each.update(parent_message_id="m")), "AGU003"),
    plain("a field of an app's own", changed(1, lambda each: each.update(my_field=1))),
    plain("timestamp is null", changed(3, lambda each: each.update(timestamp=None)), "AGU004"),
    plain("a message's name is null", changed(1, lambda each: each.update(name=None)), "AGU004"),
    plain("subagentRunId is null", changed(2, lambda each: each.update(subagentRunId=None)), "AGU004"),
    plain("parentRunId is null", changed(0, lambda each: each.update(parentRunId=None)), "AGU004"),
    plain("usage is null", changed(6, lambda each: each.update(usage=None)), "AGU004"),
    plain("role is null", changed(1, lambda each: each.update(role=None)), "AGU004"),
    plain("a custom value is null", insert(1, event("CUSTOM", name="a", value=None))),
    plain("a snapshot is null", insert(1, event("STATE_SNAPSHOT", snapshot=None))),
    plain("an app's own field is null", changed(1, lambda each: each.update(mine=None))),
    plain("messageId is null", changed(1, lambda each: each.update(messageId=None)), "JSON002"),
    rich("reasoning never ends", drop(6), "AGU005"),
    plain("a subagent never finishes", insert(1, SUBAGENT), "AGU005"),
    plain("a message never ends", drop(5), "AGU005"),
    rich("a call never ends", drop(16), "AGU005"),
    rich("a reasoning message never ends", drop(5), "AGU005"),
    plain("a step never finishes", insert(1, event("STEP_STARTED", stepName="a")), "AGU005"),
    plain("a first chunk without id", insert(6, event("TEXT_MESSAGE_CHUNK", delta="a")), "AGU006"),
    plain(
        "a call's first chunk without a name", insert(6, event("TOOL_CALL_CHUNK", toolCallId="c", delta="{}")), "AGU006"
    ),
    plain(
        "a call's first chunk without id", insert(6, event("TOOL_CALL_CHUNK", toolCallName="f", delta="{}")), "AGU006"
    ),
    plain(
        "chunks",
        insert(
            6,
            event("TEXT_MESSAGE_CHUNK", messageId="m2", delta="a"),
            event("TEXT_MESSAGE_CHUNK", delta="b"),
            event("TOOL_CALL_CHUNK", toolCallId="c", toolCallName="f", delta='{"a"'),
            event("TOOL_CALL_CHUNK", toolCallId="c", delta=": 1}"),
        ),
    ),
    plain("a role that is none", replace(1, b'"assistant"', b'"bot"'), "AGU007"),
    rich("reasoning by the assistant", replace(2, b'"role":"reasoning"', b'"role":"assistant"'), "AGU007"),
    rich("reasoning by nobody", lose(2, "role"), "AGU007"),
    plain("a message by nobody", lose(1, "role")),
    plain("a message by the developer", replace(1, b'"assistant"', b'"developer"')),
    rich("parentMessageId is null", changed(7, lambda each: each.update(parentMessageId=None)), "AGU008"),
    plain("rawEvent is null", changed(2, lambda each: each.update(rawEvent=None)), "AGU008"),
    plain("result is null", changed(6, lambda each: each.update(result=None)), "AGU008"),
    plain("thinking", insert(1, event("THINKING_START"), event("THINKING_END")), "AGU008"),
    plain("an event to come", insert(3, event("POEM_STARTED", poemId="p"))),
    plain("a message's start is no JSON", replace(1, b'"}', b'"'), "JSON001"),
    plain("RUN_STARTED is no JSON", replace(0, b'"}', b'"'), "JSON001"),
    plain("content without id", lose(3, "messageId"), "JSON002"),
    plain("content behind RUN_FINISHED", append(event("TEXT_MESSAGE_CONTENT", messageId="m", delta="a")), "TRM002"),
    plain("[DONE]", append(b"data: [DONE]\n\n"), "TRM002"),
    mutant("ag-ui: an error in a call", Take("ag-ui", f"{QUICK},tools=1,fault=error@3")),
    mutant("ag-ui: cut in a call", Take("ag-ui", f"{QUICK},tools=1,fault=truncate@3"), "TRM001"),
]
