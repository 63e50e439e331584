"""Family SSE: fields, blocks and events, WHATWG HTML 9.2.5 and 9.2.6. Clients named here were measured."""

import re
from collections.abc import Iterator
from typing import Final

from sseprobe.rules.base import WHATWG, Finding, Kind, NotApplicable, Severity, rule
from sseprobe.sse import (
    Event,
    Fields,
    Frame,
    IgnoredField,
    IgnoredReason,
    LimitExceeded,
    Retry,
)
from sseprobe.sse.framing import Framing
from sseprobe.streams.ignored_lines import as_sent, looks_like_payload
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line
from sseprobe.units import human_bytes

_PARSING: Final = f"{WHATWG}#parsing-an-event-stream"
_INTERPRETATION: Final = f"{WHATWG}#event-stream-interpretation"
_BOM: Final = "\ufeff"
_FIELD_NAME: Final = re.compile(r"[\w.-]{1,40}")
_LINE_BREAKS: Final = re.compile("[\u2028\u2029\u0085\v\f\x1c\x1d\x1e]")
_CLIENT_LIMITS: Final = (
    (10 * 2**20, "the AG-UI client (10 MiB)"),
    (2**20, "httpx2's EventSource and cohere (1 MiB)"),
    (2**19, "aiohttp's newer readers (512 KiB)"),
    (2**17, "aiohttp's readuntil up to 3.13 (128 KiB)"),
)


