"""What is seen of one stream as it comes: the request, the head of the answer, reads, chunks, and how it ended.

Times are integers of nanoseconds since t0, just before connecting.
"""

from enum import StrEnum

from msgspec import Struct


class Request(Struct, frozen=True):
    """What is sent. `url` and `headers` are as given, credentials included: redact before showing."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None = None


class Clock(StrEnum):
    """Who stamped a read: the kernel when the packet came in, or this process when it returned from the call."""

    KERNEL = "kernel"
    USER = "user"


class Read(Struct, frozen=True, gc=False):
    """One return from the socket: the atom of timing.

    `t_ns`: arrival of its last segment. `lag_ns`: how much later this process had it, None without the kernel's clock.
    `blind_ns`: for how long before this read nobody was listening; what came in meanwhile arrived unseen.
    """

    index: int
    t_ns: int
    clock: Clock
    lag_ns: int | None
    blind_ns: int


class Chunk(Struct, frozen=True, gc=False):
    """One piece of body, content-decoded, and the read that completed it."""

    data: bytes
    read: Read


class Head(Struct, frozen=True):
    """The head of a response. `url` is where it came from, after redirects."""

    status: int
    reason: str
    http_version: str
    headers: list[tuple[str, str]]
    url: str
    t_ns: int

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class Redirect(Struct, frozen=True):
    """One redirect that was followed."""

    status: int
    url: str
    location: str


class BodyEnd(StrEnum):
    """How the body ended on the wire, before any question of meaning."""

    LAST_CHUNK = "last-chunk"
    CONTENT_LENGTH = "content-length"
    END_STREAM = "end-stream"
    CLOSE = "connection-close"
    LEFT_OPEN = "left-open"
    """The terminator came, and then neither bytes nor an end."""
    MISSING_LAST_CHUNK = "missing-last-chunk"
    SHORT_BODY = "short-body"
    TLS_CUT = "tls-cut"
    RESET = "reset"
    PROTOCOL_ERROR = "protocol-error"
    IDLE_TIMEOUT = "idle-timeout"
    TOTAL_TIMEOUT = "total-timeout"
    ABORT = "abort"
    LIMIT = "limit"

    @property
    def is_clean(self) -> bool:
        """Whether HTTP calls this body complete (RFC 9112 section 8): also one that closing ends, if TLS agrees."""
        return self in _CLEAN


_CLEAN = frozenset({BodyEnd.LAST_CHUNK, BodyEnd.CONTENT_LENGTH, BodyEnd.END_STREAM, BodyEnd.CLOSE, BodyEnd.LEFT_OPEN})


class Ending(StrEnum):
    """What became of the stream."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    ERROR = "error"
    RESET = "reset"
    IDLE_TIMEOUT = "idle-timeout"
    TOTAL_TIMEOUT = "total-timeout"
    ABORTED = "aborted"
    LIMIT = "limit"
