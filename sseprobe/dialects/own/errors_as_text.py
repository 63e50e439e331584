"""Failures that an app sends as if they were text: `data: Error: out of credits`.

A model may write of errors as well. So only the last piece of text counts, and only where it plainly is a message: it
begins as one, and it is the only piece, or a sentence among pieces of a word, or far longer than the pieces before it.
"""

import re
from collections.abc import Sequence
from statistics import median_low
from typing import Final

import msgspec

from sseprobe.dialects.base import Delta, DeltaKind
from sseprobe.text import scalar

_WHOSE: Final = (
    "internal|server|unexpected|unknown|api|upstream|connection|network|provider|generation|stream|streaming|llm|model|"
    "fatal|http|request|runtime|service|openai|anthropic|authentication|rate limit"
)
_PLAIN: Final = re.compile(
    rf"\W{{0,4}}(?:\d{{3}} )?\W{{0,4}}(?:(?i:{_WHOSE}) ){{0,3}}"
    r"(?:\b(?:error|ERROR|exception|EXCEPTION)|[\w.]*(?:Error|Exception))\b(?: code| message)?(?:\s*[:(\]]|\s+-\s|\.?$)"
    r"|\s*\[\w*(?i:error)\b[^\]]{0,200}\]|\s*<error>|\s*❌|\s*\*\*Error"
    r"|\s*Traceback \(most recent call last\)"
)
_SENTENCE: Final = re.compile(
    r"\W{0,4}(?:(?:i'm )?(?:sorry|oops|apologies)\W{1,3})?(?:but )?(?:"
    r"(?:an? )?(?:\w+ ){0,2}error (?:has )?occurr?ed\b"
    r"|i encountered an (?:\w+ )?error\b|there was an (?:\w+ )?error (?:while )?\w+ing\b"
    r"|too many requests\b|generation failed\b|unhandled exception\b|fetch failed\b|\d{3} bad gateway\b"
    r"|something went wrong(?:[.!:,]| while|$)"
    r"|(?:the )?(?:request|connection|model) (?:has )?(?:timed out|failed|was reset)\b"
    r"|rate limit (?:exceeded|reached)\b|quota exceeded\b|(?:internal )?server error\b|service unavailable\b"
    r")",
    re.IGNORECASE,
)
_OPENING: Final = re.compile(
    r"\W{0,4}(?:(?:\w+ ){0,2}\berror\b(?: [\w']+){1,4}\s*:|failed to \w+[^.]{0,80}?:)", re.IGNORECASE
)
_DATA_STREAM_ERROR: Final = re.compile(r'3:(".*")')
"""A part of the AI SDK's older data stream: its code and JSON."""

_LONGER: Final = 3
_ENOUGH: Final = 3
_LATEST: Final = 64
_SHORT: Final = 200


def error_as_text(last: str, before: Sequence[str], *, in_code: bool = False) -> Delta | None:
    """The error that the last piece of text is, or ends with on a line of its own; None if it plainly is none.

    `before`: the pieces before it. `in_code`: they end inside a fence of code.
    """
    text = last.strip()
    line = text.rpartition("\n")[2].strip()
    if (found := _DATA_STREAM_ERROR.fullmatch(line)) is not None:
        return Delta(DeltaKind.ERROR, scalar(_string(found[1])))
    if in_code:
        return None
    words, chars = _usual(before)
    if _is_apart(text, words, chars) and (
        _PLAIN.match(text)
        or (_SENTENCE.match(text) and (before or len(text) < _SHORT))
        or (_OPENING.match(text) and words == 1 and len(before) >= _ENOUGH)
    ):
        return Delta(DeltaKind.ERROR, scalar(text))
    if before and line != text and _is_apart(line, words, chars) and _PLAIN.match(line):
        return Delta(DeltaKind.ERROR, scalar(line))
    return None


def _usual(before: Sequence[str]) -> tuple[int, int]:
    """Words and characters of a usual piece, 0 where there was none."""
    latest = before[-_LATEST:]
    if not latest:
        return 0, 0
    return max(1, median_low(len(piece.split()) for piece in latest)), median_low(map(len, latest))


def _is_apart(text: str, words: int, chars: int) -> bool:
    """Whether a text is unlike the pieces before it, if there were any."""
    if not words:
        return True
    return len(text.split()) > 1 and (words == 1 or len(text) >= _LONGER * chars)


def _string(text: str) -> str:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value if isinstance(value, str) else text
