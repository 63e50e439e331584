"""The tap: sees what reaches a hop, and when. What the client gets is measured against it, on the very same stream."""

import contextlib
import time
from collections.abc import Iterable

from sseprobe.errors import SseprobeError
from sseprobe.net.decoding import Decoder, decoder_for
from sseprobe.proxy.fault import Action, Break, End, Fault, ResponseHead, Send


class Tap(Fault):
    """Stands before the hop's own faults and passes everything on. Times on the monotonic clock, ns.

    `max_bytes` bounds what is kept of the body.
    """

    def __init__(self, max_bytes: int) -> None:
        self.head_ns: int | None = None
        self.ended_ns: int | None = None
        self.broke = False
        """The body broke off before it came here: that was no doing of the hop."""
        self.arrivals: list[tuple[int, int]] = []
        """Where in the body each piece ended, and when it came."""
        self._body = bytearray()
        self._max_bytes = max_bytes
        self._decoder: Decoder | None = None

    @property
    def body(self) -> bytes:
        """The body, content-decoded, as far as it was kept."""
        return bytes(self._body)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """The head of the answer. What is encoded in a way that is not known is left out."""
        self.head_ns = t_ns
        with contextlib.suppress(SseprobeError):
            self._decoder = decoder_for((head.header(b"content-encoding") or b"").decode("latin-1"))
        return ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Some of the body."""
        try:
            for piece in self._decoder.decode(data) if self._decoder is not None else ():
                if len(self._body) + len(piece) <= self._max_bytes:
                    self._body += piece
                    self.arrivals.append((len(self._body), t_ns))
        except SseprobeError:
            self._decoder = None  # broken: what comes is passed on all the same
        return (Send(data),)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        """The body is complete."""
        self.ended_ns = t_ns
        return (End(),)

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """The body broke off upstream."""
        del t_ns
        self.ended_ns, self.broke = time.monotonic_ns(), True
        return (broken,)
