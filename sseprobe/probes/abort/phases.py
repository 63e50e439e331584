"""Phases: when a client aborts."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from sseprobe.errors import UsageError
from sseprobe.units import NS_PER_MS

BEFORE_HEADERS: Final = "before-headers"
BEFORE_FIRST_TOKEN: Final = "before-first-token"
MID_STREAM: Final = "mid-stream"
AFTER_TOKENS: Final = "after-tokens"
AFTER_MS: Final = "after-ms"
SILENT_GAP: Final = "silent-gap"
NEAR_END: Final = "near-end"
HEAD: Final = "head"
FIRST_CONTENT: Final = "first-content"
KNOWN: Final = (
    BEFORE_HEADERS, BEFORE_FIRST_TOKEN, MID_STREAM, f"{AFTER_TOKENS}:N", f"{AFTER_MS}:T", SILENT_GAP, NEAR_END
)  # fmt: skip

_MID_STREAM_TOKENS: Final = 10
_PATIENCE_NS: Final = 1000 * NS_PER_MS
_GAP_NS: Final = 300 * NS_PER_MS
_NEAR_END: Final = 0.9


class Phase(Struct, frozen=True):
    """When to abort. `word`: as it was given. `tokens`: after so many content deltas; `after_ns`: after so long, from
    the request on, or from the stream's own `anchor`: its head, or its first content.
    """

    name: str
    word: str
    tokens: int | None = None
    after_ns: int | None = None
    anchor: str | None = None


class Progress(Struct, frozen=True):
    """How far a stream has come. Times in ns, from its start; `quiet_ns`: since its last byte, None before the first.

    `seen_working`: a witness has seen that the server works. `marks`: when its head and its first content came,
    where they have.
    """

    elapsed_ns: int
    quiet_ns: int | None
    deltas: int
    seen_working: bool
    marks: Mapping[str, int] = {}


def parse(word: str) -> Phase:
    """Parses a PHASE of --at. Raises UsageError."""
    name, colon, value = word.partition(":")
    if name == AFTER_TOKENS and re.fullmatch("[0-9]{1,9}", value) and int(value):
        return Phase(name, word, tokens=int(value))
    if name == AFTER_MS and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        return Phase(name, word, after_ns=round(float(value) * NS_PER_MS))
    if name == MID_STREAM and not colon:
        return Phase(name, word, tokens=_MID_STREAM_TOKENS)
    if name in (BEFORE_HEADERS, BEFORE_FIRST_TOKEN, SILENT_GAP, NEAR_END) and not colon:
        return Phase(name, word)
    raise UsageError(f"--at {word}: not a phase. Known are: {', '.join(KNOWN)} (N of at least 1, T in milliseconds).")


def near_end(deltas: int) -> Phase:
    """Near the end of an answer that a reference stream had in so many content deltas."""
    return Phase(NEAR_END, NEAR_END, tokens=max(1, int(deltas * _NEAR_END)))


def depends_on_work(phase: Phase) -> bool:
    """Whether it depends on a witness that has seen the server work."""
    return phase.name in (BEFORE_HEADERS, BEFORE_FIRST_TOKEN)


def wait_ns(phase: Phase, now: Progress) -> int | None:
    """How long to wait at most before looking again; 0: the phase is reached; None: until something comes."""
    if phase.tokens is not None:
        return 0 if now.deltas >= phase.tokens else None
    if phase.anchor is not None and phase.after_ns is not None:
        begun_ns = now.marks.get(phase.anchor)
        return None if begun_ns is None else max(0, begun_ns + phase.after_ns - now.elapsed_ns)
    if phase.after_ns is not None:
        return max(0, phase.after_ns - now.elapsed_ns)
    if phase.name == SILENT_GAP:
        return None if now.quiet_ns is None else max(0, _GAP_NS - now.quiet_ns)
    return 0 if now.seen_working else max(0, _PATIENCE_NS - now.elapsed_ns)
