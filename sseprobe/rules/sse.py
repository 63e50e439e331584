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
    """The last event is ended by a blank line.

    What it does: reports fields that are still pending when the body ends. "Once the end of the file is reached, any
    pending data must be discarded."
    Why it matters: the last token, or the terminator itself, is lost to every client that follows the specification.
    Others deliver it (mistralai, google-genai, sseclient-py), so the bug stays hidden until somebody changes clients.
    Good: `data: [DONE]` and a blank line. Bad: `data: [DONE]`, one newline, end of stream.
    """
    if stream.body_end is not None and not stream.body_end.is_clean:
        raise NotApplicable("the body was cut: see TRM001")
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
    """Payload stands in data fields.

    What it does: reports lines that look like payload but are no known field: bare JSON, ` data:`, `Data:`, the second
    line of a JSON document whose newline was not escaped.
    Why it matters: field names are compared literally, so that the line is ignored and its payload lost.
    Good: `data: {"a": 1}`. Bad: `{"a": 1}` on a line of its own, or `Data: {"a": 1}`.
    """
    unknown = [item for item in stream.of(IgnoredField) if item.reason is IgnoredReason.UNKNOWN_NAME]
    found = [item for item in unknown if looks_like_payload(item)]
    if found:
        shown = one_line(f"{found[0].name}:{found[0].value}" if found[0].value else found[0].name, 160)
        lines = "a line that looks" if len(found) == 1 else f"{len(found)} lines that look"
        are = "is" if len(found) == 1 else "are"
        first = "" if len(found) == 1 else "; the first"
        yield Finding(
            "payload-ignored", f"{lines} like payload {are} ignored{first}: {shown!r}", found[0].span, "data: …", shown
        )


