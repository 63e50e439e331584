"""Which framing an answer's body has: told by Content-Type, or else by how the body begins. Pure.

A vendor's path expects its own framing. Of an app's own, whose Content-Type is often the framework's default, the first
line decides: a field of SSE, a JSON object with more behind it, or text. What has a Content-Length is no stream then:
its length was known before it began.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

import msgspec

from sseprobe.dialects.base import Dialect
from sseprobe.http_exchange import Head
from sseprobe.sse.framing import Framing, by_content_type, media_type

_FIELDS: Final = (b"data:", b"event:", b"id:", b"retry:", b":", b"\xef\xbb\xbf")
_TELLING_FIELDS: Final = (b"data:", b"event:")
_PAGE: Final = (b"<!doctype", b"<html", b"<head", b"<?xml")
_JSON: Final = "application/json"
_PAGES: Final = "text/html"
_MAY_BE_TEXT: Final = frozenset({"text/plain", _PAGES, ""})
_ENOUGH_FOR_A_LINE: Final = 64 * 1024


class Undecided(Enum):
    """What the beginning of a body may say instead of a framing."""

    NO_STREAM = auto()
    MORE = auto()
    """More of the body is needed."""


Guess = Framing | Undecided


def framing_from_head(head: Head, dialect: Dialect | None) -> Framing | None:
    """The framing as it was given for an app's own dialect, else as Content-Type tells it; None: the body decides."""
    given = dialect.event_format.given.framing if dialect is not None and dialect.event_format is not None else None
    return given or by_content_type(head.header("content-type"))


def framing_of(head: Head, pieces: Iterable[bytes], dialect: Dialect | None) -> Framing:
    """The framing of a recorded body; what is no stream is read as the dialect would be."""
    guess: Guess | None = framing_from_head(head, dialect)
    if guess is None:
        begun = b""
        for piece in pieces:
            begun += piece
            guess = framing_from_body(head, begun, dialect, over=False)
            if guess is not Undecided.MORE:
                break
        else:
            guess = framing_from_body(head, begun, dialect, over=True)
    return guess if isinstance(guess, Framing) else dialect.framing if dialect is not None else Framing.SSE


def framing_from_body(head: Head, begun: bytes, dialect: Dialect | None, *, over: bool) -> Guess:
    """The framing that the beginning of a body tells. `over`: no more of it comes."""
    if not begun:
        return Undecided.NO_STREAM if over else Undecided.MORE
    kind = media_type(head.header("content-type"))
    expected = dialect.framing if dialect is not None else Framing.SSE
    if expected is Framing.LINES and kind != _JSON and b"{".startswith(begun[:1]):
        return expected
    if expected is Framing.SSE and kind not in _MAY_BE_TEXT and _begins_a_field(begun):
        return expected
    if dialect is not None and dialect.event_format is None and not dialect.shared_paths:
        return Framing.SSE if expected is Framing.SSE and _begins_a_field(begun) else Undecided.NO_STREAM
    if kind in _MAY_BE_TEXT:
        guess = _field_or_text(begun, over=over)
        if guess is Framing.SSE or (guess is Undecided.MORE and not over):
            return guess
    if head.header("content-length") is not None:
        return Undecided.NO_STREAM
    if kind in _MAY_BE_TEXT:
        return _lines_or_text(begun, is_page=kind == _PAGES, over=over)
    return _lines(begun, over=over) if kind == _JSON else Undecided.NO_STREAM


def _begins_a_field(data: bytes) -> bool:
    return any(data.startswith(field) or field.startswith(data) for field in _FIELDS)


def _field_or_text(begun: bytes, *, over: bool) -> Guess:
    """SSE if the first lines are fields; a text may begin with the same letters."""
    *lines, rest = begun.replace(b"\r", b"\n").split(b"\n")
    for line in filter(None, lines):
        if line.startswith(_TELLING_FIELDS):
            return Framing.SSE
        if not line.startswith(_FIELDS):
            return Framing.TEXT
    if over or len(begun) >= _ENOUGH_FOR_A_LINE or not _begins_a_field(rest):
        return Framing.TEXT
    return Undecided.MORE


def _lines_or_text(begun: bytes, *, is_page: bool, over: bool) -> Guess:
    text = begun.lstrip()
    if not text:
        return Undecided.NO_STREAM if over else Undecided.MORE
    if not over and any(page.startswith(text.lower()) for page in _PAGE):
        return Undecided.MORE
    if (is_page and text.startswith(b"<")) or text[:9].lower().startswith(_PAGE):
        return Undecided.NO_STREAM
    if not text.startswith(b"{"):
        return Framing.TEXT
    line, newline, _ = text.partition(b"\n")
    if newline or over or len(text) >= _ENOUGH_FOR_A_LINE:
        return Framing.LINES if newline and _is_object(line) else Framing.TEXT
    return Undecided.MORE


def _lines(begun: bytes, *, over: bool) -> Guess:
    """Lines of JSON if a second one follows the first: one document alone is no stream."""
    line, newline, rest = begun.lstrip().partition(b"\n")
    if newline and not _is_object(line):
        return Undecided.NO_STREAM
    if rest.strip():
        return Framing.LINES
    return Undecided.NO_STREAM if over or len(begun) >= _ENOUGH_FOR_A_LINE else Undecided.MORE


def are_lines(body: bytes) -> bool:
    """Whether a whole body, of which nothing else is known, is lines of JSON: two objects or more, and nothing else.

    One object alone is no stream: it may be an answer, or an error in the place of an event.
    """
    lines = [line for line in body[:_ENOUGH_FOR_A_LINE].split(b"\n") if line.strip()]
    if len(body) > _ENOUGH_FOR_A_LINE:
        lines = lines[:-1]  # it may have been cut here
    return len(lines) > 1 and all(map(_is_object, lines))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, RecursionError):
        return False
