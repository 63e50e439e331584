"""Family JSON: payloads and arguments are valid JSON, and text has whole characters."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sseprobe.dialects.base import CONTENT_KINDS, FREE_TEXT, NO_PAYLOAD, DeltaKind, documents
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.foreign_errors import is_foreign_error
from sseprobe.rules.support.shapes import require_payloads
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_RFC8259: Final = "https://www.rfc-editor.org/rfc/rfc8259"


class _Mistake(NamedTuple):
    """A typical mistake. `pattern`: of the payload; `description`: what was sent; `right`: what to send instead."""

    key: str
    pattern: str
    description: str
    right: str


_NOT_JSON: Final = (
    _Mistake("python-dict", r"\{'.*\}", "a Python dict, as written by str()", "json.dumps(…)"),
    _Mistake("python-bytes", r"b(['\"]).*\1", "Python bytes, as written by str()", "….decode()"),
    _Mistake(
        "javascript-object",
        r"(\[object Object\])+",
        "a JavaScript object, as written by String()",
        "JSON.stringify(…)",
    ),
    _Mistake(
        "event-within-event",
        r"(data|event): ?.*",
        "an event inside the event: `data:` was added twice",
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
_CALL_KEY = tuple[int, int | str | None]


@rule("JSON001", Severity.ERROR, Kind.CONFORMANCE, _RFC8259)
def is_json(stream: Transcript) -> Iterator[Finding]:
    """Each payload is one JSON value.

    What it does: Parses the data of each event except the terminator. `NaN`, `Infinity`, comments, single quotes and
    text after the value are not JSON.
    Why it matters: The openai, anthropic and Gemini SDKs raise an error mid-stream; cohere's drops the event with a
    warning.
    Good: `data: {"text": "a"}`.
    Bad: `data: {"text": "a"`, or `data: {"p": NaN}`.
    """
    yield from _mistaken(stream)
    yield from _merged(stream)
    require_payloads(stream)
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    for message in stream.messages:
        if message.payload is NO_PAYLOAD and documents(message.event.data):
            continue
        if message.payload is NO_PAYLOAD:
            end = message.has(DeltaKind.END, DeltaKind.HEARTBEAT, DeltaKind.ERROR) or message.event.data.startswith(
                "[DONE]"
            )
            if not end and not is_foreign_error(message) and not _is_another_kind(stream, message):
                excerpt = one_line(message.event.data, 100) or "empty"
                key, problem = "not-json", "the payload is not JSON"
                if (cause := _cause(message.event.data)) is not None:
                    key, problem = cause.key, f"the payload is not JSON: {cause.description}"
                yield Finding(key, problem, message.event.span, "one JSON value", excerpt)
        elif _has_constants(message):
            yield Finding(
                "nan-or-infinity",
                "the payload contains NaN or Infinity",
                message.event.span,
                "JSON numbers",
                "NaN or Infinity",
            )


def _merged(stream: Transcript) -> Iterator[Finding]:
    """Events with several JSON documents, whatever the dialect: no client can parse them."""
    for message in stream.messages:
        if message.payload is NO_PAYLOAD and (count := documents(message.event.data)):
            problem = f"one event contains {count} JSON documents: the blank line between them is missing"
            yield Finding(
                "several-documents", problem, message.event.span, "one JSON value", one_line(message.event.data, 100)
            )


def _is_another_kind(stream: Transcript, message: Message) -> bool:
    """Whether an app's event without JSON differs from its text events by name or by position: `event: session`."""
    if stream.dialect.event_format is None or not stream.content:
        return False
    text = stream.content[0]
    looks_broken = message.event.data.lstrip()[:1] in ("{", "[")
    return not looks_broken and (message.event.type != text.event.type or message.index < text.index)


