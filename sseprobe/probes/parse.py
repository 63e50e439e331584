"""`parse`: parses recorded bytes as the specification says, and judges them by the wire rules."""

from io import BytesIO

from msgspec import Struct

from sseprobe import dialects, exit_codes
from sseprobe.rules import Severity, run, wire_rules
from sseprobe.sse import Comment
from sseprobe.sse.framing import Framing
from sseprobe.streams.body_framing import are_lines, framing_of
from sseprobe.streams.cassette import is_cassette, load
from sseprobe.streams.transcript import transcribe
from sseprobe.text import one_line, to_json, visible
from sseprobe.units import human_bytes


class ParsedEvent(Struct, frozen=True):
    """An event of the output. `span`: byte range in the body."""

    type: str
    data: str
    last_event_id: str
    span: tuple[int, int]


class ParsedFinding(Struct, frozen=True):
    """A finding of the output. `span`: byte range in the body, None where it concerns the whole body."""

    rule: str
    key: str
    severity: Severity
    message: str
    span: tuple[int, int] | None


class Parsed(Struct, frozen=True):
    """The contents of one file. `tail_bytes`: after the last blank line."""

    file: str
    events: list[ParsedEvent]
    comments: int
    retry_ms: int | None
    last_event_id: str
    tail_bytes: int
    findings: list[ParsedFinding]
    framing: Framing = Framing.SSE

    @property
    def exit_code(self) -> int:
        """FAIL if a finding has the severity error, else PASS."""
        has_error = any(finding.severity is Severity.ERROR for finding in self.findings)
        return exit_codes.FAIL if has_error else exit_codes.PASS


def parse_bytes(name: str, data: bytes) -> Parsed:
    """Parses the bytes of a body, or those in a cassette. Raises UsageError for a broken cassette."""
    framing = Framing.SSE
    if is_cassette(data):
        cassette = load(BytesIO(data), name)
        data = cassette.body
        recorded = cassette.opening.dialect
        dialect = dialects.by_name(recorded if recorded in dialects.NAMES else dialects.PLAIN)
        framing = framing_of(cassette.head, (chunk.data for chunk in cassette.chunks), dialect)
    elif are_lines(data):
        framing = Framing.LINES
    stream = transcribe(data, framing)
    # The wire rules are for event streams.
    rules = wire_rules() if framing is Framing.SSE else []
    return Parsed(
        file=name,
        events=[ParsedEvent(event.type, event.data, event.last_event_id, event.span) for event in stream.events],
        comments=sum(isinstance(item, Comment) for item in stream.items),
        retry_ms=stream.retry_ms,
        last_event_id=stream.last_event_id,
        tail_bytes=stream.tail.end - stream.tail.start if stream.tail else 0,
        findings=[
            ParsedFinding(rule.id, rule.key_of(finding), rule.severity, finding.message, finding.span)
            for rule, finding in run(rules, stream)
        ],
        framing=framing,
    )


def render(parsed: Parsed, name: str) -> str:
    """As one line of JSON (`name` is `json`), or as text."""
    return to_json(parsed) + "\n" if name == "json" else "".join(f"{line}\n" for line in _lines(parsed))


def _lines(parsed: Parsed) -> list[str]:
    retry = "" if parsed.retry_ms is None else f", retry {parsed.retry_ms} ms"
    last_id = f", last event id {one_line(parsed.last_event_id, 60)!r}" if parsed.last_event_id else ""
    tail = f", {human_bytes(parsed.tail_bytes)} after the last blank line" if parsed.tail_bytes else ""
    what = "JSON lines, not an event stream: " if parsed.framing is Framing.LINES else ""
    counts = f"{what}{len(parsed.events)} events, {parsed.comments} comments{retry}{last_id}{tail}"
    lines = [f"{visible(parsed.file)}: {counts}"]
    for event in parsed.events:
        where = f"{event.span[0]}-{event.span[1]}"
        lines.append(f"  {where:>13}  {one_line(event.type, 40)}  {visible(event.data).replace(chr(10), '↵')}")
    for finding in parsed.findings:
        where = f"bytes {finding.span[0]}-{finding.span[1]}" if finding.span else "whole body"
        lines.append(f"  {finding.rule} {finding.severity}, {where}: {visible(finding.message)}")
    return lines
