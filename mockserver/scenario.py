"""The knobs: what the mock does, as defaults and as each request overrides them."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, unquote_plus

import msgspec
from msgspec import Struct

from mockserver.faults import FAULTS

MAX_TOKENS: Final = 10_000_000
MAX_CALLS: Final = 16
FINISHES: Final = ("stop", "length", "tool_calls", "content_filter")
_MAX_SECONDS: Final = 86_400.0


class ScenarioError(Exception):
    """A knob is wrong; the message is one sentence that says what is expected."""


class Fault(Struct, frozen=True):
    """A fault and, if it comes in mid-stream, after how many text events."""

    name: str
    after: int


class Scenario(Struct, frozen=True):
    """What to generate. `tokens` None: 200, or as many as `text` has. Times in the units of their names.

    `reasoning`: tokens of it, before the text. `tools`: calls to invented tools, if the request offers none.
    `finish`: the finish reason, None for the true one.
    """

    tokens: int | None = None
    ttft_ms: float = 100.0
    itl_ms: float = 20.0
    jitter_ms: float = 0.0
    seed: int = 1
    text: str | None = None
    reasoning: int = 0
    tools: int = 0
    citations: int = 0
    finish: str | None = None
    fault: Fault | None = None
    heartbeat_s: float = 15.0


def _count(knob: str, value: str, limit: int = MAX_TOKENS) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", value) or int(value) > limit:
        raise ScenarioError(f"{knob}={value}: not a count. Expected a whole number from 0 to {limit}.")
    return int(value)


def _few(knob: str, value: str) -> int:
    return _count(knob, value, MAX_CALLS)


def _finish(knob: str, value: str) -> str:
    if value not in FINISHES:
        raise ScenarioError(f"{knob}={value}: unknown finish reason. Known are: {', '.join(FINISHES)}.")
    return value


def _integer(knob: str, value: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise ScenarioError(f"{knob}={value}: not a whole number.")
    return int(value)


def _number(knob: str, value: str, limit: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= limit:  # also false for NaN
        raise ScenarioError(f"{knob}={value}: not a time. Expected a number from 0 to {limit:g}.")
    return number


def _milliseconds(knob: str, value: str) -> float:
    return _number(knob, value, _MAX_SECONDS * 1000)


def _seconds(knob: str, value: str) -> float:
    return _number(knob, value, _MAX_SECONDS)


def _fault(knob: str, value: str) -> Fault:
    name, at, after = value.partition("@")
    if name not in FAULTS:
        raise ScenarioError(f"{knob}={value}: unknown fault. Known are: {', '.join(FAULTS)}.")
    return Fault(name, _count(f"{knob}={name}@N", after) if at else FAULTS[name].after)


def _text(_knob: str, value: str) -> str:
    return value


class Knob(NamedTuple):
    """One knob: how its value is read, given its name, and what it means."""

    read: Callable[[str, str], Any]
    meaning: str


KNOBS: Final = {
    "tokens": Knob(_count, "number of tokens; default 200, or as many as text has"),
    "ttft_ms": Knob(_milliseconds, "time to the first token"),
    "itl_ms": Knob(_milliseconds, "time between tokens, on absolute deadlines"),
    "jitter_ms": Knob(_milliseconds, "random extra delay of each token, up to this; it does not add up"),
    "seed": Knob(_integer, "same seed, same output"),
    "text": Knob(_text, "the text to send, split into tokens at its spaces; with tokens: repeated or cut to that many"),
    "reasoning": Knob(_count, "number of reasoning tokens before the text, where the API has them"),
    "tools": Knob(_few, "number of invented tool calls, if the request offers no tools"),
    "citations": Knob(_few, "number of citations after the text, where the API has them"),
    "finish": Knob(_finish, f"finish reason: {', '.join(FINISHES)}"),
    "fault": Knob(_fault, "NAME or NAME@N: after N text events"),
    "heartbeat_s": Knob(_seconds, "heartbeat after this much silence, where the API has one; 0: none"),
}
"""In the order in which they are listed; the fields of `Scenario`."""


def parse(spec: str, base: Scenario) -> Scenario:
    """`tokens=50,text=a%2Cb` over a base. Values are percent-decoded, `+` is literal. Raises ScenarioError."""
    changes: dict[str, Any] = {}
    for part in spec.split(","):
        if not part.strip():
            continue
        knob, equals, value = part.strip().partition("=")
        if not equals or knob not in KNOBS:
            raise ScenarioError(f"{part.strip()}: unknown knob. Expected NAME=VALUE with one of: {', '.join(KNOBS)}.")
        changes[knob] = KNOBS[knob].read(knob, unquote(value))
    return msgspec.structs.replace(base, **changes)


def of_request(headers: Mapping[str, str], query: str, model: object, base: Scenario) -> Scenario:
    """The scenario of one request: defaults, then knobs in the model's name, in the query, in the header `X-Mock`.

    `query`: raw. A value that was written by hand (`?mock=text=a%2Cb`) is cut at its commas before it is decoded; one
    that a client has encoded whole (`mock=text%3Da%252Cb`) is decoded once first. Raises ScenarioError.
    """
    if isinstance(model, str) and "/" in model and "=" in model.partition("/")[2]:
        base = parse(model.partition("/")[2], base)
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if unquote_plus(name) == "mock":
            base = parse(value if "=" in value else unquote(value), base)
    return parse(headers.get("x-mock", ""), base)
