"""Content codings, undone step by step: a small body cannot become a large one in memory."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from sseprobe.errors import TargetError
from sseprobe.text import one_line

STEP_BYTES: Final = 64 * 1024
_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


NO_CODING: Final = frozenset(
    {"", "identity", "none", "utf-8", "utf8", "us-ascii", "iso-8859-1", "chunked", "binary", "8bit"}
)
"""Values that mean no coding: `identity`, and names that are not codings (RFC 9110 8.4.1), but are sent."""
_PADDING: Final = b"\0\r\n\t "

_ZLIB_HEADER_BYTES: Final = 2
_GZIP_BEGINS: Final = b"\x1f\x8b"


class Decoder(Protocol):
    """Decodes pieces of a body into pieces of at most `STEP_BYTES`. `members`: how many gzip members have begun.

    `is_inside`: the encoded body is not complete yet.
    """

    members: int

    @property
    def is_inside(self) -> bool: ...

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yields what this piece decodes to. Raises TargetError where it does not decode."""


class _Identity:
    members = 0
    is_inside = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data


class _Zlib:
    def __init__(self, coding: str) -> None:
        self.members = 0
        self._coding = coding
        self._zlib = zlib.decompressobj(_WINDOW_BITS[coding])
        self._first = True
        self._held = b""

    @property
    def is_inside(self) -> bool:
        return bool(self._held) if self._first else not self._zlib.eof

    def decode(self, data: bytes) -> Iterator[bytes]:
        data, self._held = self._held + data, b""
        if self._first and self._coding == "deflate" and len(data) < _ZLIB_HEADER_BYTES:
            self._held = data  # one byte does not distinguish zlib's format from raw deflate
            return
        piece = b"."
        while data or len(piece) == STEP_BYTES:  # a full step may leave output behind although all input is taken
            if self._zlib.eof and not self._begins_another(data):
                return
            self.members = self.members or (self._coding != "deflate")
            try:
                piece = self._zlib.decompress(data, STEP_BYTES)
            except zlib.error as error:
                if self._first and self._coding == "deflate":  # raw deflate, which RFC 9110 8.4.1.2 notes
                    self._zlib, self._first = zlib.decompressobj(-15), False
                    continue
                problem = f"Content-Encoding is {self._coding}, but the body is not valid {self._coding}: {error}."
                raise TargetError(problem) from error
            self._first = False
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            if piece:
                yield piece

    def _begins_another(self, data: bytes) -> bool:
        """RFC 1952 2.2: a file is a series of members. What follows the last one is padding."""
        if len(data) < len(_GZIP_BEGINS) and _GZIP_BEGINS.startswith(data):
            self._held = data
            return False
        if self._coding == "deflate" or not data.startswith(_GZIP_BEGINS):
            if data.strip(_PADDING):
                shown = one_line(data[:200].decode(errors="replace"), 80)
                raise TargetError(
                    f"The {self._coding} data ends, but the body continues without encoding: {shown}. "
                    "Browsers and httpx drop the rest; curl and aiohttp fail there."
                )
            return False
        self._zlib = zlib.decompressobj(_WINDOW_BITS[self._coding])
        self.members += 1
        return True


def decoder_for(coding: str | None) -> Decoder:
    """The decoder for a Content-Encoding. Raises TargetError for an unknown one, which was not requested."""
    names = [name.strip().lower() for name in (coding or "").split(",")]
    name = ", ".join(name for name in names if name not in NO_CODING)
    if not name:
        return _Identity()
    if name in _WINDOW_BITS:
        return _Zlib(name)
    raise TargetError(
        f"The answer has Content-Encoding {name}, although identity was requested: it cannot be read as events. "
        "Look for a proxy or a middleware that compresses."
    )
