"""What a dialect is, and what its events decode to. One file beside this one per dialect."""

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.dialects.shapes import Shapes
from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.http_exchange import Request
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing
from sseprobe.text import scalar, to_json

_DONE: Final = "[DONE]"


class DeltaKind(StrEnum):
    TEXT = "text"
    REASONING = "reasoning"
    REFUSAL = "refusal"
    TOOL_CALL = "tool_call"
    CITATION = "citation"
    USAGE = "usage"
    FINISH = "finish"
    ERROR = "error"
    END = "end"
    """The terminator."""
    STEP = "step"
    """A step of the answer has begun."""
    RESET = "reset"
    """What the step has brought so far is taken back."""
    OPEN = "open"
    """A choice has begun: it must finish before the terminator."""
    HEARTBEAT = "heartbeat"
    UNKNOWN = "unknown"
    """Something the dialect does not define, or a payload that is not JSON."""


class Delta(Struct, frozen=True, omit_defaults=True):
    """One decoded increment. A delta is not a token.

    `text`: text, reasoning, refusal, a fragment of tool arguments, the source of a citation, the vendor's finish
    reason, the error's message, or why a terminator is not to be believed. `call`: which tool call of the choice;
    `name`: of the tool, with the first fragment; `code`, `type`: of an error; `type` also of an unknown event,
    and `FREE_TEXT` of a tool call without JSON.
    `incomplete`: what a finish reason says is missing, in one word for all vendors. `output_tokens`, `input_tokens`: as
    counted by usage.
    """

    kind: DeltaKind
    text: str = ""
    choice: int = 0
    call: int | str | None = None
    name: str | None = None
    type: str | None = None
    code: str | None = None
    incomplete: str | None = None
    output_tokens: int | None = None
    input_tokens: int | None = None


CONTENT_KINDS: Final = frozenset({DeltaKind.TEXT, DeltaKind.REASONING, DeltaKind.REFUSAL, DeltaKind.TOOL_CALL})

LENGTH: Final = "length"
FILTERED: Final = "content-filter"
REFUSED: Final = "refusal"
CANCELLED: Final = "cancelled"
PAUSED: Final = "paused"

FREE_TEXT: Final = "free-text"
"""The type of a tool call whose input is free text by definition, no JSON."""

MAX_PARTS: Final = 1024
"""How many parts (items, blocks, calls) of a stream a decoder keeps in mind."""


MAX_ID_CHARS: Final = 200


class EndRule(StrEnum):
    """What makes a stream of this dialect complete."""

    TERMINATOR = "terminator"
    """The terminator, after every open choice has finished."""
    FINISH = "finish"
    """A clean end of the body, with every choice finished: there is no terminator but that."""
    BODY = "body"
    """A clean end of the body: no end mark is known. One that comes all the same proves the end."""
    MARK = "mark"
    """The end mark alone: there are no choices that could be unfinished."""


Decode = Callable[[Event, Any], tuple[Delta, ...]]
"""(event, its JSON payload or `NO_PAYLOAD`) -> deltas. Total: never raises. It may remember the events before."""


class Dialect(Struct, frozen=True):
    """A vendor's convention: everything the vendor decided, in one place.

    `wire`: how its events are built; `traits`: what it does that others do not; `shapes`: the fields that its payloads
    must have, None where none is required. A flavour is one more dialect of the same wire form, made with `replace`.
    `path`: where the bundled mock speaks it. `paths`: ends of a URL's path that tell it; `hosts`: whose they are, where
    the path is not the vendor's own; `header`: name and value of a response header that tells it. `terminator`: its
    name in sentences. `request`: (URL, prompt, model) -> request for a stream; model None: the one in the URL, or the
    default. `key_header`: (API key) -> header. `recognises`: whether an event with this payload can be of no other
    dialect, nor an app's own. `decoder`: makes the decoder of one stream. `parses_json`: whether payloads are JSON.
    `separate_events`: events are messages of their own, shown a line each. `event_format`: of an app's own, how it is
    read, as far as that is known; the rest is learned from its events. `by_events`: the events alone showed it: an
    app passes them on, and may add its own. `opening`, `finish`: what begins an answer and what finishes it, in the
    vendor's words; `has_choices`: there may be several. `shared_paths`: apps of any kind use these paths, so that
    the path decides only if the events agree. `begins`: whether payloads, from the first on, tell it together
    though none does alone.
    """

    name: str
    wire: Wire
    path: str
    paths: tuple[str, ...]
    end_rule: EndRule
    terminator: str | None
    request: Callable[[str, str, str | None], Request] | None
    key_header: Callable[[str], tuple[str, str]]
    recognises: Callable[[Event, Any], bool]
    decoder: Callable[[], Decode]
    hosts: tuple[str, ...] = ()
    framing: Framing = Framing.SSE
    parses_json: bool = True
    separate_events: bool = False
    event_format: EventFormat | None = None
    shared_paths: bool = False
    opening: str = "choice"
    finish: str = "finish_reason"
    has_choices: bool = True
    by_events: bool = False
    begins: Callable[[Sequence[Any]], bool] | None = None
    header: tuple[str, str] | None = None
    shapes: Shapes | None = None
    traits: frozenset[Trait] = frozenset()

    def has(self, trait: Trait) -> bool:
        """Whether it has this trait."""
        return trait in self.traits

    def is_in(self, scope: Scope) -> bool:
        """Whether a rule or a reader of this scope is for it."""
        return scope.includes(self.wire, self.traits)

    def shared(self) -> "Dialect":
        """The same, told by a path that may be any app's."""
        return replace(self, shared_paths=True)