@rule("SSE007", Severity.ERROR, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def ends_inside_an_event(stream: Transcript) -> Iterator[Finding]:
    """The last event ends with a blank line.

    What it does: Reports fields that are still pending when the body ends. "Once the end of the file is reached, any
    pending data must be discarded."
    Why it matters: Clients that follow the specification lose the last token, or the terminator. Others deliver it
    (mistralai, google-genai, sseclient-py), so the bug stays hidden until someone changes the client.
    Good: `data: [DONE]` and a blank line.
    Bad: `data: [DONE]`, one newline, end of stream.
    """
    if stream.body_end is not None and not stream.body_end.is_clean:
        raise NotApplicable("the body was truncated: see TRM001")
    tail = stream.tail
    if tail is not None and tail.fields & ~Fields.COMMENT:
        actual = one_line(stream.body[tail.start : tail.end].decode(errors="replace"))
        yield Finding(
            "ends-inside-event",
            "the stream ends inside an event",
            tail.span,
            "a blank line after the last field",
            actual,
        )


@rule("SSE008", Severity.ERROR, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def has_payload_in_fields(stream: Transcript) -> Iterator[Finding]:
    """Payloads are in `data` fields.

    What it does: Reports lines that look like payload but have no known field name: bare JSON, ` data:`, `Data:`, or
    the second line of a JSON document whose newline was not escaped.
    Why it matters: Field names are compared literally. Clients ignore such a line and lose its payload.
    Good: `data: {"a": 1}`.
    Bad: `{"a": 1}` on a line of its own, or `Data: {"a": 1}`.
    """
    unknown = [item for item in stream.of(IgnoredField) if item.reason is IgnoredReason.UNKNOWN_NAME]
    found = [item for item in unknown if looks_like_payload(item)]
    if found:
        excerpt = one_line(f"{found[0].name}:{found[0].value}" if found[0].value else found[0].name, 160)
        lines = "a line that looks" if len(found) == 1 else f"{len(found)} lines that look"
        are = "is" if len(found) == 1 else "are"
        first = "" if len(found) == 1 else "; the first"
        yield Finding(
            "payload-ignored",
            f"{lines} like payload {are} ignored{first}: {excerpt!r}",
            found[0].span,
            "data: …",
            excerpt,
        )


@rule("SSE009", Severity.INFO, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def has_known_fields(stream: Transcript) -> Iterator[Finding]:
    """All fields are known.

    What it does: Lists fields other than event, data, id and retry, and lines that are not fields, such as those of a
    web page. All of them are ignored.
    Why it matters: Such a line is a typing error or an extension. Clients never see it.
    Good: `event`, `data`, `id`, `retry`.
    Bad: `datum: a`.
    """
    lines: list[IgnoredField] = []
    for item in stream.of(IgnoredField):
        if item.reason is not IgnoredReason.UNKNOWN_NAME or looks_like_payload(item) or item.name.startswith(_BOM):
            continue
        if not _FIELD_NAME.fullmatch(item.name):
            lines.append(item)
            continue
        excerpt = one_line(item.name, 60)
        yield Finding(
            "unknown-field", f"unknown field {excerpt!r} is ignored", item.span, "event, data, id or retry", excerpt
        )
    if lines:
        excerpt = as_sent(lines[0])
        count = "a line that is not a field is ignored" if len(lines) == 1 else f"{len(lines)} ignored lines, the first"
        yield Finding("no-field", f"{count}: {excerpt!r}", lines[0].span, "event, data, id or retry", excerpt)


@rule("SSE011", Severity.ERROR, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def has_no_nul_in_id(stream: Transcript) -> Iterator[Finding]:
    """No id contains NUL.

    What it does: Reports id fields with U+0000 in their value. Clients ignore the whole field.
    Why it matters: The client keeps the previous id and resumes from the wrong place.
    Good: `id: 7`.
    Bad: `id: 7` followed by a NUL.
    """
    for item in stream.of(IgnoredField):
        if item.reason is IgnoredReason.NUL_IN_ID:
            yield Finding(
                "nul-in-id",
                "an id contains NUL and is ignored",
                item.span,
                "an id without NUL",
                one_line(item.value, 60),
            )


@rule("SSE012", Severity.WARNING, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def has_sane_retry(stream: Transcript) -> Iterator[Finding]:
    """`retry` is a number from 100 to 600,000 ms.

    What it does: Reports a retry value with characters other than ASCII digits, which browsers ignore, and values that
    make clients reconnect too often or too late.
    Why it matters: Python clients that use int() accept `+5`, `-5` and `1_000`; browsers do not.
    Good: `retry: 3000`.
    Bad: `retry: 3s`, or `retry: 0`.
    """
    for item in stream.of(IgnoredField):
        if item.reason is IgnoredReason.RETRY_NOT_DIGITS:
            excerpt = one_line(item.value, 60)
            yield Finding(
                "retry-not-a-number",
                f"retry {excerpt!r} is not a number and is ignored",
                item.span,
                "ASCII digits",
                excerpt,
            )
    for retry in stream.of(Retry):
        if not 100 <= retry.ms <= 600_000:
            yield Finding(
                "retry-out-of-range",
                f"the reconnection time is {retry.ms} ms",
                retry.span,
                "100 to 600000 ms",
                str(retry.ms),
            )


@rule("SSE013", Severity.WARNING, Kind.COMPATIBILITY, _INTERPRETATION, framing=Framing.SSE)
def has_no_data_less_block(stream: Transcript) -> Iterator[Finding]:
    """No block without data has an event or id field, or comes after an id.

    What it does: Reports blocks that dispatch no event although they have fields, or although an id was sent before. A
    block with only `retry` is allowed: servers set the reconnection time with it.
    Why it matters: httpx-sse, openai, anthropic and cohere deliver an empty event, and openai-python then raises
    JSONDecodeError. After the first id, every keep-alive comment with a blank line causes it.
    Good: Comment blocks only before the first id, or none.
    Bad: `id: 1` and an event, then `: keep-alive` and a blank line.
    """
    last_id = ""
    for item in stream.items:
        if isinstance(item, Event):
            last_id = item.last_event_id
        elif isinstance(item, Frame) and not item.fields & Fields.DATA:
            if item.fields & (Fields.EVENT | Fields.ID):
                yield Finding(
                    "fields-without-data",
                    "a block has an event or id field but no data",
                    item.span,
                    "a data field, or no such block",
                )
            elif last_id:
                yield Finding(
                    "blank-line-after-id",
                    "a block without data comes after an id",
                    item.span,
                    "no such block",
                )


@rule("SSE014", Severity.INFO, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes", framing=Framing.SSE)
def has_comments(stream: Transcript) -> Iterator[Finding]:
    """The stream has no comments.

    What it does: Counts comment lines. Heartbeats are usually comments, and they are legal.
    Why it matters: google-genai 3.4.0 passes them to its JSON parser and raises an error.
    Good: No comments, if google-genai is one of the clients.
    Bad: `: ping`.
    """
    comments = stream.comments
    if comments:
        excerpt = one_line(comments[0].text, 60)
        yield Finding(
            "comments",
            f"the stream has {len(comments)} comments, the first is {excerpt!r}",
            comments[0].span,
            actual=excerpt,
        )


@rule("SSE015", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def fits_client_limits(stream: Transcript) -> Iterator[Finding]:
    """No event is larger than popular clients accept.

    What it does: Reports events over 128 KiB, and items over sseprobe's own limit.
    Why it matters: The clients named in the finding raise an error or cut the stream.
    Good: One token per event.
    Bad: A document of 2 MiB in one event.
    """
    for item in stream.of(LimitExceeded):
        limit = human_bytes(item.limit_bytes)
        yield Finding(f"{item.kind}-over-limit", f"a {item.kind} is larger than {limit}", item.span, f"at most {limit}")
    smallest = _CLIENT_LIMITS[-1][0]
    for event in stream.events:
        size = event.end - event.start
        if size > smallest:
            limit_bytes, client = next(each for each in _CLIENT_LIMITS if size > each[0])
            problem = f"an event of {human_bytes(size)} is too large for {client}"
            yield Finding("large-event", problem, event.span, f"at most {human_bytes(limit_bytes)}", human_bytes(size))


@rule("SSE016", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_no_other_line_breaks(stream: Transcript) -> Iterator[Finding]:
    """Data contains no character that simple clients treat as a line break.

    What it does: Reports raw U+2028, U+2029, U+0085, VT, FF, FS, GS and RS in data. They are legal and do not end a
    line.
    Why it matters: Clients built on httpx's iter_lines or str.splitlines break the line there: a2a-sdk 1.3.0, ollama
    0.6.3, huggingface_hub.
    Good: `{"text": "a\\u2028b"}`.
    Bad: The same text with a raw U+2028.
    """
    for event in stream.events:
        match = _LINE_BREAKS.search(event.data)
        if match:
            excerpt = f"U+{ord(match[0]):04X}"
            yield Finding(
                "raw-line-break",
                f"data contains an unescaped {excerpt}",
                event.span,
                f"\\u{ord(match[0]):04x}, escaped",
                excerpt,
            )


@rule("SSE017", Severity.INFO, Kind.COMPATIBILITY, _INTERPRETATION, framing=Framing.SSE)
def has_one_data_line(stream: Transcript) -> Iterator[Finding]:
    """Each event has one data line.

    What it does: Reports events with several data fields, which parsers join with LF.
    Why it matters: Line-oriented clients parse each line as a separate document.
    Good: One `data:` line with the whole JSON.
    Bad: A `data:` line for each line of indented JSON.
    """
    for event in stream.events:
        if "\n" in event.data:
            lines = event.data.count("\n") + 1
            yield Finding(
                "several-data-lines", f"an event has {lines} data lines", event.span, "one data line", str(lines)
            )


@rule("SSE018", Severity.WARNING, Kind.COMPATIBILITY, _INTERPRETATION, framing=Framing.SSE)
def has_clean_event_names(stream: Transcript) -> Iterator[Finding]:
    """Event names have no surrounding white space.

    What it does: Reports event names that begin or end with white space. Parsers strip only one space after the colon.
    Why it matters: A listener for the plain name never receives the event.
    Good: `event: message_stop`.
    Bad: `event:  message_stop`, with two spaces.
    """
    for event in stream.events:
        if event.type != event.type.strip():
            yield Finding(
                "space-around-name",
                f"the event name {event.type!r} has surrounding white space",
                event.span,
                repr(event.type.strip()),
                repr(event.type),
            )


@rule("SSE019", Severity.ERROR, Kind.CONFORMANCE, _INTERPRETATION)
def has_events(stream: Transcript) -> Iterator[Finding]:
    """A stream contains at least one event.

    What it does: Reports a body that ended cleanly without any event.
    Why it matters: The body is an HTML page, a JSON document or empty, but labelled as a stream. Clients show an empty
    answer and no error.
    Good: At least one event before the end.
    Bad: `{"error": "…"}` sent as `text/event-stream`.
    """
    if stream.body_end is None:
        raise NotApplicable("the recording has only bytes, not how the body ended")
    if not stream.body_end.is_clean:
        raise NotApplicable("the body was truncated: see TRM001")
    if not stream.events:
        excerpt = one_line(stream.body[:400].decode(errors="replace"), 100) or "an empty body"
        yield Finding(
            "no-events", "the stream has no events", (0, min(len(stream.body), 100)), "at least one event", excerpt
        )
