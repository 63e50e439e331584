"""Family SSE: bytes, byte order marks and line ends, WHATWG HTML 9.2.5. Clients named here were measured."""

import re
from collections.abc import Iterator
from typing import Final

from sseprobe.rules.base import WHATWG, Finding, Kind, Severity, rule
from sseprobe.sse import (
    Bom,
    IgnoredField,
    InvalidUtf8,
    Newlines,
)
from sseprobe.sse.framing import Framing
from sseprobe.streams.transcript import Transcript

_PARSING: Final = f"{WHATWG}#parsing-an-event-stream"
_BOM: Final = "\ufeff"
_NO_SPACE: Final = re.compile(rb"(?:^|(?<=[\r\n]))data:(?=[^ \r\n])")


@rule("SSE001", Severity.ERROR, Kind.CONFORMANCE, _PARSING, framing=Framing.SSE)
def is_utf8(stream: Transcript) -> Iterator[Finding]:
    """The body is valid UTF-8.

    What it does: reports byte sequences that are not UTF-8. The specification replaces them by U+FFFD.
    Why it matters: the text is damaged in every client, and openai-python, anthropic, mistralai and sseclient-py raise
    UnicodeDecodeError.
    Good: `data: é` as C3 A9. Bad: `data: é` as E9, in Latin-1.
    """
    for item in stream.of(InvalidUtf8):
        shown = item.raw.hex(" ")
        yield Finding("invalid-utf8", f"bytes that are not UTF-8: {shown}", item.span, "valid UTF-8", shown)


@rule("SSE002", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_no_bom(stream: Transcript) -> Iterator[Finding]:
    """The stream does not begin with a byte order mark.

    What it does: reports EF BB BF as the first three bytes. It is legal, and stripped once.
    Why it matters: httpx-sse, httpx2, openai, anthropic, cohere, a2a-sdk and sseclient-py lose the first event.
    Good: `data: a` as the first bytes. Bad: EF BB BF, then `data: a`.
    """
    for item in stream.of(Bom):
        yield Finding("bom", "the stream begins with a byte order mark", item.span, "no byte order mark", "ef bb bf")


@rule("SSE003", Severity.ERROR, Kind.CONFORMANCE, _PARSING, framing=Framing.SSE)
def has_no_later_bom(stream: Transcript) -> Iterator[Finding]:
    """No line but the first begins with a byte order mark.

    What it does: reports U+FEFF before a field name later in the stream, or a second one at its start.
    Why it matters: it becomes part of the name, so that the field is unknown and its event is lost.
    Good: a byte order mark nowhere. Bad: EF BB BF before the third event's `data:`, where two files were joined.
    """
    for item in stream.of(IgnoredField):
        if item.name.startswith(_BOM):
            yield Finding(
                "later-bom",
                "a byte order mark stands before a field, which is lost",
                item.span,
                "the field's name alone",
            )


@rule("SSE004", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_no_lone_cr(stream: Transcript) -> Iterator[Finding]:
    """No line ends with a lone CR.

    What it does: reports lines that end with CR without LF, which is legal.
    Why it matters: clients built on aiohttp never split there; google-genai and eventsource-parser hold the last event.
    Good: lines that end with LF. Bad: `data: a`, CR, CR.
    """
    for frame in stream.frames:
        if frame.newlines & Newlines.CR:
            yield Finding("lone-cr", "a line ends with a lone CR", frame.span, "LF", "CR")
            return


@rule("SSE005", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_one_newline_style(stream: Transcript) -> Iterator[Finding]:
    """All lines end alike.

    What it does: reports a stream that mixes LF, CRLF and CR.
    Why it matters: anthropic and sseclient-py merge or delay events where LF meets CRLF.
    Good: LF everywhere. Bad: events with LF from the app, and CRLF heartbeats from a library.
    """
    styles = 0
    for frame in stream.frames:
        styles |= frame.newlines
        if styles.bit_count() > 1:
            kinds = [name for name in ("LF", "CRLF", "CR") if styles & getattr(Newlines, name)]
            yield Finding(
                "mixed-newlines",
                f"line endings are mixed: {' and '.join(kinds)}",
                frame.span,
                "one style",
                ", ".join(kinds),
            )
            return


@rule("SSE006", Severity.INFO, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_crlf(stream: Transcript) -> Iterator[Finding]:
    """Lines end with LF rather than CRLF.

    What it does: tells that lines end with CRLF, which is legal and the default of sse-starlette and the MCP SDK.
    Why it matters: the AG-UI client 1.0.0 splits at LF LF only; requests-sse makes an extra blank line of a CRLF that
    two reads cut apart.
    Good: `data: a`, LF, LF. Bad: `data: a`, CR LF, CR LF.
    """
    for frame in stream.frames:
        if frame.newlines & Newlines.CRLF:
            yield Finding("crlf", "lines end with CRLF", frame.span, "LF", "CRLF")
            return


@rule("SSE010", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_space_after_data(stream: Transcript) -> Iterator[Finding]:
    """A space follows `data:`.

    What it does: reports `data:` followed at once by its value, which is legal.
    Why it matters: google-genai 3.4.0 requires the space, and huggingface_hub 2.4.0 compares `data: [DONE]` literally.
    Good: `data: a`. Bad: `data:a`.
    """
    if stream.body.count(b"data:") == stream.body.count(b"data: "):
        return  # quicker than looking at each
    matches = list(_NO_SPACE.finditer(stream.body))
    if matches:
        count = f"{len(matches)} data fields have" if len(matches) > 1 else "a data field has"
        yield Finding("no-space", f"{count} no space after the colon", matches[0].span(), "data: …", "data:…")
