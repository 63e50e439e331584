"""Family JSON: payloads, whatever the dialect."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sseprobe.dialects.base import CONTENT_KINDS, FREE_TEXT, NO_PAYLOAD, as_count, as_dict, documents
from sseprobe.dialects.base import Kind as DeltaKind
from sseprobe.dialects.openai_flavours import usages
from sseprobe.dialects.shapes import json_type
from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.reception import Message
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.foreign_errors import is_foreign_error
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript

_RFC8259: Final = "https://www.rfc-editor.org/rfc/rfc8259"
_OPENAI: Final = "https://platform.openai.com/docs/api-reference/chat-streaming"
_ANTHROPIC: Final = "https://platform.claude.com/docs/en/build-with-claude/streaming"
_OTHER: Final = "https://github.com/Wei-Shaw/sub2api/issues/7097"
_BY_NAME: Final = Scope(having=(Trait.NAMES_MATTER,))
_BY_PAYLOAD: Final = Scope(having=(Trait.NAMED_EVENTS, Trait.NAMELESS_EVENTS), lacking=(Trait.NAMES_MATTER,))


class _Mistake(NamedTuple):
    """What a payload looks like that was to be something else, what that is, and what was to be sent."""

    key: str
    pattern: str
    said: str
    right: str


_NOT_JSON: Final = (
    _Mistake("python-dict", r"\{'.*\}", "a dict of Python, as str() writes it", "json.dumps(…)"),
    _Mistake("python-bytes", r"b(['\"]).*\1", "bytes of Python, as str() writes them", "….decode()"),
    _Mistake(
        "javascript-object",
        r"(\[object Object\])+",
        "an object of JavaScript, as String() writes it",
        "JSON.stringify(…)",
    ),
    _Mistake(
        "event-within-event",
        r"(data|event): ?.*",
        "an event within the event: it was given its `data:` twice",
        "one data: …",
    ),
    _Mistake(
        "escaped-line-feeds",
        r".*\\n\\n(data|event):.*",
        "several events in one: \\n is sent as two characters",
        "line feeds between events",
    ),
)
_MAX_ARGUMENTS: Final = 4 * 2**20
_PARTS_OF_TOTAL: Final = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))
_CALL_KEY = tuple[int, int | str | None]


def _json_only(stream: Transcript) -> None:
    if not stream.dialect.parses_json:
        raise NotApplicable(f"{stream.dialect.name} has no payloads of its own")


@rule("JSON001", Severity.ERROR, Kind.CONFORMANCE, _RFC8259)
def is_json(stream: Transcript) -> Iterator[Finding]:
    """Each payload is one JSON value.

    What it does: parses the data of each event, the terminator aside. `NaN`, `Infinity`, comments, single quotes and
    anything behind the value are not JSON.
    Why it matters: openai, anthropic and Gemini's SDKs raise in mid-stream; cohere's drops the event with a warning.
    Good: `data: {"text": "a"}`. Bad: `data: {"text": "a"`, or `data: {"p": NaN}`.
    """
    yield from _mistaken(stream)
    yield from _merged(stream)
    _json_only(stream)
    if not stream.messages:
        raise NotApplicable("there is no event")
    for message in stream.messages:
        if message.payload is NO_PAYLOAD and documents(message.event.data):
            continue
        if message.payload is NO_PAYLOAD:
            end = message.has(DeltaKind.END, DeltaKind.HEARTBEAT, DeltaKind.ERROR) or message.event.data.startswith(
                "[DONE]"
            )
            if not end and not is_foreign_error(message) and not _is_another_kind(stream, message):
                shown = one_line(message.event.data, 100) or "empty"
                key, said = "not-json", "the payload is not JSON"
                if (cause := _cause(message.event.data)) is not None:
                    key, said = cause.key, f"the payload is not JSON: {cause.said}"
                yield Finding(key, said, message.event.span, "one JSON value", shown)
        elif _has_constants(message):
            yield Finding(
                "nan-or-infinity",
                "the payload holds NaN or Infinity",
                message.event.span,
                "JSON numbers",
                "NaN or Infinity",
            )


def _merged(stream: Transcript) -> Iterator[Finding]:
    """Events that hold several documents, whatever the dialect: nobody can read them, and an app's seem to be text."""
    for message in stream.messages:
        if message.payload is NO_PAYLOAD and (count := documents(message.event.data)):
            said = f"{count} JSON documents share one event: the blank line between them is missing"
            yield Finding(
                "several-documents", said, message.event.span, "one JSON value", one_line(message.event.data, 100)
            )