DEFAULT_MODEL: Final = "mock"
NO_PAYLOAD: Final = object()


_JSON_BEGINS: Final = frozenset('{["-0123456789tfnNI')


def payload(event: Event) -> Any:
    """The JSON in an event's data; `NO_PAYLOAD` if it is none. Lone surrogates are accepted, as JSON allows them."""
    try:
        return msgspec.json.decode(event.data)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    if event.data.lstrip()[:1] not in _JSON_BEGINS:
        return NO_PAYLOAD
    try:
        return json.loads(event.data)
    except (ValueError, RecursionError):
        return NO_PAYLOAD


def documents(data: str) -> int:
    """How many JSON objects the data of one event is, one behind the other, where it is more than one; else 0.

    So it looks where the blank line between events is missing. `[DONE]` behind them counts too; `{}` is no event.
    """
    text = data.strip()
    if not text.startswith("{"):
        return 0
    decoder, count, at = json.JSONDecoder(), 0, 0
    try:
        while at < len(text):
            if count and text.startswith(_DONE, at):
                at, found = at + len(_DONE), {_DONE: True}
            else:
                found, at = decoder.raw_decode(text, at)
            if not isinstance(found, dict) or not found:
                return 0
            count += 1
            while at < len(text) and text[at].isspace():
                at += 1
    except (ValueError, RecursionError):
        return 0
    return count if count > 1 else 0


def post(url: str, body: dict[str, Any], *headers: tuple[str, str], accept: str = "text/event-stream") -> Request:
    """A request with a JSON body."""
    named = [("Content-Type", "application/json"), ("Accept", accept), *headers]
    return Request("POST", url, named, msgspec.json.encode(body))


def chat(prompt: str) -> list[dict[str, str]]:
    """The prompt as most vendors' messages."""
    return [{"role": "user", "content": prompt}]


def unknown(event: Event, value: Any) -> Delta:
    """What the dialect does not define."""
    if value is NO_PAYLOAD:
        return Delta(DeltaKind.UNKNOWN, event.data, type="not JSON")
    kind = as_dict(value).get("type")
    return Delta(DeltaKind.UNKNOWN, event.data, type=scalar(kind) if isinstance(kind, str) else scalar(event.type))


def error_of(error: object) -> Delta:
    """An error from an object with message, type and code, or from a bare string."""
    fields = as_dict(error)
    message, kind, code = fields.get("message"), fields.get("type"), fields.get("code")
    if not isinstance(message, str):
        message = error if isinstance(error, str) else to_json(error)
    return Delta(
        DeltaKind.ERROR,
        scalar(message),
        type=scalar(kind) if isinstance(kind, str) else None,
        code=None if code is None else scalar(str(code)),
    )


def citation(source: object) -> Delta:
    """A citation from an object that names its source: a title, a URL, or else the cited text."""
    fields = as_dict(source)
    named = [fields.get(name) for name in ("title", "document_title", "url", "uri", "filename")]
    shown = [name for name in named if isinstance(name, str) and name]
    cited = next((fields[name] for name in ("cited_text", "text") if isinstance(fields.get(name), str)), "")
    return Delta(DeltaKind.CITATION, scalar(" ".join(dict.fromkeys(shown)) or cited))


def texts(kind: DeltaKind, value: object, choice: int = 0) -> tuple[Delta, ...]:
    """A delta of this kind if the value is a text, none if it is empty or no text."""
    return (Delta(kind, scalar(value), choice=choice),) if isinstance(value, str) and value else ()


def as_dict(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return scalar(value) if isinstance(value, str) else ""


def as_id(value: object) -> str:
    """The value if it is a string, at most `MAX_ID_CHARS` of it: ids are kept."""
    return as_text(value[:MAX_ID_CHARS]) if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """The value if it is a count (40 or 40.0), else None."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def bearer(key: str) -> tuple[str, str]:
    """The header most vendors take a key in (RFC 6750)."""
    return ("Authorization", f"Bearer {key}")
