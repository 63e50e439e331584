"""A stream with its faults: from tokens to frames, whatever the dialect."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Protocol

from mockserver.responses import SILENCE, ConnectionCutError, Frames
from mockserver.scenario import Fault

Token = tuple[int, str]
"""A token and the choice it belongs to."""


class Writer(Protocol):
    """A dialect's bytes. Each returns whole events."""

    def opening(self) -> Iterable[bytes]:
        """What comes before the first token."""

    def token(self, token: Token) -> bytes:
        """One event with one token."""

    def closing(self) -> Iterable[bytes]:
        """What comes after the last token, but for the terminator."""

    def terminator(self) -> bytes:
        """The terminator; empty where the dialect has none."""

    def error(self) -> bytes:
        """The vendor's in-band error."""

    def malformed(self, token: Token) -> bytes:
        """An event whose payload is broken."""


async def frames(tokens: AsyncIterator[Token], writer: Writer, fault: Fault | None) -> Frames:
    """Whole events with the number of tokens in each; the fault comes after as many text events as it says."""
    name, after = (fault.name, fault.after) if fault else ("", -1)
    for frame in writer.opening():
        yield frame, 0
    sent = 0
    try:
        async for token in tokens:
            if sent == after and name not in ("", "no-terminator"):
                if name != "malformed":
                    async for frame_of_fault in _break(name, writer):
                        yield frame_of_fault
                    return
                yield writer.malformed(token), 1
            else:
                yield writer.token(token), 1
            sent += 1
    finally:
        if isinstance(tokens, AsyncGenerator):
            await tokens.aclose()
    if sent <= after and name in ("error", "truncate", "cut", "stall", "fake-complete"):
        async for frame_of_fault in _break(name, writer):
            yield frame_of_fault
        return
    for frame in writer.closing():
        yield frame, 0
    if name != "no-terminator" and (end := writer.terminator()):
        yield end, 0


async def _break(name: str, writer: Writer) -> Frames:
    """What the fault does instead of going on; the stream is over when it returns."""
    if name == "error":
        yield writer.error(), 0
    elif name == "fake-complete":
        yield writer.terminator(), 0
    elif name == "cut":
        raise ConnectionCutError
    elif name == "stall":
        yield SILENCE
        await asyncio.Event().wait()
