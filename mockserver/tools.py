"""Tool calls: which of the offered tools the pretend model calls, and with what arguments."""

import json
import random
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

_FRAGMENT_CHARS: Final = 6
_MAX_DEPTH: Final = 8


class Call(Struct, frozen=True):
    """One tool call. `fragments`: its arguments, cut as they are streamed; one fragment is one token."""

    id: str
    name: str
    fragments: list[str]

    @property
    def arguments(self) -> str:
        """The arguments as one JSON document."""
        return "".join(self.fragments)


def calls_for(body: dict[str, Any]) -> list[Call]:
    """The calls that answer a request: none without tools, with tool_choice none, or after a tool's result.

    All offered tools are called, but only the first if parallel_tool_calls is false, and only the named one if
    tool_choice names one. Raises ValueError (parameter, sentence).
    """
    tools, choice = body.get("tools"), body.get("tool_choice")
    if not isinstance(tools, list) or not tools or choice == "none" or body["messages"][-1].get("role") == "tool":
        return []
    offered = [tool.get("function") for tool in tools if isinstance(tool, dict)]
    functions = [
        function for function in offered if isinstance(function, dict) and isinstance(function.get("name"), str)
    ]
    if len(functions) < len(tools):
        raise ValueError("tools", "each tool must be a function with a name")
    if isinstance(choice, dict):
        wanted = (choice.get("function") or {}).get("name")
        functions = [function for function in functions if function["name"] == wanted]
        if not functions:
            raise ValueError("tool_choice", f"tool_choice names {wanted!r}, which is not among the tools")
    elif body.get("parallel_tool_calls") is False:
        functions = functions[:1]
    return [_call(position, function) for position, function in enumerate(functions)]


def _call(position: int, function: dict[str, Any]) -> Call:
    chance = random.Random(function["name"])  # noqa: S311  an example, not a secret
    arguments = json.dumps(_sample(function.get("parameters") or {"type": "object"}, chance, 0), ensure_ascii=False)
    cuts = range(0, len(arguments), _FRAGMENT_CHARS)
    return Call(
        f"call_{position}_{chance.getrandbits(48):012x}",
        function["name"],
        [arguments[start : start + _FRAGMENT_CHARS] for start in cuts],
    )


def _sample(schema: Any, chance: random.Random, depth: int) -> Any:
    """A value that fits a JSON schema, as far as its type, enum, properties and items say."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return chance.choice(schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind == "object" or (kind is None and "properties" in schema):
        properties = schema.get("properties")
        items = properties.items() if isinstance(properties, dict) else ()
        return {name: _sample(each, chance, depth + 1) for name, each in items}
    simple: dict[Any, Callable[[], Any]] = {
        "string": lambda: chance.choice(("Oslo", "Ærø", "tomorrow at nine")),
        "integer": lambda: chance.randint(1, 9),
        "number": lambda: chance.randint(1, 99) / 4,
        "boolean": lambda: chance.random() < 0.5,
        "array": lambda: [_sample(schema.get("items"), chance, depth + 1)],
    }
    return simple[kind]() if kind in simple else None