@rule("SSE009", Severity.INFO, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def has_known_fields(stream: Transcript) -> Iterator[Finding]:
    """All fields are known.

    What it does: lists fields that are none of event, data, id and retry, and lines that are no field at all, such as
    those of a web page; all are ignored.
    Why it matters: it is a typing error or an extension; no client sees it.
    Good: `event`, `data`, `id`, `retry`. Bad: `datum: a`.
    """
    lines: list[IgnoredField] = []
    for item in stream.of(IgnoredField):
        if item.reason is not IgnoredReason.UNKNOWN_NAME or looks_like_payload(item) or item.name.startswith(_BOM):
            continue
        if not _FIELD_NAME.fullmatch(item.name):
            lines.append(item)
            continue
        shown = one_line(item.name, 60)
        yield Finding(
            "unknown-field", f"unknown field {shown!r} is ignored", item.span, "event, data, id or retry", shown
        )
    if lines:
        shown = as_sent(lines[0])
        count = "a line that is no field is ignored" if len(lines) == 1 else f"{len(lines)} ignored lines, the first"
        yield Finding("no-field", f"{count}: {shown!r}", lines[0].span, "event, data, id or retry", shown)


@rule("SSE011", Severity.ERROR, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def has_no_nul_in_id(stream: Transcript) -> Iterator[Finding]:
    """No id holds a NUL.

    What it does: reports id fields with U+0000 in their value, which are ignored whole.
    Why it matters: the client keeps the id before, and resumes from the wrong place.
    Good: `id: 7`. Bad: `id: 7` with a NUL behind it.
    """
    for item in stream.of(IgnoredField):
        if item.reason is IgnoredReason.NUL_IN_ID:
            yield Finding(
                "nul-in-id", "an id holds NUL and is ignored", item.span, "an id without NUL", one_line(item.value, 60)
            )


@rule("SSE012", Severity.WARNING, Kind.CONFORMANCE, _INTERPRETATION, framing=Framing.SSE)
def has_sane_retry(stream: Transcript) -> Iterator[Finding]:
    """retry is ASCII digits only, and between 100 and 600,000 ms.

    What it does: reports a retry that browsers ignore, or that makes clients hammer the server or give up.
    Why it matters: Python clients that use int() accept `+5`, `-5` and `1_000`; browsers do not.
    Good: `retry: 3000`. Bad: `retry: 3s`, or `retry: 0`.
    """
    for item in stream.of(IgnoredField):
        if item.reason is IgnoredReason.RETRY_NOT_DIGITS:
            shown = one_line(item.value, 60)
            yield Finding(
                "retry-not-a-number",
                f"retry {shown!r} is not a number and is ignored",
                item.span,
                "ASCII digits",
                shown,
            )
    for retry in stream.of(Retry):
        if not 100 <= retry.ms <= 600_000:
            yield Finding(
                "retry-out-of-range",
                f"a reconnection time of {retry.ms} ms",
                retry.span,
                "100 to 600000 ms",
                str(retry.ms),
            )


@rule("SSE013", Severity.WARNING, Kind.COMPATIBILITY, _INTERPRETATION, framing=Framing.SSE)
def has_no_data_less_block(stream: Transcript) -> Iterator[Finding]:
    """No block without data carries an event or an id, or follows an id.

    What it does: reports blocks that dispatch nothing although they hold fields, or although an id is in force. A block
    of `retry` alone is how servers set the time of reconnection, and is left aside.
    Why it matters: httpx-sse, openai, anthropic and cohere deliver an empty event; openai-python then raises
    JSONDecodeError. After the first id, each keep-alive comment block does it.
    Good: a comment block before the first id, or none. Bad: `id: 1` and an event, then `: keep-alive` and a blank line.
    """
    last_id = ""
    for item in stream.items:
        if isinstance(item, Event):
            last_id = item.last_event_id
        elif isinstance(item, Frame) and not item.fields & Fields.DATA:
            if item.fields & (Fields.EVENT | Fields.ID):
                yield Finding(
                    "fields-without-data",
                    "a block with fields but without data",
                    item.span,
                    "a data field, or no block",
                )
            elif last_id:
                yield Finding(
                    "blank-line-after-id",
                    "a blank line without data while an id is in force",
                    item.span,
                    "no blank line",
                )


@rule("SSE014", Severity.INFO, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes", framing=Framing.SSE)
def has_comments(stream: Transcript) -> Iterator[Finding]:
    """Comments are counted.

    What it does: tells how many comment lines there are; heartbeats usually are comments.
    Why it matters: google-genai 3.4.0 feeds them to its JSON parser and raises.
    Good: no comments, if google-genai is among the clients. Bad: `: ping`.
    """
    comments = stream.comments
    if comments:
        shown = one_line(comments[0].text, 60)
        yield Finding("comments", f"{len(comments)} comments, the first is {shown!r}", comments[0].span, actual=shown)


@rule("SSE015", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def fits_client_limits(stream: Transcript) -> Iterator[Finding]:
    """No event is larger than popular clients accept.

    What it does: reports events over 128 KiB, and what was too large to be read here.
    Why it matters: the clients named in the finding raise, or cut the stream.
    Good: one token an event. Bad: a whole document of 2 MiB in one event.
    """
    for item in stream.of(LimitExceeded):
        limit = human_bytes(item.limit_bytes)
        yield Finding(f"{item.kind}-over-limit", f"a {item.kind} of more than {limit}", item.span, f"at most {limit}")
    smallest = _CLIENT_LIMITS[-1][0]
    for event in stream.events:
        size = event.end - event.start
        if size > smallest:
            limit_bytes, client = next(each for each in _CLIENT_LIMITS if size > each[0])
            said = f"an event of {human_bytes(size)}: too large for {client}"
            yield Finding("large-event", said, event.span, f"at most {human_bytes(limit_bytes)}", human_bytes(size))


@rule("SSE016", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_no_other_line_breaks(stream: Transcript) -> Iterator[Finding]:
    """Data holds none of the characters at which naïve clients break lines.

    What it does: reports raw U+2028, U+2029, U+0085, VT, FF, FS, GS and RS in data. They are legal, and end no line.
    Why it matters: clients on httpx's iter_lines or str.splitlines break there: a2a-sdk 1.3.0, ollama 0.6.3,
    huggingface_hub.
    Good: `{"text": "a\\u2028b"}`. Bad: the same with U+2028 raw.
    """
    for event in stream.events:
        match = _LINE_BREAKS.search(event.data)
        if match:
            shown = f"U+{ord(match[0]):04X}"
            yield Finding(
                "raw-line-break", f"{shown} stands raw in data", event.span, f"\\u{ord(match[0]):04x}, escaped", shown
            )


@rule("SSE017", Severity.INFO, Kind.COMPATIBILITY, _INTERPRETATION, framing=Framing.SSE)
def has_one_data_line(stream: Transcript) -> Iterator[Finding]:
    """An event's data is one line.

    What it does: tells events with several data fields, which are joined by LF.
    Why it matters: line-oriented clients parse each line as a document of its own.
    Good: one `data:` line with all of the JSON. Bad: a `data:` line for each line of indented JSON.
    """
    for event in stream.events:
        if "\n" in event.data:
            lines = event.data.count("\n") + 1
            yield Finding(
                "several-data-lines", f"an event with {lines} data lines", event.span, "one data line", str(lines)
            )


@rule("SSE018", Severity.WARNING, Kind.COMPATIBILITY, _INTERPRETATION, framing=Framing.SSE)
def has_clean_event_names(stream: Transcript) -> Iterator[Finding]:
    """Event names have no white space around them.

    What it does: reports an event name that begins or ends with white space: one space only is stripped.
    Why it matters: a listener for the bare name never hears it.
    Good: `event: message_stop`. Bad: `event:  message_stop`, with two spaces.
    """
    for event in stream.events:
        if event.type != event.type.strip():
            yield Finding(
                "space-around-name",
                f"event name {event.type!r}",
                event.span,
                repr(event.type.strip()),
                repr(event.type),
            )


@rule("SSE019", Severity.ERROR, Kind.CONFORMANCE, _INTERPRETATION)
def has_events(stream: Transcript) -> Iterator[Finding]:
    """A stream has events.

    What it does: reports a body that ended well and dispatched not one event.
    Why it matters: it is an HTML page, a JSON document or nothing at all, labelled as a stream: clients show an empty
    answer, and no error.
    Good: at least one event before the end. Bad: `{"error": "…"}` as `text/event-stream`.
    """
    if stream.body_end is None:
        raise NotApplicable("only bytes are known, and no stream")
    if not stream.body_end.is_clean:
        raise NotApplicable("the body was cut: see TRM001")
    if not stream.events:
        shown = one_line(stream.body[:400].decode(errors="replace"), 100) or "an empty body"
        yield Finding("no-events", "not one event came", (0, min(len(stream.body), 100)), "at least one event", shown)
