"""Content codings, undone step by step: a small body cannot become a large one in memory."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from sseprobe.errors import TargetError

STEP_BYTES: Final = 64 * 1024
_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Decoder(Protocol):
    """Turns pieces of an encoded body into pieces of at most `STEP_BYTES`."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yields what this piece decodes to. Raises TargetError where it does not decode."""


class _Identity:
    def decode(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data


class _Zlib:
    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._zlib = zlib.decompressobj(_WINDOW_BITS[coding])
        self._first = True

    def decode(self, data: bytes) -> Iterator[bytes]:
        piece = b"."
        while data or len(piece) == STEP_BYTES:  # a full step may leave output behind although all input is taken
            try:
                piece = self._zlib.decompress(data, STEP_BYTES)
            except zlib.error as error:
                if self._first and self._coding == "deflate":  # raw deflate, which RFC 9110 8.4.1.2 notes
                    self._zlib, self._first = zlib.decompressobj(-15), False
                    continue
                said = f"The body is not the {self._coding} that Content-Encoding says: {error}."
                raise TargetError(said) from error
            self._first = False
            data = self._zlib.unconsumed_tail
            if piece:
                yield piece


def decoder_for(coding: str | None) -> Decoder:
    """The decoder for a Content-Encoding. Raises TargetError for one that was not asked for and is not known."""
    name = (coding or "identity").strip().lower()
    if name == "identity":
        return _Identity()
    if name in _WINDOW_BITS:
        return _Zlib(name)
    raise TargetError(
        f"The answer has Content-Encoding {name}, although identity was asked for: its bytes cannot be read as events. "
        "Look for a proxy or a middleware that compresses."
    )
