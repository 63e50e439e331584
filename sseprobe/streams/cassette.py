"""Cassettes: one recorded stream as JSON lines, version 1 (docs/recordings.md). Load of save is identity, both ways.

First line: what this is, and the request without its credentials. Then the head, one line per chunk (with its read),
and how the body ended. A recording that was cut short lacks its last line, or half of it, and loads as aborted.

Strings hold Unicode scalars: a lone surrogate, which no JSON can carry, is written as U+FFFD.
"""

import base64
import re
from collections.abc import Iterator
from typing import IO, Annotated, Any, Final, NoReturn

import msgspec
from msgspec import Meta, Struct

from sseprobe.errors import UsageError
from sseprobe.http_exchange import BodyEnd, Chunk, Clock, Head, Read, Request
from sseprobe.redaction import Redactor, redact_headers, redact_url
from sseprobe.text import one_line, to_json
from sseprobe.units import human_bytes

VERSION: Final = 1
MAX_LINE_BYTES: Final = 64 * 1024 * 1024
_MAGIC: Final = re.compile(rb'\s*\{\s*"sseprobe_cassette"\s*:')
_CUT_SHORT: Final = "the recording was cut short"

_Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Opening(Struct, frozen=True):
    """The first line. `body`: of the request, as text."""

    sseprobe_cassette: int
    recorded_at: str
    method: str
    url: str
    headers: list[tuple[str, str]]
    body: str | None
    dialect: str


class _Version(Struct, frozen=True):
    sseprobe_cassette: int


class _HeadLine(Struct, frozen=True):
    head: Head


class _ChunkLine(Struct, frozen=True, omit_defaults=True, tag_field="line", tag="chunk", gc=False):
    read: _Count
    t_ns: _Count
    clock: Clock
    lag_ns: _Count | None
    blind_ns: _Count
    text: str | None = None
    base64: str | None = None


class End(Struct, frozen=True, tag_field="line", tag="end"):
    """The last line. `problem`: what broke the body, if anything did."""

    end: BodyEnd
    t_ns: _Count
    problem: str | None = None


class Cassette(Struct, frozen=True):
    """One recorded stream. `last`: the line of its end, None where the recording was cut short."""

    opening: Opening
    head: Head
    chunks: list[Chunk]
    last: End | None

    @property
    def end(self) -> End:
        """How the body ended; aborted, if nobody was there to record it."""
        return self.last or End(BodyEnd.ABORT, self.chunks[-1].read.t_ns if self.chunks else self.head.t_ns, _CUT_SHORT)

    @property
    def body(self) -> bytes:
        return b"".join(chunk.data for chunk in self.chunks)


class Recorder:
    """Makes the lines of a cassette, with every credential masked, also one that is spread over several chunks."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._held: list[Chunk] = []  # they end in what may be the beginning of a credential

    def opening(self, request: Request, dialect: str, recorded_at: str) -> bytes:
        """The first line. `recorded_at`: ISO 8601."""
        body = None if request.body is None else self._redact(request.body.decode(errors="replace"))
        url, headers = self._url(request.url), self._headers(request.headers)
        return _line(Opening(VERSION, recorded_at, request.method, url, headers, body, dialect))

    def head(self, head: Head) -> bytes:
        """The line of the response's head."""
        reason, url, headers = self._redact(head.reason), self._url(head.url), self._headers(head.headers)
        return _line(_HeadLine(msgspec.structs.replace(head, reason=reason, headers=headers, url=url)))

    def chunk(self, chunk: Chunk) -> bytes:
        """The lines of the chunks that are known to end in no credential: mostly this one."""
        held = [*self._held, chunk]
        data = self._redact.raw(b"".join(each.data for each in held))
        ready = len(data) - self._redact.raw_held_back(data)
        lines, self._held = [], []
        start = 0
        for each in held:
            masked = Chunk(data[start : start + len(each.data)], each.read)
            start += len(each.data)
            if start <= ready:
                lines.append(_chunk_line(masked))
            else:
                self._held.append(masked)
        return b"".join(lines)

    def end(self, end: BodyEnd, t_ns: int, problem: str | None) -> bytes:
        """The last line, and those that were held back."""
        lines = [_chunk_line(chunk) for chunk in self._held]
        self._held = []
        return b"".join([*lines, _line(End(end, t_ns, problem and self._redact(problem)))])

    def _url(self, url: str) -> str:
        return self._redact(redact_url(url))

    def _headers(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, self._redact(value)) for name, value in redact_headers(headers)]


def is_cassette(data: bytes) -> bool:
    """Whether this is the beginning of a cassette."""
    return _MAGIC.match(data) is not None


def save(cassette: Cassette) -> bytes:
    """The cassette as it stands in a file."""
    parts = [_line(cassette.opening), _line(_HeadLine(cassette.head))]
    parts += [_chunk_line(chunk) for chunk in cassette.chunks]
    if cassette.last is not None:
        parts.append(_line(cassette.last))
    return b"".join(parts)


