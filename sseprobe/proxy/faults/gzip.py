"""`gzip`, `gzip:sync`, `gzip:blocked`: compression on the way, flushed after each piece or not."""

import zlib
from collections.abc import Iterable
from typing import Final, Literal

from sseprobe.proxy.fault import Action, Break, Fault, RequestHead, ResponseHead, Send, has_token
from sseprobe.proxy.fault_kind import FaultKind, choice, one

DEFAULT_BUFFER_BYTES: Final = 8192
_GZIP_WINDOW: Final = 31
_LEVEL: Final = 1  # nginx's gzip_comp_level


class Gzip(Fault):
    """Compresses the response if the client accepts gzip and it is not encoded already.

    `sync`: each piece is flushed. `blocked`: it stays in the compressor until `buffer_bytes` of output are there, so
    that a short stream arrives all at once at its end: nginx with `gzip_types text/event-stream`, Express's compression
    without `res.flush()`. `honour_xab`: `X-Accel-Buffering: no` makes it flush, as in nginx (measured with 1.22).
    """

    alters_length = True

    def __init__(
        self,
        mode: Literal["blocked", "sync"] = "blocked",
        *,
        honour_xab: bool = False,
        buffer_bytes: int = DEFAULT_BUFFER_BYTES,
    ) -> None:
        self._sync = mode == "sync"
        self._honour_xab = honour_xab
        self._buffer_bytes = buffer_bytes
        self._accepted = False
        self._on = False
        self._compressor = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
        self._ready = bytearray()

    def on_request(self, head: RequestHead, t_ns: int) -> Iterable[Action]:
        """Whether the client accepts it."""
        codings = (head.header(b"accept-encoding") or b"").lower().split(b",")
        words = [[part.strip() for part in coding.split(b";")] for coding in codings]
        self._accepted = any(word[0] in (b"gzip", b"x-gzip", b"*") and word[1:] != [b"q=0"] for word in words)
        return ()

    def on_head(self, head: ResponseHead, t_ns: int) -> Iterable[Action]:
        """Whether it compresses this response."""
        self._on = self._accepted and head.header(b"content-encoding") is None and head.status == 200
        if self._on:
            head.remove(b"content-length")
            head.replace(b"Content-Encoding", b"gzip")
            head.replace(b"Vary", b"Accept-Encoding")
            if self._honour_xab and has_token(head, b"x-accel-buffering", b"no"):
                self._sync = True
            self.holds_head = not self._sync
        return ()

    def on_body(self, data: bytes, t_ns: int) -> Iterable[Action]:
        """Compresses, and sends what is ready."""
        if not self._on:
            yield Send(data)
            return
        self._ready += self._compressor.compress(data)
        if self._sync:
            self._ready += self._compressor.flush(zlib.Z_SYNC_FLUSH)
        whole = len(self._ready) if self._sync else len(self._ready) // self._buffer_bytes * self._buffer_bytes
        if whole:
            yield Send(bytes(self._ready[:whole]))
            del self._ready[:whole]

    def on_break(self, broken: Break, t_ns: int) -> Iterable[Action]:
        """The rest, without the end of the gzip stream: so does nginx (measured with 1.22)."""
        if self._on:
            yield Send(bytes(self._ready + self._compressor.flush(zlib.Z_SYNC_FLUSH)))
        yield broken

    def flush(self, t_ns: int) -> Iterable[Action]:
        """The rest, and the end of the gzip stream."""
        if self._on:
            self._on = False
            yield Send(bytes(self._ready + self._compressor.flush()))


FAULT: Final = FaultKind(
    "gzip[:blocked|sync]",
    "compresses: unflushed (blocked, the default), or flushed after each write (sync)",
    Gzip,
    one(choice("blocked", "sync"), "blocked"),
)