def _mistaken(stream: Transcript) -> Iterator[Finding]:
    """A finding if all text events of an app show the same mistake of `_NOT_JSON`."""
    found = [message for message in stream.content if message.payload is NO_PAYLOAD]
    if stream.dialect.event_format is None or not found or len(found) < len(stream.content):
        return
    causes = {_cause(message.event.data) for message in found}
    if len(causes) == 1 and (cause := causes.pop()) is not None:
        excerpt = one_line(found[0].event.data, 100)
        yield Finding(
            cause.key,
            f"the payload looks like JSON but is not: {cause.description}",
            found[0].event.span,
            cause.right,
            excerpt,
        )


def _cause(data: str) -> _Mistake | None:
    """The mistake that explains a payload without JSON, None if none does."""
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


@rule(
    "JSON004", Severity.WARNING, Kind.CONFORMANCE, "https://www.unicode.org/versions/latest/core-spec/chapter-3/#G7404"
)
def has_whole_characters(stream: Transcript) -> Iterator[Finding]:
    """Text contains only whole characters.

    What it does: Reports U+FFFD and lone surrogates in decoded text.
    Why it matters: The server decoded a token that holds only part of a character. The user sees `�`.
    Good: `{"content": "é"}`.
    Bad: `{"content": "\\ufffd"}` twice.
    """
    if not stream.content:
        raise NotApplicable("the stream has no text")
    for kind in CONTENT_KINDS:
        for message, delta in stream.deltas_by_kind[kind]:
            if "\ufffd" in delta.text:
                yield Finding(
                    "replacement-character",
                    "the text contains U+FFFD",
                    message.event.span,
                    "whole characters",
                    "U+FFFD",
                )


@rule("JSON005", Severity.ERROR, Kind.CONFORMANCE, "https://platform.openai.com/docs/guides/function-calling")
def has_whole_arguments(stream: Transcript) -> Iterator[Finding]:
    """The fragments of a tool call's arguments form one JSON document.

    What it does: Joins the fragments of each call and parses the result, once the stream has ended cleanly. A call may
    have no arguments.
    Why it matters: The client calls the tool with the parsed arguments, or fails to parse them.
    Good: `{"ci`, `ty": "Rome"}`.
    Bad: `{"ci`, `"Rome"}`: a fragment is missing, or two calls are mixed.
    """
    calls: dict[_CALL_KEY, list[str]] = {}
    last: dict[_CALL_KEY, Message] = {}
    size = 0
    free = {
        (delta.choice, delta.call) for _, delta in stream.deltas_by_kind[DeltaKind.TOOL_CALL] if delta.type == FREE_TEXT
    }
    taken_back = _taken_back(stream)
    for message, delta in stream.deltas_by_kind[DeltaKind.TOOL_CALL]:
        if (delta.choice, delta.call) in free or message.index in taken_back:
            continue
        size += len(delta.text)
        if size > _MAX_ARGUMENTS:
            raise NotApplicable("the arguments are too large to check")
        calls.setdefault((delta.choice, delta.call), []).append(delta.text)
        last[delta.choice, delta.call] = message
    if not calls:
        raise NotApplicable("the stream has no tool call with JSON arguments")
    if stream.ending is not Ending.COMPLETE or _cut_short(stream):
        raise NotApplicable("the stream did not complete, so the arguments may be truncated")
    for key, fragments in calls.items():
        text = "".join(fragments)
        try:
            json.loads(text or "{}")
        except (ValueError, RecursionError):
            excerpt = one_line(text, 100)
            yield Finding(
                "arguments-not-json",
                "the arguments of a tool call are not JSON",
                last[key].event.span,
                "one JSON document",
                excerpt,
            )


def _taken_back(stream: Transcript) -> set[int]:
    """The indices of the events of a step that was later reset."""
    steps = [message.index for message, _ in stream.deltas_by_kind[DeltaKind.STEP]]
    found: set[int] = set()
    for message, _ in stream.deltas_by_kind[DeltaKind.RESET]:
        begun = max((step for step in steps if step < message.index), default=0)
        found |= set(range(begun, message.index))
    return found


def _cut_short(stream: Transcript) -> bool:
    return any(
        delta.incomplete for _, delta in stream.deltas_by_kind[DeltaKind.FINISH] + stream.deltas_by_kind[DeltaKind.END]
    )
