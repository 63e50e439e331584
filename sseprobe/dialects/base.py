"""What a dialect is, and what its events decode to. One file beside this one per dialect."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from sseprobe.sse import Event


class Kind(StrEnum):
    """What a delta adds."""

    TEXT = "text"
    REASONING = "reasoning"
    REFUSAL = "refusal"
    TOOL_CALL = "tool_call"
    USAGE = "usage"
    FINISH = "finish"
    ERROR = "error"
    END = "end"
    """The terminator."""
    OPEN = "open"
    """A choice has begun: it must finish before the terminator."""
    UNKNOWN = "unknown"
    """Something the dialect does not define, or a payload that is not JSON."""


class Delta(Struct, frozen=True, omit_defaults=True):
    """One decoded increment. A delta is not a token.

    `text`: text, reasoning, refusal, a fragment of tool arguments, the vendor's finish reason, or the error's message.
    `call`: which tool call of the choice; `name`: of the tool, with the first fragment; `code`, `type`: of an error.
    `output_tokens`, `input_tokens`: as counted by usage.
    """

    kind: Kind
    text: str = ""
    choice: int = 0
    call: int | None = None
    name: str | None = None
    type: str | None = None
    code: str | None = None
    output_tokens: int | None = None
    input_tokens: int | None = None


CONTENT_KINDS: Final = frozenset({Kind.TEXT, Kind.REASONING, Kind.REFUSAL, Kind.TOOL_CALL})


class EndRule(StrEnum):
    """What makes a stream of this dialect complete."""

    TERMINATOR = "terminator"
    """The terminator, after every open choice has finished."""
    BODY = "body"
    """A clean end of the body: the dialect has no end mark."""


class RequestParts(Struct, frozen=True):
    """The request a dialect makes of a prompt: method, headers, JSON body."""

    method: str
    headers: list[tuple[str, str]]
    body: bytes | None


class Dialect(Struct, frozen=True):
    """A vendor's convention over SSE: everything the vendor decided, in one place.

    `paths`: ends of the URL's path that tell it. `recognises`: whether a first event is of this dialect.
    `request`: (prompt, model) -> request. `key_header`: (API key) -> header. `decode`: total, never raises.
    `separate_events`: events are messages of their own, shown a line each.
    """

    name: str
    paths: tuple[str, ...]
    end_rule: EndRule
    terminator: str | None
    request: Callable[[str, str], RequestParts] | None
    key_header: Callable[[str], tuple[str, str]]
    recognises: Callable[[Event], bool]
    decode: Callable[[Event], tuple[Delta, ...]]
    separate_events: bool = False


NO_PAYLOAD: Final = object()


def payload(event: Event) -> Any:
    """The JSON in an event's data; `NO_PAYLOAD` if it is none. Lone surrogates are accepted, as JSON allows them."""
    try:
        return msgspec.json.decode(event.data)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    try:
        return json.loads(event.data)
    except (ValueError, RecursionError):
        return NO_PAYLOAD


def as_dict(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_count(value: object) -> int | None:
    """The value if it is a count, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def bearer(key: str) -> tuple[str, str]:
    """The header most vendors take a key in (RFC 6750)."""
    return ("Authorization", f"Bearer {key}")
