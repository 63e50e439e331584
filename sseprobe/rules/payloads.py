"""Family JSON: the fields, names and types of events, whatever the dialect."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import NO_PAYLOAD, DeltaKind
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
    """Required fields are present and have the right type.

    What it does: Compares each event with a table made from the vendors' own types. Additional fields are allowed.
    Why it matters: SDKs build objects without validating them. The client's code then fails where it reads the field.
    Good: `{"id": "c1", …, "choices": [{"index": 0, "delta": {}}]}`.
    Bad: The same without `index`.
    """
    shapes = stream.dialect.shapes
    if shapes is None:
        raise NotApplicable(f"{stream.dialect.name} has no required fields")
    known = 0
    for message in stream.messages:
        fields = message.payload
        if type(fields) is not dict:
            if fields is not NO_PAYLOAD and not message.has(DeltaKind.END):
                actual = json_type(fields)
                yield Finding(
                    "not-an-object", f"the payload has type {actual}", message.event.span, "a JSON object", actual
                )
            continue
        shape = shapes.of(fields)
        if shape is None:
            continue
        known += 1
        if shape.holds(fields) or is_foreign_error(message):
            continue
        for path, expected, actual in shape.lacking(fields):
            problem = f"{path} is {'missing' if actual == 'missing' else f'of type {actual}'}"
            yield Finding(path.replace("[]", ""), problem, message.event.span, f"{path}: {expected}", actual)
    if not known:
        raise NotApplicable("the stream has no event of a known type")


@rule("JSON003", Severity.ERROR, Kind.CONFORMANCE, _ANTHROPIC, dialects=_BY_NAME)
def has_the_right_name(stream: Transcript) -> Iterator[Finding]:
    """Event names are right where clients dispatch by name.

    What it does: For Anthropic, compares `event:` with the payload's `type`. For Gemini, reports any event name.
    Why it matters: Anthropic's SDK dispatches by name and skips events without one. Google's SDK fails at any field
    other than `data`. JSON008 covers SDKs that read only the payload.
    Good: `event: message_stop` and `data: {"type": "message_stop"}`.
    Bad: The data without its `event:`.
    """
    yield from _names(stream)


@rule("JSON008", Severity.WARNING, Kind.COMPATIBILITY, _OPENAI, dialects=_BY_PAYLOAD)
def has_the_usual_name(stream: Transcript) -> Iterator[Finding]:
    """Event names follow the vendor's convention.

    What it does: For OpenAI Responses and Cohere, compares `event:` with the payload's `type`. For vendors that name no
    events, reports any event name.
    Why it matters: The official SDKs read only the payload. Clients built on EventSource do not: a listener for
    `message` never receives a named event, and a listener for `response.completed` never receives an unnamed one.
    Good: `event: response.completed` and `data: {"type": "response.completed"}`.
    Bad: The data without its `event:`.
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
                excerpt = one_line(message.event.type, 60)
                problem = f"the event name is {excerpt!r}, but the payload's type is {one_line(kind, 60)!r}"
                yield Finding("name-differs", problem, message.event.span, f"event: {one_line(kind, 60)}", excerpt)
        elif not named and message.deltas:
            judged += 1
            if message.event.type != "message" and not message.has(DeltaKind.ERROR, DeltaKind.UNKNOWN):
                excerpt = one_line(message.event.type, 60)
                yield Finding(
                    "named",
                    f"the event has the name {excerpt!r}, but this dialect names no events",
                    message.event.span,
                    "no event field",
                    excerpt,
                )
    if not judged:
        raise NotApplicable("the stream has no event with a type")


@rule("JSON007", Severity.INFO, Kind.CONFORMANCE, _ANTHROPIC)
def has_known_types(stream: Transcript) -> Iterator[Finding]:
    """Event types are defined by the dialect.

    What it does: Lists JSON events whose type the dialect does not define. Vendors add types, and clients should skip
    unknown ones.
    Why it matters: An unknown type is an extension, or a typing error that clients ignore.
    Good: `{"type": "content_block_delta", …}`.
    Bad: `{"type": "content_block_dleta", …}`.
    """
    require_payloads(stream)
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    for message, delta in stream.deltas_by_kind[DeltaKind.UNKNOWN]:
        if message.payload is not NO_PAYLOAD and not is_foreign_error(message):
            excerpt = one_line(delta.type or "?", 60)
            yield Finding(
                "unknown-type",
                f"{stream.dialect.name} does not define the event type {excerpt}",
                message.event.span,
                None,
                excerpt,
            )


@rule("JSON009", Severity.ERROR, Kind.COMPATIBILITY, _OTHER)
def matches_the_dialect_of_its_path(stream: Transcript) -> Iterator[Finding]:
    """The events match the dialect of the path, or of `--dialect`.

    What it does: Compares the dialect implied by a vendor's path, or named by `--dialect`, with the dialect of the
    events. Variants of one format (OpenAI Chat from Mistral, OpenRouter or vLLM) count as equal. Generic paths, such as
    `/api/chat`, imply no dialect. The other rules judge the events by their own dialect.
    Why it matters: Clients at a vendor's path expect that vendor's events. Of other events they show nothing and raise
    no error.
    Good: Chat completion chunks at `/v1/chat/completions`.
    Bad: Anthropic's `content_block_delta` at that path.
    """
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    if stream.expected is not None:
        expected, came = stream.expected.name, stream.dialect.name
        by = "--dialect" if stream.named else "the path"
        first = stream.content[0] if stream.content else stream.messages[0]
        problem = f"these are events of {came}, but {by} says {expected}: clients of {expected} show nothing"
        yield Finding("other-dialect", problem, first.event.span, expected, came)
