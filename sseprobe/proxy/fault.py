"""What a fault is: a small sans-IO part of a proxy. Heads, body and time come in, actions come out; nothing waits.

An exchange is one request and its response. Its faults form a pipeline, the first one nearest to the upstream: what
one sends is what the next one gets. Times are on the monotonic clock, in ns. What a fault does not override passes
unchanged.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

Headers = list[tuple[bytes, bytes]]


class Head(Struct):
    """Headers in their order, as they were written."""

    headers: Headers

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def remove(self, name: bytes) -> None:
        """Removes every header of this name; `name` in lower case."""
        self.headers = [(key, value) for key, value in self.headers if key.lower() != name]

    def replace(self, name: bytes, value: bytes) -> None:
        """Sets a header to one value, in the place where it stood first."""
        kept: Headers = []
        for key, old in self.headers:
            if key.lower() != name.lower():
                kept.append((key, old))
            elif not any(each.lower() == name.lower() for each, _ in kept):
                kept.append((key, value))
        if len(kept) == len(self.headers) and self.header(name.lower()) is None:
            kept.append((name, value))
        self.headers = kept


class RequestHead(Head):
    """The head of a request. `version`: `1.0` or `1.1`. A fault may change it in place before it goes upstream."""

    method: bytes
    target: bytes
    version: bytes = b"1.1"


class ResponseHead(Head):
    """The head of a response. A fault may change it in place before it goes downstream."""

    status: int
    reason: bytes = b""
    version: bytes = b"1.1"

    @property
    def content_type(self) -> bytes:
        """The media type in lower case, without parameters; empty if there is none."""
        return (self.header(b"content-type") or b"").partition(b";")[0].strip().lower()


class Close(StrEnum):
    """How one side closes a TCP connection.

    From a client, FIN may be a half-close: it has sent all, and still reads. Towards a client, FIN in the middle of a
    body means that HTTP's last chunk is missing.
    """

    FIN = "fin"
    RST = "rst"


class Send(Struct, frozen=True):
    """These bytes of body go on."""

    data: bytes


class End(Struct, frozen=True):
    """The body is complete."""


class Break(Struct, frozen=True):
    """The body ends here, incomplete."""

    how: Close = Close.FIN


class Refuse(Struct, frozen=True):
    """A response of the proxy's own, if the head has not gone downstream yet; else the body breaks, as `otherwise`."""

    status: int
    message: str
    otherwise: Close = Close.FIN


class Wake(Struct, frozen=True):
    """Calls `on_wake` of this fault at that time, and at no earlier time it asked for; None: not at all."""

    at_ns: int | None


Action = Send | End | Break | Refuse | Wake
NOTHING: Final[tuple[Action, ...]] = ()

MAX_HELD: Final = 64 * 1024 * 1024
"""What a fault may hold back at most, in bytes. Beyond it, it passes data on."""


class Fault:
    """One named misbehaviour of a proxy. Made anew for each exchange, so that it may keep a state.

    `holds_head`: the head of the response waits, for the first byte of body at the longest; it may change its mind
    after each call. `touches_body`, `alters_length`: false where the body's bytes, or at least their number, stay the
    same. `reads_client`: false: the client's socket is not read during the response, so that a disconnect is noticed
    by writing only.
    """

    holds_head: bool = False
    touches_body: bool = True
    alters_length: bool = False
    reads_client: bool = True

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """A request is about to go upstream; `head` may be changed."""
        del head, t_ns
        return NOTHING

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """The head of its response has come; `head` may be changed. Not called for interim responses (1xx)."""
        del head, t_ns
        return NOTHING

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Some of the body has come."""
        del t_ns
        return (Send(data),)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        """The body is complete: what is held goes, then `End`."""
        return (*self.flush(t_ns), End())

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """The body has ended too early: what is held goes, then the break."""
        return (*self.flush(t_ns), broken)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        """The time that was asked for has come."""
        del t_ns
        return NOTHING

    def flush(self, t_ns: int) -> Iterable[Action]:
        """What is held back, as `Send`."""
        del t_ns
        return NOTHING

    def closes_upstream_on(self, close: Close) -> bool:
        """Whether the upstream connection is closed when the client closes its own like that."""
        del close
        return True


FaultFactory = Callable[[], Fault]
"""Makes a fault. Faults have a state, so each exchange gets new ones."""


def is_event_stream(head: ResponseHead) -> bool:
    """Whether the media type is exactly text/event-stream."""
    return head.content_type == b"text/event-stream"


def has_token(head: Head, name: bytes, token: bytes) -> bool:
    """Whether a list-valued header holds a token, in any case; `token` in lower case."""
    return any(
        part.strip().lower() == token
        for key, value in head.headers
        if key.lower() == name
        for part in value.split(b",")
    )


def copy_of(head: ResponseHead) -> ResponseHead:
    """A copy that may be changed without changing this one."""
    return msgspec.structs.replace(head, headers=list(head.headers))