def _is_another_kind(stream: Transcript, message: Message) -> bool:
    """Whether an app's own event that is no JSON has a name, or a place, that its text has not: `event: session`."""
    if stream.dialect.reading is None or not stream.content:
        return False
    text = stream.content[0]
    looks_broken = message.event.data.lstrip()[:1] in ("{", "[")
    return not looks_broken and (message.event.type != text.event.type or message.index < text.index)


def _mistaken(stream: Transcript) -> Iterator[Finding]:
    """An app's own events whose text is, in all of them, what a mistake makes of a payload: `_NOT_JSON`."""
    found = [message for message in stream.content if message.payload is NO_PAYLOAD]
    if stream.dialect.reading is None or not found or len(found) < len(stream.content):
        return
    causes = {_cause(message.event.data) for message in found}
    if len(causes) == 1 and (cause := causes.pop()) is not None:
        shown = one_line(found[0].event.data, 100)
        yield Finding(
            cause.key, f"the payload looks like JSON and is none: {cause.said}", found[0].event.span, cause.right, shown
        )


def _cause(data: str) -> _Mistake | None:
    """What a payload that is no JSON is instead; None if it may be anything."""
    return next((each for each in _NOT_JSON if re.fullmatch(each.pattern, data.strip(), re.DOTALL)), None)


def _has_constants(message: Message) -> bool:
    data = message.event.data
    if "NaN" not in data and "Infinity" not in data:
        return False
    try:
        json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return True
    return False


def _refuse(name: str) -> Any:
    raise ValueError(name)


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


@rule(
    "JSON004", Severity.WARNING, Kind.CONFORMANCE, "https://www.unicode.org/versions/latest/core-spec/chapter-3/#G7404"
)
def has_whole_characters(stream: Transcript) -> Iterator[Finding]:
    """Text holds whole characters.

    What it does: looks for U+FFFD and lone surrogates in what the events decode to.
    Why it matters: a token that is half a character was decoded by itself; the user sees `�`.
    Good: `{"content": "é"}`. Bad: `{"content": "\\ufffd"}` twice.
    """
    if not stream.content:
        raise NotApplicable("no text came")
    for kind in CONTENT_KINDS:
        for message, delta in stream.told[kind]:
            if "\ufffd" in delta.text:
                yield Finding(
                    "replacement-character", "the text holds U+FFFD", message.event.span, "whole characters", "U+FFFD"
                )


@rule("JSON005", Severity.ERROR, Kind.CONFORMANCE, "https://platform.openai.com/docs/guides/function-calling")
def has_whole_arguments(stream: Transcript) -> Iterator[Finding]:
    """The fragments of a tool call's arguments come to one JSON document.

    What it does: joins the fragments call by call, and parses the whole once the stream has ended well. A call without
    arguments may have none.
    Why it matters: the client calls the tool with what it parses, or fails to.
    Good: `{"ci`, `ty": "Rome"}`. Bad: `{"ci`, `"Rome"}`: a fragment is missing, or two calls are mixed.
    """
    calls: dict[_CALL_KEY, list[str]] = {}
    last: dict[_CALL_KEY, Message] = {}
    size = 0
    free = {(delta.choice, delta.call) for _, delta in stream.told[DeltaKind.TOOL_CALL] if delta.type == FREE_TEXT}
    taken_back = _taken_back(stream)
    for message, delta in stream.told[DeltaKind.TOOL_CALL]:
        if (delta.choice, delta.call) in free or message.index in taken_back:
            continue
        size += len(delta.text)
        if size > _MAX_ARGUMENTS:
            raise NotApplicable("the arguments are too large to be kept")
        calls.setdefault((delta.choice, delta.call), []).append(delta.text)
        last[delta.choice, delta.call] = message
    if not calls:
        raise NotApplicable("no tool call with JSON came")
    if stream.ending is not Ending.COMPLETE or _cut_short(stream):
        raise NotApplicable("the stream did not end well, so that arguments may be cut")
    for key, fragments in calls.items():
        text = "".join(fragments)
        try:
            json.loads(text or "{}")
        except (ValueError, RecursionError):
            shown = one_line(text, 100)
            yield Finding(
                "arguments-not-json",
                "the arguments of a tool call are not JSON",
                last[key].event.span,
                "one JSON document",
                shown,
            )


