"""Tool calls: which of the offered tools the pretend model calls, and with what arguments."""

import json
import random
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

_FRAGMENT_CHARS: Final = 6
_MAX_DEPTH: Final = 8
_NAMES: Final = ("get_weather", "get_time", "search", "send_mail")
_SCHEMA: Final = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "units": {"enum": ["metric", "imperial"]}},
}


class RefusedError(Exception):
    """A request that the API refuses; the message is one sentence. `param`: the parameter that is wrong."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class Call(Struct, frozen=True):
    """One tool call. `fragments`: its arguments, cut as they are streamed; one fragment is one token."""

    id: str
    name: str
    fragments: list[str]

    @property
    def arguments(self) -> str:
        """The arguments as one JSON document."""
        return "".join(self.fragments)

    @property
    def parsed(self) -> Any:
        """The arguments as a value."""
        return json.loads(self.arguments)


class Offer(Struct, frozen=True):
    """The tools a request offers, as (name, JSON schema of the arguments), and which of them it wants called.

    `only`: the one it names, None for all. `parallel` False: one at most.
    """

    functions: list[tuple[str, Any]] = []
    only: str | None = None
    parallel: bool = True


def offer(tools: Any, read: Callable[[dict[str, Any]], tuple[Any, Any]], param: str = "tools") -> Offer:
    """The offer in a list of tools, of which `read` gives name and schema. Raises RefusedError."""
    if not tools:
        return Offer()
    if not isinstance(tools, list):
        raise RefusedError(f"{param} must be a list", param)
    functions = []
    for tool in tools:
        name, schema = read(tool) if isinstance(tool, dict) else (None, None)
        if not isinstance(name, str) or not name:
            raise RefusedError("each tool must be a function with a name", param)
        functions.append((name, schema))
    return Offer(functions)


def narrowed(offered: Offer, only: Any, *, parallel: bool) -> Offer:
    """The offer with the one tool that is wanted (`only` None: any). Raises RefusedError if that is not among them."""
    if only is not None and only not in [name for name, _ in offered.functions]:
        raise RefusedError(f"tool_choice names {only!r}, which is not among the tools", "tool_choice")
    return Offer(offered.functions, only, parallel)


def calls_for(offered: Offer, invented: int, *, whole: bool) -> list[Call]:
    """The calls that answer an offer: all offered tools, the named one, or the first if one at most is wanted.

    `invented`: how many tools to make up where none is offered. `whole`: the API cannot send a call in fragments.
    """
    functions = offered.functions
    if offered.only is not None:
        functions = [function for function in functions if function[0] == offered.only]
    elif not offered.parallel:
        functions = functions[:1]
    if not offered.functions:
        functions = [(_NAMES[position % len(_NAMES)], _SCHEMA) for position in range(invented)]
    return [_call(position, *function, whole=whole) for position, function in enumerate(functions)]


def _call(position: int, name: str, schema: Any, *, whole: bool) -> Call:
    chance = random.Random(name)  # noqa: S311  an example, not a secret
    arguments = json.dumps(_sample(schema or {"type": "object"}, chance, 0), ensure_ascii=False)
    cuts = range(0, len(arguments), len(arguments) if whole else _FRAGMENT_CHARS)
    return Call(
        f"call_{position}_{chance.getrandbits(48):012x}",
        name,
        [arguments[start : start + cuts.step] for start in cuts],
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
    if isinstance(kind, str):
        kind = kind.lower()  # Gemini's are in capitals
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