def load(file: IO[bytes], name: str) -> Cassette:
    """Reads a cassette. Raises UsageError for what is none; `name` is for the message, which gives the line too."""
    lines = _Lines(file, name)
    opening = _opening(lines)
    head = _head(lines)
    chunks: list[Chunk] = []
    end: End | None = None
    last_read, last_ns = 0, head.t_ns
    decode = msgspec.json.Decoder(_ChunkLine | End).decode
    for line in lines:
        if end is not None:
            lines.fail("there are lines after the end of the recording")
        try:
            entry = decode(line)
        except _UNREADABLE as error:
            if lines.is_torn:
                break
            lines.fail_to_decode(error)
        if entry.t_ns < last_ns:
            lines.fail(f"its time runs backwards: {entry.t_ns} ns after {last_ns} ns")
        last_ns = entry.t_ns
        if isinstance(entry, End):
            end = entry
            continue
        if entry.read < last_read:
            lines.fail(f"its reads run backwards: read {entry.read} after read {last_read}")
        last_read = entry.read
        read = Read(entry.read, entry.t_ns, entry.clock, entry.lag_ns, entry.blind_ns)
        chunks.append(Chunk(_data(entry, lines), read))
    return Cassette(opening, head, chunks, end)


_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Lines:
    """The lines of a file that are not blank. `is_torn`: the last one handed out lacks its end, as the file ends."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._number = 0
        self.is_torn = False

    def __iter__(self) -> Iterator[bytes]:
        readline = self._file.readline
        while line := readline(MAX_LINE_BYTES + 1):
            self._number += 1
            if line[-1] != 0x0A:
                self.is_torn = True
                if len(line) > MAX_LINE_BYTES:
                    self.fail(f"it is longer than {human_bytes(MAX_LINE_BYTES)}, the limit for a line")
            if not line.isspace():
                yield line

    def take(self) -> bytes:
        """The next line, empty at the end of the file."""
        return next(iter(self), b"")

    def fail(self, problem: str) -> NoReturn:
        """Raises UsageError for this line."""
        raise UsageError(f"{self._name}, line {self._number}: {problem}. Record the stream again, or fix the file.")

    def fail_to_decode(self, error: Exception) -> NoReturn:
        """The same for a line that is not what it should be."""
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else one_line(str(error))
        self.fail(f"not a line as sseprobe writes it ({problem})")

    def fail_as_a_whole(self, problem: str) -> NoReturn:
        """Raises UsageError for the file."""
        raise UsageError(f"{self._name}: {problem}. Record a cassette with: sseprobe stream URL --record PATH.")


def _opening(lines: _Lines) -> Opening:
    line = lines.take()
    if not line:
        lines.fail_as_a_whole("the file is empty: no stream was recorded")
    if not is_cassette(line):
        begins = one_line(line[:200].decode(errors="replace"), 60)
        expected = f'{{"sseprobe_cassette":{VERSION},…'
        lines.fail_as_a_whole(f"not a cassette: expected {expected} at its start, read {begins!r}")
    try:
        version = msgspec.json.decode(line, type=_Version).sseprobe_cassette
        if version > VERSION:
            lines.fail_as_a_whole(
                f"a cassette of version {version}; this sseprobe reads version {VERSION}: update sseprobe"
            )
        if version != VERSION:
            lines.fail(f"there is no version {version} of cassettes; this sseprobe reads version {VERSION}")
        return msgspec.json.decode(line, type=Opening)
    except _UNREADABLE as error:
        _fail_before_the_head(lines, error)


def _head(lines: _Lines) -> Head:
    line = lines.take()
    if not line:
        _fail_before_the_head(lines, None)
    try:
        head = msgspec.json.decode(line, type=_HeadLine).head
    except _UNREADABLE as error:
        _fail_before_the_head(lines, error)
    if not 0 <= head.t_ns < 2**63:
        lines.fail(f"the time of the head is {head.t_ns} ns, expected 0 or more")
    if not 200 <= head.status <= 999:
        lines.fail(f"{head.status} is not the status of a response")
    return head


def _fail_before_the_head(lines: _Lines, error: Exception | None) -> NoReturn:
    if error is None or lines.is_torn:
        lines.fail_as_a_whole("the recording was cut short before the response head: it holds no stream")
    lines.fail_to_decode(error)


def _data(entry: _ChunkLine, lines: _Lines) -> bytes:
    if (entry.text is None) == (entry.base64 is None):
        lines.fail("a chunk has either text or base64")
    if entry.text is not None:
        return entry.text.encode()
    try:
        return base64.b64decode(entry.base64 or "", validate=True)
    except ValueError as error:
        lines.fail(f"invalid base64 ({error})")


def _chunk_line(chunk: Chunk) -> bytes:
    read = chunk.read
    try:
        text, encoded = chunk.data.decode(), None
    except UnicodeDecodeError:
        text, encoded = None, base64.b64encode(chunk.data).decode()
    return _line(_ChunkLine(read.index, read.t_ns, read.clock, read.lag_ns, read.blind_ns, text, encoded))


def _line(value: Any) -> bytes:
    return to_json(value).encode() + b"\n"
