"""Records what reaches a simulated proxy, and when: the client's times are compared with it, on the same stream."""

import contextlib
import time
from collections.abc import Iterable

from sseprobe.errors import SseprobeError
from sseprobe.net.decoding import Decoder, decoder_for
from sseprobe.proxy.fault import Action, Break, End, Fault, ResponseHead, Send


class ArrivalRecorder(Fault):
    """Comes before the proxy's own faults and passes everything on. Times on the monotonic clock, ns.

    `max_bytes` bounds what is kept of the body.
    """

    def __init__(self, max_bytes: int) -> None:
        self.head_ns: int | None = None
        self.ended_ns: int | None = None
        self.broke = False
        """The body broke off before it came here: not by the proxy."""
        self.pieces: list[tuple[int, int]] = []
        """(end in the decoded body, arrival) of each piece."""
        self._body = bytearray()
        self._max_bytes = max_bytes
        self._decoder: Decoder | None = None

    @property
    def body(self) -> bytes:
        """The body, content-decoded, up to `max_bytes`."""
        return bytes(self._body)

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Takes the content coding from the head. A body in an unknown one is not recorded."""
        self.head_ns = t_ns
        with contextlib.suppress(SseprobeError):
            self._decoder = decoder_for((head.header(b"content-encoding") or b"").decode("latin-1"))
        return ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Records a piece of the body."""
        try:
            for piece in self._decoder.decode(data) if self._decoder is not None else ():
                if len(self._body) + len(piece) <= self._max_bytes:
                    self._body += piece
                    self.pieces.append((len(self._body), t_ns))
        except SseprobeError:
            self._decoder = None  # damaged: passed on, not recorded
        return (Send(data),)

    def on_end(self, t_ns: int) -> Iterable[Action]:
        """Notes the end of the body."""
        self.ended_ns = t_ns
        return (End(),)

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """Notes that the body broke off upstream."""
        del t_ns
        self.ended_ns, self.broke = time.monotonic_ns(), True
        return (broken,)
