"""Family OLL."""

from typing import Any

from tests.rules.mutants import Mutant, mutant
from tests.support.takes import QUICK, Blocks, Edit, Take, append, both, changed, double, everywhere, insert, replace

TOOLS = f"{QUICK},reasoning=1,tools=1"
# Three tokens, then the line that is done; in TOOLS thinking, a call, then that line.


def plain(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer in text."""
    return mutant(f"ollama: {name}", Take("ollama", edit=edit), *rules)


def tools(name: str, edit: Edit, *rules: str) -> Mutant:
    """Of an answer that thinks, and calls a tool."""
    return mutant(f"ollama: {name}", Take("ollama", TOOLS, edit=edit), *rules)


def call(**fields: Any) -> Edit:
    """With these fields in the call."""
    return changed(1, lambda each: each["message"]["tool_calls"][0]["function"].update(fields))


def lose(*names: str) -> Edit:
    """Without these fields in the last line."""
    return changed(-1, lambda each: {name: value for name, value in each.items() if name not in names})


def loaded(blocks: Blocks) -> Blocks:
    """What comes of a request without a prompt: the model is loaded."""
    return both(lose("eval_count", "prompt_eval_count"), replace(-1, b'"stop"', b'"load"'))(blocks)[-1:]


MUTANTS = [
    plain("no done_reason", lose("done_reason"), "OLL001"),
    plain("done_reason is null", changed(-1, lambda each: each.update(done_reason=None)), "OLL001"),
    plain("no eval_count", lose("eval_count"), "OLL001"),
    plain("eval_count is a string", changed(-1, lambda each: each.update(eval_count="3")), "OLL001"),
    plain("durations are missing", lose("total_duration", "load_duration", "eval_duration", "prompt_eval_duration")),
    plain("the prompt was cached", lose("prompt_eval_count", "prompt_eval_duration")),
    plain("the model is loaded", loaded),
    plain("an empty line", insert(1, b"\n"), "OLL002"),
    plain("an empty line at the end", append(b"\n"), "OLL002"),
    plain("two line ends each", everywhere(b"\n", b"\n\n"), "OLL002"),
    mutant("ollama: empty lines as heartbeats", Take("ollama", f"{QUICK},fault=comments"), "OLL002"),
    plain("lines end in CR LF", everywhere(b"\n", b"\r\n")),
    plain("the last line has no end", replace(-1, b"\n", b"")),
    plain("U+2028 in a text", changed(1, lambda each: each["message"].update(content=" a\u2028b")), "OLL003"),
    plain("U+0085 in a text", changed(1, lambda each: each["message"].update(content=" a\u0085b")), "OLL003"),
    plain("U+2028 escaped", replace(1, b'"content":" ', b'"content":" \\u2028')),
    tools("arguments are a string", call(arguments='{"city": "Rome"}'), "OLL004"),
    tools("arguments are null", call(arguments=None), "OLL004"),
    tools("a call without a name", call(name=None), "OLL004"),
    tools(
        "a call without a function",
        changed(1, lambda each: each["message"].update(tool_calls=[{"name": "f", "arguments": {}}])),
        "OLL004",
    ),
    tools("a call without arguments to give", call(arguments={})),
    plain("fields to come", everywhere(b'"model"', b'"poem":1,"model"')),
    plain("done twice", double(3), "TRM002"),
    plain("[DONE]", append(b"[DONE]\n"), "TRM002"),
    mutant("ollama: the limit of tokens", Take("ollama", f"{QUICK},finish=length")),
    mutant("ollama: an error behind a call", Take("ollama", f"{TOOLS},fault=error@2")),
]
