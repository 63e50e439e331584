"""`heartbeat:S`: comments during silence."""

from collections.abc import Iterable
from typing import Final

from sseprobe.proxy.event_boundaries import EventBoundaries
from sseprobe.proxy.fault import Action, Break, End, Fault, ResponseHead, Send, Wake, is_event_stream
from sseprobe.proxy.fault_kind import FaultKind, one, seconds
from sseprobe.units import ns

COMMENT: Final = b": keep-alive\n\n"


class Heartbeat(Fault):
    """Sends a comment after `seconds` without a byte from upstream, between two events only.

    WHATWG recommends one "every 15 seconds or so". Only into event streams without Content-Length and Content-Encoding.
    """

    alters_length = True

    def __init__(self, seconds: float, comment: bytes = COMMENT) -> None:
        self._gap_ns = max(1, ns(seconds))
        self._comment = comment
        self._boundaries = EventBoundaries()
        self._on = False

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Whether this is a stream of events."""
        closed = head.header(b"content-length") is not None or head.header(b"content-encoding") is not None
        self._on = is_event_stream(head) and not closed
        return (Wake(t_ns + self._gap_ns),) if self._on else ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        if self._on:
            for _ in self._boundaries.pieces(data):
                pass
            yield Wake(t_ns + self._gap_ns)
        yield Send(data)

    def on_wake(self, t_ns: int) -> Iterable[Action]:
        if self._boundaries.at_boundary:
            yield Send(self._comment)
        yield Wake(t_ns + self._gap_ns)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        return (Wake(None), End())

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        return (Wake(None), broken)


FAULT: Final = FaultKind("heartbeat:S", "sends a comment after S seconds of silence", Heartbeat, one(seconds))
