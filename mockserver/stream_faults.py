"""A stream with its faults: from tokens to frames, whatever the dialect."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final

import msgspec

from mockserver.answer_plan import AnswerPlan, Piece, TokenKind
from mockserver.framing import LINE_SEPARATORS
from mockserver.responses import SILENCE, ConnectionAbortError, ConnectionCutError, Frames
from mockserver.scenario import Fault
from mockserver.truth import Record

as_json = msgspec.json.encode
_TYPED_S: Final = 0.001
_ENDS_EARLY: Final = ("error", "truncate", "cut", "rst", "stall", "fake-complete")


def event(name: str, value: Any) -> bytes:
    """A named event with a JSON payload."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), as_json(value))


def data(value: Any) -> bytes:
    """An event without a name, with a JSON payload."""
    return b"data: %s\n\n" % as_json(value)


class Writer(ABC):
    """A dialect's bytes for one answer. Each method returns whole events, in their plainest form: LF, one data line."""

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        self.answer = answer
        self.record = record

    def opening(self) -> Iterable[bytes]:
        """What comes before the first token."""
        return ()

    @abstractmethod
    def piece(self, piece: Piece) -> bytes:
        """One event with one token, and whatever must stand before it."""

    def closing(self) -> Iterable[bytes]:
        """What comes after the last token, but for the terminator."""
        return ()

    @abstractmethod
    def terminator(self) -> bytes:
        """The terminator; empty where the dialect has none."""

    def unfinished(self) -> bytes:
        """The terminator, though nothing has finished."""
        return self.terminator()

    @abstractmethod
    def error(self) -> bytes:
        """The vendor's in-band error, and what the vendor sends after it."""

    def malformed(self, piece: Piece) -> bytes:
        """The same event with its JSON broken: the last brace is missing."""
        frame = self.piece(piece)
        brace = frame.rindex(b"}")
        return frame[:brace] + frame[brace + 1 :]


class PartWriter(Writer):
    """A writer for dialects in which parts (text, reasoning, each tool call) are opened and closed."""

    def __init__(self, answer: AnswerPlan, record: Record) -> None:
        super().__init__(answer, record)
        self.part: Piece | None = None
        """The first piece of the part that is open."""

    def piece(self, piece: Piece) -> bytes:
        """The token's event, with the end of the last part and the beginning of its own before it."""
        part = self.part
        if part is not None and part.kind is piece.kind and part.call == piece.call:
            return self.delta(piece)
        before = self.close_part()
        self.part = piece
        return before + self.begin(piece) + self.delta(piece)

    def close_part(self) -> bytes:
        """Ends the part that is open, if one is."""
        part, self.part = self.part, None
        return self.end(part) if part is not None else b""

    @abstractmethod
    def begin(self, piece: Piece) -> bytes:
        """Begins the part of this piece."""

    @abstractmethod
    def delta(self, piece: Piece) -> bytes:
        """The token itself."""

    @abstractmethod
    def end(self, part: Piece) -> bytes:
        """Ends the part that began with this piece."""


async def frames(pieces: AsyncGenerator[Piece, None], writer: Writer, fault: Fault | None) -> Frames:
    """Whole events with the number of tokens in each; the fault comes after as many text events as it says."""
    name, after = (fault.name, fault.after) if fault else ("", -1)
    for frame in writer.opening():
        yield frame, 0
    sent = 0
    try:
        async for piece in _typed_out(pieces) if name == "whole-first" else pieces:
            if sent == after and name in _ENDS_EARLY:
                async for frame_of_fault in _break(name, writer, piece):
                    yield frame_of_fault
                return
            if sent == after and name == "malformed":
                yield writer.malformed(piece), 1
            elif sent >= after and name == "u2028" and piece.kind is TokenKind.TEXT:
                yield writer.piece(piece._replace(text=piece.text + LINE_SEPARATORS)), 1
            else:
                yield writer.piece(piece), 1
            sent += 1
    finally:
        await pieces.aclose()
    if sent <= after and name in _ENDS_EARLY:
        async for frame_of_fault in _break(name, writer, None):
            yield frame_of_fault
        return
    for frame in writer.closing():
        yield frame, 0
    if name != "no-terminator" and (end := writer.terminator()):
        yield end, 0


async def _typed_out(pieces: AsyncGenerator[Piece, None]) -> AsyncGenerator[Piece, None]:
    """All of them, once the last is made: as a model that is quick, after a long wait."""
    for piece in [piece async for piece in pieces]:
        yield piece
        await asyncio.sleep(_TYPED_S)


async def _break(name: str, writer: Writer, piece: Piece | None) -> Frames:
    """What the fault does instead of going on; the stream is over when it returns."""
    if name == "error":
        yield writer.error(), 0
    elif name == "fake-complete" and (end := writer.unfinished()):
        yield end, 0
    elif name == "cut":
        raise ConnectionCutError
    elif name == "rst":
        if piece is not None:
            frame = writer.piece(piece)
            yield frame[: len(frame) // 2], 0
        raise ConnectionAbortError
    elif name == "stall":
        yield SILENCE
        await asyncio.Event().wait()
