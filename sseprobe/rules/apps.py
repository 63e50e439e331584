"""Family APP: an app's own event format. How to read it is given by options, or learned from the stream."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sseprobe import json_pointer
from sseprobe.dialects.base import CONTENT_KINDS, NO_PAYLOAD, DeltaKind
from sseprobe.dialects.own import words
from sseprobe.dialects.own.event_format import EventFormat, Payloads
from sseprobe.dialects.own.fields import other_text
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import WHATWG, Finding, Kind, NotApplicable, Severity, rule
from sseprobe.sse import Event, IgnoredField, IgnoredReason
from sseprobe.sse.framing import Framing
from sseprobe.streams.decoder import Message
from sseprobe.streams.ignored_lines import looks_like_payload
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_OPENAI: Final = "https://platform.openai.com/docs/api-reference/chat-streaming"
_OPENROUTER: Final = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
_DATA_LINE: Final = re.compile(rb"(?:^|(?<=[\r\n]))data:(?P<spaces> *)(?=[^ \r\n])")
_AS_JSON: Final = 'text as JSON: data: {"token": "a\\nb"}'
_MANY_CHARS: Final = 200
_ENOUGH_EVENTS: Final = 5
_TOKENS_PER_EVENT: Final = 4
_ALL: Final = 0.9


def _event_format(stream: Transcript) -> EventFormat:
    """How the stream is read. Raises NotApplicable for a vendor's dialect, and for a stream without text."""
    event_format = stream.dialect.event_format
    if event_format is None:
        raise NotApplicable(f"the stream is {stream.dialect.name}, not an app's own format")
    if event_format.payloads in (Payloads.MESSAGES, Payloads.UNKNOWN):
        raise NotApplicable("no text was found in the payloads; set its place with --text-at")
    return event_format


def _raw_text(stream: Transcript) -> None:
    """Raises NotApplicable unless event data is plain text."""
    if _event_format(stream).payloads is not Payloads.TEXT:
        raise NotApplicable("the text is JSON, which preserves every character")
    if stream.framing is not Framing.SSE:
        raise NotApplicable("the body is plain text, which preserves every character")


@rule("APP001", Severity.WARNING, Kind.COMPATIBILITY, f"{WHATWG}#sse-processing-model")
def has_an_end_mark(stream: Transcript) -> Iterator[Finding]:
    """The stream ends with an end mark.

    What it does: Checks for an event that means that the answer is finished: `[DONE]`, an event named `done`, `end` or
    `complete`, `{"done": true}`, or a finish reason. Other marks are learned from several streams of the same request.
    Name yours with `--done-when`.
    Why it matters: When an app crashes or a proxy gives up, the body can end just as cleanly. Without a mark, clients
    cannot distinguish a finished answer from a truncated one, and EventSource reconnects after every end. Plain text
    (`text/plain`) has no place for a mark: send events.
    Good: … `data: [DONE]`.
    Bad: The last token, then the end of the body.
    """
    _event_format(stream)
    if stream.ending is None:
        raise NotApplicable("the recording has only bytes, not how the body ended")
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable(f"the stream ended as {stream.ending}")
    if stream.end_mark is None:
        last = stream.messages[-1].event if stream.messages else None
        problem = "the stream has no end mark: a truncated answer looks finished"
        excerpt = one_line(last.data, 60) if last else "nothing"
        expected = "an event such as [DONE]"
        if stream.framing is Framing.TEXT:
            expected = "events or lines of JSON: plain text has no place for an end mark"
        yield Finding("no-end-mark", problem, last.span if last else None, expected, excerpt)


@rule("APP002", Severity.ERROR, Kind.COMPATIBILITY, _OPENROUTER)
def reports_failures_as_events(stream: Transcript) -> Iterator[Finding]:
    """A failure is reported in an event that programs recognise.

    What it does: Reports failures sent as text: in the answer itself, or between JSON events, such as `data: Error: …`.
    Recognised are an event named `error`, an object with `error`, and a type `error`. Name yours with `--error-at`.
    Why it matters: The client shows and stores the failure as part of the answer, and does not retry.
    Good: `event: error` and `data: {"message": "overloaded"}`.
    Bad: `data: Error: overloaded`.
    """
    if stream.dialect.event_format is None:
        raise NotApplicable(f"the stream is {stream.dialect.name}, not an app's own format")
    if stream.outcome is None or stream.outcome.error is None:
        raise NotApplicable("the stream has no error")
    failures = [message for message, _ in stream.deltas_by_kind[DeltaKind.ERROR]]
    if stream.error_as_text:
        failures = stream.content[-1:]
    elif not all(_is_bare_text(message) for message in failures):
        return
    for message in failures[:1]:
        excerpt = one_line(message.event.data, 120)
        yield Finding(
            "failure-as-text",
            "the failure is sent as text",
            message.event.span,
            "event: error, or an object with error",
            excerpt,
        )


