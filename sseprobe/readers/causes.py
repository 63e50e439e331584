"""Why a client reads a stream differently, where that is known: what the bytes hold at that place. Pure.

Where a rule of the catalogue finds it there, the rule is named; the rest is looked for here. The first in the table
that is true at that place and fits the kind of difference is the cause. Measured with the versions in docs/readers.md.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple

from sseprobe.dialects.base import NO_PAYLOAD, payload
from sseprobe.readers.base import View
from sseprobe.readers.comparison import Kind
from sseprobe.readers.place import Place
from sseprobe.rules import Finding, Rule, RuleVerdict, all_rules, judge
from sseprobe.sse import Bom, Fields
from sseprobe.sse.framing import Framing
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_NOT_DATA: Final = Fields.EVENT | Fields.ID | Fields.RETRY | Fields.IGNORED
_LOSSES: Final = frozenset({Kind.LOST, Kind.CHANGED, Kind.RAISED, Kind.MERGED})
_NOT_MERGED: Final = _LOSSES - {Kind.MERGED}
_EXTRA: Final = frozenset({Kind.INVENTED, Kind.RAISED})
_ALL: Final = frozenset(Kind)


class Cause(NamedTuple):
    """What is known to make clients differ, as a clause, and the id of the rule that finds it, if one does."""

    clause: str
    rule: str = ""


def cause_of(place: Place) -> Cause | None:
    """The cause of the difference, None if nothing that is known is here."""
    for known in _KNOWN:
        fits = place.difference.kind in known.kinds and (not known.readers or place.reader in known.readers)
        if fits and (cause := known.look(place)):
            return cause if isinstance(cause, Cause) else Cause(cause)
    return None


Look = Callable[[Place], Cause | str | None]


class _Known(NamedTuple):
    """For which kinds of difference a cause is looked for, and for which readers (empty: all)."""

    kinds: frozenset[Kind]
    look: Look
    readers: tuple[str, ...] = ()


@cache
def _rule(identifier: str) -> Rule:
    return next(rule for rule in all_rules() if rule.id == identifier)


def _found_by(*identifiers: str, because: str = "") -> Look:
    """Looks whether one of these rules finds something at that place. `because`: what the client makes of it."""

    def look(place: Place) -> Cause | None:
        for identifier in identifiers:
            judgement = judge(_rule(identifier), place.stream)
            if judgement.verdict is RuleVerdict.FAIL:
                return Cause(f"{judgement.findings[0].message}{because}", identifier)
        return None

    return look


def _nul_in_id(place: Place) -> Cause | None:
    """Here or before: the id before it stays in force, which a client that takes it does not know."""
    first = place.of.whole.remembered(_first_nul)
    return Cause(first.message, "SSE011") if first and first.span and first.span[0] < place.end else None


def _first_nul(stream: Transcript) -> Finding | None:
    return next(iter(judge(_rule("SSE011"), stream).findings), None)


def _content_type(place: Place) -> str | None:
    said = place.of.content_type
    stream = said.partition(";")[0].strip() in ("text/event-stream", "application/x-ndjson")
    return None if stream or place.start else f"the Content-Type is {one_line(said, 60)!r}"


def _charset(place: Place) -> str | None:
    named = _CHARSET.search(place.of.content_type)
    if named is None or named[1].lower() in ("utf-8", "utf8") or place.piece.isascii():
        return None
    return f"the Content-Type names the charset {one_line(named[1], 40)}, but an event stream is always UTF-8"


def _bom_before_lines(place: Place) -> str | None:
    marked = place.of.framing is Framing.LINES and place.stream.of(Bom)
    return "the stream begins with a byte order mark" if marked else None


def _retry_alone(place: Place) -> str | None:
    """Rules allow it: it is how servers set the time of reconnection."""
    alone = any(frame.fields & Fields.RETRY and not frame.fields & Fields.DATA for frame in place.stream.frames)
    return "a block with retry has no data" if alone else None


def _split_crlf(place: Place) -> str | None:
    body, cuts = place.of.body, place.of.cuts
    for cut in cuts[bisect_left(cuts, place.start - 1) : bisect_right(cuts, place.end)]:
        if body[cut - 1 : cut + 1] == b"\r\n":
            return f"a CRLF is split between two chunks (byte {cut})"
    return None


def _white_space(place: Place) -> str | None:
    for event in place.events:
        if any(line.startswith(" ") for line in event.data.split("\n", 64)):
            return "its data begins with a space, of which only the first belongs to the field"
        if event.data.endswith("\n"):
            return "its last data line is empty, and part of it"
    return None


def _empty_data(place: Place) -> str | None:
    return "its data is empty" if any(not event.data.strip() for event in place.events[:1]) else None


def _no_name(place: Place) -> str | None:
    unnamed = place.events[:1] and place.events[0].type == "message"
    return "it has no event field, and this SDK ignores such events" if unnamed else None


def _field_taken_for_json(place: Place) -> str | None:
    if any(frame.fields & _NOT_DATA for frame in place.stream.frames):
        return "a field other than data, which this SDK takes for JSON"
    return None


def _not_json(place: Place) -> str | None:
    if place.view is View.EVENTS or not place.events:
        return None
    return "its data is not JSON" if payload(place.events[0]) is NO_PAYLOAD else None


_GEMINI: Final = ("google-genai",)
"""This SDK is no SSE parser: it takes any line that does not begin with `data: ` for JSON."""

# The first that is true is named: what explains much comes before what explains little.
_KNOWN: Final[Sequence[_Known]] = (
    _Known(frozenset({Kind.RAISED}), _content_type),
    _Known(_LOSSES | {Kind.INVENTED}, _found_by("SSE002")),
    _Known(_LOSSES | {Kind.INVENTED}, _bom_before_lines),
    _Known(_LOSSES, _found_by("SSE014", because=": this SDK takes a comment for JSON"), _GEMINI),
    _Known(_LOSSES, _field_taken_for_json, _GEMINI),
    _Known(_LOSSES, _found_by("SSE010", because=", and this SDK wants one"), _GEMINI),
    _Known(_EXTRA, _found_by("SSE013", "OLL002")),
    _Known(_EXTRA, _retry_alone),
    _Known(_NOT_MERGED, _charset),
    _Known(_LOSSES, _found_by("SSE001")),
    _Known(_EXTRA | {Kind.LOST}, _found_by("SSE007")),
    _Known(_LOSSES | {Kind.INVENTED}, _found_by("SSE016", "OLL003")),
    _Known(_ALL, _split_crlf),
    _Known(_ALL, _found_by("SSE004")),
    _Known(_ALL, _found_by("SSE005")),
    _Known(frozenset({Kind.RAISED}), _found_by("SSE006"), ("@ag-ui/client",)),
    _Known(frozenset({Kind.CHANGED}), _nul_in_id),
    _Known(frozenset({Kind.CHANGED}), _white_space),
    _Known(_LOSSES, _found_by("SSE015")),
    _Known(_NOT_MERGED, _empty_data),
    _Known(frozenset({Kind.LOST}), _no_name, ("anthropic",)),
    _Known(_NOT_MERGED, _not_json),
)
