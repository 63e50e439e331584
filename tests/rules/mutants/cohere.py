"""Family COH."""

from typing import Any

from tests.rules.mutants import Mutant, mutant
from tests.rules.mutants.edits import lose
from tests.support.takes import QUICK, Edit, Take, changed, double, drop, event_with, insert, replace, swap

CITED = f"{QUICK},citations=1"
TOOLS = f"{QUICK},reasoning=2,tools=1"
# In CITED: message-start, content-start, three deltas, citation-start and -end, content-end, message-end, [DONE].
# In TOOLS: message-start, thinking (1 to 4), a tool call (5 to 14), message-end, [DONE].


def cited(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer in text with a citation."""
    return mutant(f"cohere: {name}", Take("cohere", CITED, edit=edit), *rules)


def tools(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer that thinks, and calls a tool."""
    return mutant(f"cohere: {name}", Take("cohere", TOOLS, edit=edit), *rules)


def event(kind: str, **fields: Any) -> bytes:
    """One event."""
    return event_with({"type": kind, **fields}, kind)


MUTANTS = [
    cited("without message-start", drop(0), "COH001"),
    tools("without message-start, with a tool", drop(0), "COH001"),
    cited("message-start twice", double(0), "COH001"),
    cited("message-start behind content-start", swap(0, 1), "COH001"),
    cited("content never starts", drop(1), "COH002"),
    cited("content starts twice", double(1), "COH002"),
    cited("a delta behind the content's end", swap(4, 7), "COH002"),
    cited("content ends twice", double(7), "COH002"),
    cited("a delta with another index", changed(3, lambda each: each.update(index=4)), "COH002"),
    cited("an end with another index", changed(7, lambda each: each.update(index=4)), "COH002"),
    cited("a citation never starts", drop(5), "COH002"),
    tools("a call never starts", drop(5), "COH002"),
    tools("thinking never starts", drop(1), "COH002"),
    cited("content never ends", drop(7), "COH003"),
    cited("a citation never ends", drop(6), "COH003"),
    tools("a call never ends", drop(14), "COH003"),
    tools("thinking never ends", drop(4), "COH003"),
    tools("text in thinking", replace(2, b'"thinking"', b'"text"'), "COH004"),
    cited("thinking in text", replace(3, b'"text"', b'"thinking"'), "COH004"),
    tools("a tool, and COMPLETE", replace(15, b'"TOOL_CALL"', b'"COMPLETE"'), "COH005"),
    cited("TOOL_CALL, and no tool", replace(8, b'"COMPLETE"', b'"TOOL_CALL"'), "COH005"),
    tools("a tool, and MAX_TOKENS", replace(15, b'"TOOL_CALL"', b'"MAX_TOKENS"')),
    tools(
        "a call without id", changed(5, lambda each: each["delta"]["message"]["tool_calls"].update(id=None)), "COH006"
    ),
    tools(
        "a call without a name",
        lose(5, "delta", "message", "tool_calls", "function", "name"),
        "COH006",
    ),
    cited("a stop sequence", replace(8, b'"COMPLETE"', b'"STOP_SEQUENCE"')),
    cited("without [DONE]", drop(9)),
    cited("the plan of tools", insert(1, event("tool-plan-delta", delta={"message": {"tool_plan": "I look it up."}}))),
    cited("a debug event", insert(1, event("debug", prompt="x"))),
    cited("an event to come", insert(3, event("poem-start", index=0))),
    cited("a start without index", lose(1, "index"), "JSON002"),
    cited("content-start is no JSON", replace(1, b"}}}}", b"}}}"), "JSON001"),
    mutant("cohere: an error in a call", Take("cohere", f"{QUICK},tools=1,fault=error@3")),
    mutant("cohere: cut in a call", Take("cohere", f"{QUICK},tools=1,fault=truncate@3"), "TRM001"),
]