def _is_bare_text(message: Message) -> bool:
    return message.payload is NO_PAYLOAD and not words.is_failure(message.event.type)


@rule("APP003", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#event-stream-interpretation")
def keeps_every_character(stream: Transcript) -> Iterator[Finding]:
    """Line breaks and leading spaces of the text are preserved.

    What it does: If event data is plain text, reports what is lost: the rest of a line that is not a field, line breaks
    that became blank lines, and leading spaces if no space follows `data:`.
    Why it matters: Words run together, and lists and code lose their lines. A token with two line breaks ends its event
    early.
    Good: `data: {"token": "a\\nb"}`.
    Bad: `data: a`, and `b` on a line of its own, which every client ignores.
    """
    _raw_text(stream)
    if not stream.content:
        raise NotApplicable("the stream has no text")
    yield from _lost(stream)


def _lost(stream: Transcript) -> Iterator[Finding]:
    names = Counter(item.name for item in stream.of(IgnoredField))
    for item in stream.of(IgnoredField):
        is_other = looks_like_payload(item) or item.name.startswith("\ufeff")  # SSE008, SSE003
        is_a_field = names[item.name] > 1  # of the app's own: a text does not repeat itself so
        if item.reason is IgnoredReason.UNKNOWN_NAME and not is_other and not is_a_field:
            excerpt = one_line(f"{item.name}: {item.value}" if item.value else item.name, 80)
            yield Finding(
                "text-line-ignored",
                "text after a line break is ignored: its line is not a field",
                item.span,
                _AS_JSON,
                excerpt,
            )
    blank = _lost_line_breaks(stream)
    if blank:
        problem = "line breaks of the text became blank lines and are lost"
        yield Finding(
            "line-breaks-lost",
            problem,
            blank[0].span,
            _AS_JSON,
            f"{len(blank)} of {len(stream.events)} events lost one",
        )
    yield from _lost_spaces(stream)


def _lost_line_breaks(stream: Transcript) -> list[Event]:
    """Text events followed by more than one blank line, unless nearly all are."""
    first, last = stream.content[0], stream.content[-1]
    pieces = [
        message.event
        for message in stream.messages[first.index : last.index + 1]
        if message.has(DeltaKind.TEXT) or (not message.event.data and message.event.type == first.event.type)
    ]
    events = {event.start: event for event in pieces}
    before = [events[one.start] for one, other in pairwise(stream.frames) if one.start in events and not other.fields]
    return before if len(before) < _ALL * len(events) else []


def _lost_spaces(stream: Transcript) -> Iterator[Finding]:
    lines = [
        (found, message.event.start)
        for message in stream.content
        for found in _DATA_LINE.finditer(stream.body[message.event.start : message.event.end])
    ]
    with_space = [(found, start) for found, start in lines if found["spaces"]]
    without = len(lines) - len(with_space)
    # Where two spaces come, the first is the server's own, and a line without any is another matter (SSE010).
    if with_space and without and all(len(found["spaces"]) < 2 for found, _ in with_space):
        first, start = with_space[0]
        problem = f"{without} lines have no space after data:, so {len(with_space)} lines lose a space of the text"
        span = (start + first.start(), start + first.end())
        yield Finding(
            "leading-spaces-lost", problem, span, "data:, a space, then the text", f"data: on {without} lines"
        )


@rule("APP004", Severity.INFO, Kind.COMPATIBILITY, f"{WHATWG}#event-stream-interpretation")
def encodes_its_text(stream: Transcript) -> Iterator[Finding]:
    """Text is encoded as JSON.

    What it does: Reports event data that is plain text, if no line break has come yet to show whether it would be
    preserved.
    Why it matters: `f"data: {token}\\n\\n"` works until a token contains a line break: clients then ignore the rest, or
    the event ends early. JSON, or one `data:` per line, preserves it.
    Good: `data: {"token": "Hi"}`.
    Bad: `data: Hi`.
    """
    _raw_text(stream)
    if not stream.content:
        raise NotApplicable("the stream has no text")
    if any(True for _ in _lost(stream)):
        raise NotApplicable("a line break or a space is lost: see APP003")
    if any("\n" in message.event.data for message in stream.content):
        return  # each of its lines has a data field: that is the other way
    first = stream.content[0].event
    problem = "the text is not encoded: a line break in it would be lost"
    yield Finding("text-not-encoded", problem, first.span, 'JSON, such as {"token": "…"}', one_line(first.data, 60))


@rule("APP005", Severity.WARNING, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes")
def has_distinct_heartbeats(stream: Transcript) -> Iterator[Finding]:
    """Heartbeats cannot be mistaken for text.

    What it does: Reports unnamed events whose data is `ping` or similar, in a stream of text or JSON. TIM002 covers
    silence without heartbeats.
    Why it matters: A client shows the heartbeat as text, or fails to parse it. Every client ignores comments.
    Good: `: ping`, or `event: ping`.
    Bad: `data: ping`.
    """
    _event_format(stream)
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    for message in stream.messages:
        if message.event.type == "message" and message.event.data.strip('[]"').lower() in words.HEARTBEATS:
            excerpt = one_line(message.event.data, 40)
            yield Finding(
                "heartbeat-as-text",
                "a heartbeat looks like text",
                message.event.span,
                "a comment: `: ping`",
                excerpt,
            )


@rule("APP006", Severity.WARNING, Kind.COMPATIBILITY, _OPENAI)
def sends_pieces(stream: Transcript) -> Iterator[Finding]:
    """Each event adds a piece to the answer.

    What it does: Reports a long answer in a single event, and events that each repeat the whole text so far.
    Why it matters: An answer in one event is not streamed: the user waits for all of it. Repeated text makes the size
    grow with the square of the answer's length.
    Good: `{"token": "Hel"}`, `{"token": "lo"}`.
    Bad: `{"text": "Hel"}`, `{"text": "Hello"}`.
    """
    event_format = _event_format(stream)
    if not stream.content:
        raise NotApplicable("the stream has no text")
    first = stream.content[0].event
    if event_format.grows:
        yield Finding(
            "text-repeated",
            "each event repeats the whole text so far",
            first.span,
            "only the new text",
            one_line(first.data, 60),
        )
    elif len(stream.content) == 1 and stream.framing is not Framing.TEXT:
        chars = sum(len(delta.text) for delta in stream.content[0].deltas if delta.kind is DeltaKind.TEXT)
        if chars > _MANY_CHARS:
            problem = f"the whole answer, {chars:,} characters, is in one event"
            yield Finding("one-event", problem, first.span, "one event per token", "one event")


@rule("APP007", Severity.WARNING, Kind.COMPATIBILITY, _OPENAI)
def keeps_its_names(stream: Transcript) -> Iterator[Finding]:
    """Event and field names stay the same throughout the stream.

    What it does: Reports text in a different field than in the other events, and event names or types that differ only
    in spelling.
    Why it matters: A client reads one field and drops the rest without an error.
    Good: `{"token": "a"}`, `{"token": "b"}`.
    Bad: `{"token": "a"}`, `{"text": "b"}`; or types `token` and `Token`.
    """
    event_format = _event_format(stream)
    if not event_format.parses_json:
        raise NotApplicable("the data is plain text, without field names")
    if event_format.text is not None and event_format.given.text is None:
        yield from _other_places(stream, event_format)
    spellings: dict[tuple[str, ...], str] = {}
    for message in stream.messages:
        for kind in words.kinds_of(message.event, message.payload):
            spelling = spellings.setdefault(words.words_of(kind), kind)
            if spelling != kind and words.words_of(kind):
                problem = f"the name {one_line(kind, 40)!r} was spelled {one_line(spelling, 40)!r} earlier"
                yield Finding("two-spellings", problem, message.event.span, one_line(spelling, 40), one_line(kind, 40))


def _other_places(stream: Transcript, event_format: EventFormat) -> Iterator[Finding]:
    for message in stream.messages:
        if not message.has(DeltaKind.TEXT) or not isinstance(message.payload, dict | list):
            continue
        known = json_pointer.value_at(message.payload, event_format.text or ())
        if isinstance(known, str) and known:
            continue
        if (other := other_text(message.payload, event_format.text)) is not None:
            pointer, expected = json_pointer.text_of(other[0]), event_format.text_at or ""
            problem = f"the text is at {one_line(pointer, 60)}, in other events at {one_line(expected, 60)}"
            yield Finding(
                "text-in-two-places", problem, message.event.span, one_line(expected, 60), one_line(pointer, 60)
            )


@rule("APP008", Severity.INFO, Kind.COMPATIBILITY, _OPENAI)
def sends_one_event_a_token(stream: Transcript) -> Iterator[Finding]:
    """Each token is sent in its own event.

    What it does: If the stream reports its token count, compares it with the number of events with content.
    Why it matters: Batched tokens appear in bursts, later than they were generated.
    Good: 200 tokens in 200 events.
    Bad: 200 tokens in 10 events.
    """
    _event_format(stream)
    usage = [
        delta.output_tokens for _, delta in stream.deltas_by_kind[DeltaKind.USAGE] if delta.output_tokens is not None
    ]
    if not usage or stream.framing is Framing.TEXT:
        raise NotApplicable("the stream does not report its token count")
    events = sum(message.has(*CONTENT_KINDS) for message in stream.messages)
    if events >= _ENOUGH_EVENTS and usage[-1] >= _TOKENS_PER_EVENT * events:
        problem = f"{usage[-1]:,} tokens came in {events:,} events"
        yield Finding(
            "tokens-gathered", problem, None, "one event per token", f"{usage[-1] / events:.3g} tokens per event"
        )