def _taken_back(stream: Transcript) -> set[int]:
    """The places of the events that a step said before it was begun again."""
    steps = [message.index for message, _ in stream.told[DeltaKind.STEP]]
    found: set[int] = set()
    for message, _ in stream.told[DeltaKind.RESET]:
        begun = max((step for step in steps if step < message.index), default=0)
        found |= set(range(begun, message.index))
    return found


def _cut_short(stream: Transcript) -> bool:
    return any(delta.incomplete for _, delta in stream.told[DeltaKind.FINISH] + stream.told[DeltaKind.END])


@rule("JSON006", Severity.WARNING, Kind.CONFORMANCE, _OPENAI)
def counts_consistently(stream: Transcript) -> Iterator[Finding]:
    """Usage adds up, and never falls.

    What it does: where a total is given, compares it with its parts (OpenAI's and Mistral's usage); where usage comes
    more than once, looks that output tokens do not fall. Gemini counts anew for each call of its own tools; Anthropic's
    counts are cumulative, from `message_start` on.
    Why it matters: bills and limits are made of it.
    Good: `{"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}`. Bad: the same with 11.
    """
    counted = [(message, delta.output_tokens) for message, delta in stream.told[DeltaKind.USAGE]]
    if not counted:
        raise NotApplicable("no usage came")
    most = _begun_with(stream)
    may_fall = any("toolUsePromptTokenCount" in as_dict(message.fields.get("usageMetadata")) for message, _ in counted)
    for message, tokens in counted:
        if tokens is not None and tokens < most and not may_fall:
            said = f"output tokens fall from {most} to {tokens}"
            yield Finding("output-tokens-fall", said, message.event.span, f"at least {most}", str(tokens))
        most = max(most, tokens or 0)
        yield from _sum(message)


def _begun_with(stream: Transcript) -> int:
    """What Anthropic's `message_start` counts already: what follows is cumulative."""
    begun = as_dict(as_dict(stream.messages[0].fields.get("message")).get("usage")) if stream.messages else {}
    count = as_count(begun.get("output_tokens"))
    return -1 if count is None or stream.dialect.wire is not Wire.ANTHROPIC else count


def _sum(message: Message) -> Iterator[Finding]:
    counted = [*usages(message.fields), as_dict(as_dict(message.fields.get("response")).get("usage"))]
    for usage in counted:
        for names in _PARTS_OF_TOTAL:
            into, out = (as_count(usage.get(name)) for name in names)
            total = as_count(usage.get("total_tokens"))
            if into is not None and out is not None and total is not None and into + out != total:
                said = f"{into} and {out} tokens are not {total} (total_tokens)"
                yield Finding("total-differs", said, message.event.span, str(into + out), str(total))


@rule("JSON007", Severity.INFO, Kind.CONFORMANCE, _ANTHROPIC)
def has_known_types(stream: Transcript) -> Iterator[Finding]:
    """Events are of types that the dialect defines.

    What it does: lists JSON events that the dialect does not explain. Vendors add types; clients should skip them.
    Why it matters: it is an extension, or a typing error that no client hears.
    Good: `{"type": "content_block_delta", …}`. Bad: `{"type": "content_block_dleta", …}`.
    """
    _json_only(stream)
    if not stream.messages:
        raise NotApplicable("there is no event")
    for message, delta in stream.told[DeltaKind.UNKNOWN]:
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
