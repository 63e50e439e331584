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

    What it does: Reports byte sequences that are not valid UTF-8. Parsers that follow the specification replace them
    with U+FFFD.
    Why it matters: Every client shows damaged text; openai-python, anthropic, mistralai and sseclient-py raise
    UnicodeDecodeError.
    Good: `data: é` encoded as C3 A9.
    Bad: `data: é` encoded as E9, in Latin-1.
    """
    for item in stream.of(InvalidUtf8):
        excerpt = item.raw.hex(" ")
        yield Finding(
            "invalid-utf8", f"the body contains bytes that are not UTF-8: {excerpt}", item.span, "valid UTF-8", excerpt
        )


@rule("SSE002", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_no_bom(stream: Transcript) -> Iterator[Finding]:
    """The stream does not start with a byte order mark.

    What it does: Reports EF BB BF as the first three bytes. This is legal: parsers strip it once.
    Why it matters: httpx-sse, httpx2, openai, anthropic, cohere, a2a-sdk and sseclient-py lose the first event.
    Good: `data: a` as the first bytes.
    Bad: EF BB BF, then `data: a`.
    """
    for item in stream.of(Bom):
        yield Finding("bom", "the stream starts with a byte order mark", item.span, "no byte order mark", "ef bb bf")


@rule("SSE003", Severity.ERROR, Kind.CONFORMANCE, _PARSING, framing=Framing.SSE)
def has_no_later_bom(stream: Transcript) -> Iterator[Finding]:
    """No later line starts with a byte order mark.

    What it does: Reports U+FEFF before a field name later in the stream, or a second one at the start.
    Why it matters: The mark becomes part of the field name. The field is then unknown, and its event is lost.
    Good: No byte order mark.
    Bad: EF BB BF before the third event's `data:`, where two files were joined.
    """
    for item in stream.of(IgnoredField):
        if item.name.startswith(_BOM):
            yield Finding(
                "later-bom",
                "a field starts with a byte order mark and is lost",
                item.span,
                "the field name without it",
            )


@rule("SSE004", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_no_lone_cr(stream: Transcript) -> Iterator[Finding]:
    """No line ends with a lone CR.

    What it does: Reports lines that end with CR and no LF, which is legal.
    Why it matters: Clients built on aiohttp do not split lines there; google-genai and eventsource-parser delay the
    last event.
    Good: Lines that end with LF.
    Bad: `data: a`, CR, CR.
    """
    for frame in stream.frames:
        if frame.newlines & Newlines.CR:
            yield Finding("lone-cr", "a line ends with a lone CR", frame.span, "LF", "CR")
            return


@rule("SSE005", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_one_newline_style(stream: Transcript) -> Iterator[Finding]:
    """All lines have the same line ending.

    What it does: Reports a stream that mixes LF, CRLF and CR.
    Why it matters: anthropic and sseclient-py merge or delay events where LF and CRLF meet.
    Good: LF everywhere.
    Bad: Events with LF from the app, and heartbeats with CRLF from a library.
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
    """Lines end with LF, not CRLF.

    What it does: Reports lines that end with CRLF. This is legal, and the default of sse-starlette and the MCP SDK.
    Why it matters: The AG-UI client 1.0.0 splits events at LF LF only. requests-sse adds a blank line where a CRLF is
    split across two reads.
    Good: `data: a`, LF, LF.
    Bad: `data: a`, CR LF, CR LF.
    """
    for frame in stream.frames:
        if frame.newlines & Newlines.CRLF:
            yield Finding("crlf", "lines end with CRLF", frame.span, "LF", "CRLF")
            return


@rule("SSE010", Severity.WARNING, Kind.COMPATIBILITY, _PARSING, framing=Framing.SSE)
def has_space_after_data(stream: Transcript) -> Iterator[Finding]:
    """A space follows `data:`.

    What it does: Reports `data:` followed directly by its value, which is legal.
    Why it matters: google-genai 3.4.0 requires the space, and huggingface_hub 2.4.0 compares the literal text `data:
    [DONE]`.
    Good: `data: a`.
    Bad: `data:a`.
    """
    if stream.body.count(b"data:") == stream.body.count(b"data: "):
        return  # faster than the regular expression
    matches = list(_NO_SPACE.finditer(stream.body))
    if matches:
        count = f"{len(matches)} data fields have" if len(matches) > 1 else "a data field has"
        yield Finding("no-space", f"{count} no space after the colon", matches[0].span(), "data: …", "data:…")
