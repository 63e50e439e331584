"""Cassettes: one recorded stream as JSON lines, version 1. Load of save is identity, byte for byte.

First line: what this is, and the request without its credentials. Then the head, one line per chunk (with its read),
and how the body ended. A recording that was cut short lacks its last line, and loads as aborted.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from sseprobe.errors import UsageError
from sseprobe.redaction import Redactor, redact_headers, redact_url
from sseprobe.text import to_json
from sseprobe.transcript import BodyEnd, Chunk, Clock, Head, Read, Request

VERSION: Final = 1
MAGIC: Final = b'{"sseprobe_cassette":'

_Count = Annotated[int, Meta(ge=0)]


class Opening(Struct, frozen=True):
    """The first line. `body`: of the request, as text."""

    sseprobe_cassette: int
    recorded_at: str
    method: str
    url: str
    headers: list[tuple[str, str]]
    body: str | None
    dialect: str


class _HeadLine(Struct, frozen=True):
    head: Head


class _ChunkLine(Struct, frozen=True, omit_defaults=True, tag_field="line", tag="chunk"):
    read: _Count
    t_ns: int
    clock: Clock
    lag_ns: int | None
    blind_ns: int
    text: str | None = None
    base64: str | None = None


class End(Struct, frozen=True, tag_field="line", tag="end"):
    """The last line. `problem`: what broke the body, if anything did."""

    end: BodyEnd
    t_ns: int
    problem: str | None = None


class Cassette(Struct, frozen=True):
    """One recorded stream."""

    opening: Opening
    head: Head
    chunks: list[Chunk]
    end: End

    @property
    def body(self) -> bytes:
        """The whole body, content-decoded."""
        return b"".join(chunk.data for chunk in self.chunks)


class Recorder:
    """Makes the lines of a cassette, with every credential masked."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def opening(self, request: Request, dialect: str, recorded_at: str) -> bytes:
        """The first line. `recorded_at`: ISO 8601."""
        body = None if request.body is None else self._redact(request.body.decode(errors="replace"))
        url = self._redact(redact_url(request.url))
        headers = redact_headers(request.headers)
        return _line(Opening(VERSION, recorded_at, request.method, url, headers, body, dialect))

    def head(self, head: Head) -> bytes:
        """The line of the response's head."""
        masked = [(name, self._redact(value)) for name, value in redact_headers(head.headers)]
        return _line(_HeadLine(msgspec.structs.replace(head, headers=masked, url=redact_url(head.url))))

    def chunk(self, chunk: Chunk) -> bytes:
        """The line of a chunk."""
        return _chunk_line(Chunk(self._redact.raw(chunk.data), chunk.read))

    def end(self, end: BodyEnd, t_ns: int, problem: str | None) -> bytes:
        """The last line."""
        return _line(End(end, t_ns, problem))


def save(cassette: Cassette) -> bytes:
    """The cassette as it stands in a file."""
    parts = [_line(cassette.opening), _line(_HeadLine(cassette.head))]
    parts += [_chunk_line(chunk) for chunk in cassette.chunks]
    return b"".join([*parts, _line(cassette.end)])


def load(lines: Iterable[bytes], name: str) -> Cassette:
    """Reads a cassette. Raises UsageError for what is none; `name` is for the message."""
    numbered = enumerate((line for line in lines if line.strip()), start=1)
    opening: Opening = _decode(numbered, Opening, name)
    if opening.sseprobe_cassette != VERSION:
        raise UsageError(
            f"{name}: a cassette of version {opening.sseprobe_cassette}; this sseprobe reads version {VERSION}."
        )
    head: Head = _decode(numbered, _HeadLine, name).head
    chunks: list[Chunk] = []
    end: End | None = None
    for number, line in numbered:
        if end is not None:
            raise UsageError(f"{name}, line {number}: something follows the end of the recording.")
        entry = _decode(iter([(number, line)]), _ChunkLine | End, name)
        if isinstance(entry, End):
            end = entry
        else:
            chunks.append(_chunk(entry, number, name))
    last_ns = chunks[-1].read.t_ns if chunks else head.t_ns
    return Cassette(opening, head, chunks, end or End(BodyEnd.ABORT, last_ns, "the recording was cut short"))


def _decode(numbered: Iterator[tuple[int, bytes]], kind: Any, name: str) -> Any:
    number, line = next(numbered, (0, b""))
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        where = f"{name}, line {number}" if number else name
        raise UsageError(f"{where}: not a cassette as sseprobe writes it ({error}).") from error


def _chunk(entry: _ChunkLine, number: int, name: str) -> Chunk:
    read = Read(entry.read, entry.t_ns, entry.clock, entry.lag_ns, entry.blind_ns)
    if entry.text is not None:
        return Chunk(entry.text.encode(), read)
    try:
        return Chunk(base64.b64decode(entry.base64 or "", validate=True), read)
    except ValueError as error:
        raise UsageError(f"{name}, line {number}: not a cassette as sseprobe writes it ({error}).") from error


def _chunk_line(chunk: Chunk) -> bytes:
    read = chunk.read
    try:
        text, encoded = chunk.data.decode(), None
    except UnicodeDecodeError:
        text, encoded = None, base64.b64encode(chunk.data).decode()
    return _line(_ChunkLine(read.index, read.t_ns, read.clock, read.lag_ns, read.blind_ns, text, encoded))


def _line(value: Struct) -> bytes:
    return to_json(value).encode() + b"\n"
