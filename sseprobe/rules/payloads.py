"""Family JSON: the fields, names and types of events, whatever the dialect."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import NO_PAYLOAD
from sseprobe.dialects.base import Kind as DeltaKind
from sseprobe.dialects.shapes import json_type
from sseprobe.dialects.traits import Scope, Trait
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.foreign_errors import is_foreign_error
from sseprobe.rules.support.shapes import require_payloads
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_OPENAI: Final = "https://platform.openai.com/docs/api-reference/chat-streaming"
_ANTHROPIC: Final = "https://platform.claude.com/docs/en/build-with-claude/streaming"
_OTHER: Final = "https://github.com/Wei-Shaw/sub2api/issues/7097"
_BY_NAME: Final = Scope(having=(Trait.NAMES_MATTER,))
_BY_PAYLOAD: Final = Scope(having=(Trait.NAMED_EVENTS, Trait.NAMELESS_EVENTS), lacking=(Trait.NAMES_MATTER,))


@rule("JSON002", Severity.ERROR, Kind.CONFORMANCE, _OPENAI)
def has_required_fields(stream: Transcript) -> Iterator[Finding]:
    """Fields that clients read are there, and hold what they should.

    What it does: looks up each event's type in a table made from the vendors' own types. Further fields are allowed.
    Why it matters: SDKs build objects without checking them; the client's code then fails where it reads the field.
    Good: `{"id": "c1", …, "choices": [{"index": 0, "delta": {}}]}`. Bad: the same without `index`.
    """
    shapes = stream.dialect.shapes
    if shapes is None:
        raise NotApplicable(f"no fields are required of {stream.dialect.name}")
    known = 0
    for message in stream.messages:
        fields = message.payload
        if type(fields) is not dict:
            if fields is not NO_PAYLOAD and not message.has(DeltaKind.END):
                actual = json_type(fields)
                yield Finding(
                    "not-an-object", f"the payload is of type {actual}", message.event.span, "a JSON object", actual
                )
            continue
        shape = shapes.of(fields)
        if shape is None:
            continue
        known += 1
        if shape.holds(fields) or is_foreign_error(message):
            continue
        for path, expected, actual in shape.lacking(fields):
            said = f"{path} is {'missing' if actual == 'missing' else f'of type {actual}'}"
            yield Finding(path.replace("[]", ""), said, message.event.span, f"{path}: {expected}", actual)
    if not known:
        raise NotApplicable("no event of a known type came")


@rule("JSON003", Severity.ERROR, Kind.CONFORMANCE, _ANTHROPIC, dialects=_BY_NAME)
def has_the_right_name(stream: Transcript) -> Iterator[Finding]:
    """Where clients go by an event's name, it is right.

    What it does: compares `event:` with the payload's `type` for Anthropic, and reports any name for Gemini.
    Why it matters: Anthropic's SDK dispatches by name and skips events without one; Google's fails at any field but
    `data`. Where SDKs read the payload alone, JSON008 speaks.
    Good: `event: message_stop` and `data: {"type": "message_stop"}`. Bad: the data without its `event:`.
    """
    yield from _names(stream)


@rule("JSON008", Severity.WARNING, Kind.COMPATIBILITY, _OPENAI, dialects=_BY_PAYLOAD)
def has_the_usual_name(stream: Transcript) -> Iterator[Finding]:
    """An event's name is the type in its payload; where the vendor names no events, none is named.

    What it does: compares `event:` with the payload's `type` for OpenAI Responses and Cohere; for the others reports
    any name.
    Why it matters: the official SDKs read the payload alone. Clients built on EventSource do not: a listener for
    `message` never hears a named event, and one for `response.completed` none without a name.
    Good: `event: response.completed` and `data: {"type": "response.completed"}`. Bad: the data without its `event:`.
    """
    yield from _names(stream)


def _names(stream: Transcript) -> Iterator[Finding]:
    named = stream.dialect.has(Trait.NAMED_EVENTS)
    judged = 0
    for message in stream.messages:
        kind = message.fields.get("type")
        if named and isinstance(kind, str):
            judged += 1
            if message.event.type != kind:
                shown = one_line(message.event.type, 60)
                said = f"the event is named {shown!r} and its type is {one_line(kind, 60)!r}"
                yield Finding("name-differs", said, message.event.span, f"event: {one_line(kind, 60)}", shown)
        elif not named and message.deltas:
            judged += 1
            if message.event.type != "message" and not message.has(DeltaKind.ERROR, DeltaKind.UNKNOWN):
                shown = one_line(message.event.type, 60)
                yield Finding("named", f"the event is named {shown!r}", message.event.span, "no event field", shown)
    if not judged:
        raise NotApplicable("no event with a type came")


@rule("JSON007", Severity.INFO, Kind.CONFORMANCE, _ANTHROPIC)
def has_known_types(stream: Transcript) -> Iterator[Finding]:
    """Events are of types that the dialect defines.

    What it does: lists JSON events that the dialect does not explain. Vendors add types; clients should skip them.
    Why it matters: it is an extension, or a typing error that no client hears.
    Good: `{"type": "content_block_delta", …}`. Bad: `{"type": "content_block_dleta", …}`.
    """
    require_payloads(stream)
    if not stream.messages:
        raise NotApplicable("there is no event")
    for message, delta in stream.deltas_by_kind[DeltaKind.UNKNOWN]:
        if message.payload is not NO_PAYLOAD and not is_foreign_error(message):
            shown = one_line(delta.type or "?", 60)
            yield Finding(
                "unknown-type",
                f"an event that {stream.dialect.name} does not define ({shown})",
                message.event.span,
                None,
                shown,
            )


@rule("JSON009", Severity.ERROR, Kind.COMPATIBILITY, _OTHER)
def speaks_the_dialect_of_its_path(stream: Transcript) -> Iterator[Finding]:
    """The events are of the dialect that the path, or `--dialect`, says.

    What it does: compares the dialect that a vendor's own path tells, or that `--dialect` names, with the one that the
    events tell. Flavours of one form (OpenAI Chat as Mistral, OpenRouter or vLLM speak it) are the same; a path that
    any app may use, such as `/api/chat`, promises nothing. The other rules judge what came by its own dialect.
    Why it matters: a client that asks at a vendor's path reads that vendor's events: of others it shows nothing, and
    nothing fails.
    Good: chunks of a chat at `/v1/chat/completions`. Bad: `content_block_delta` of Anthropic's there.
    """
    if not stream.messages:
        raise NotApplicable("there is no event")
    if stream.expected is not None:
        expected, came = stream.expected.name, stream.dialect.name
        by = "--dialect" if stream.named else "the path"
        first = stream.content[0] if stream.content else stream.messages[0]
        said = f"these are events of {came}, and {by} says {expected}: clients of {expected} show nothing"
        yield Finding("other-dialect", said, first.event.span, expected, came)
