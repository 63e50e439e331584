"""Why a client reads a stream differently, where that is known: what the bytes hold at that location. Pure.

Where a rule of the catalogue finds it there, the rule is named; the rest is looked for here. The first in the table
that is true there and fits the kind of difference is the cause. Measured with the versions in docs/readers.md.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple

from sseprobe.dialects.base import NO_PAYLOAD, payload
from sseprobe.readers.base import OutputShape
from sseprobe.readers.comparison import DifferenceKind
from sseprobe.readers.location import Location
from sseprobe.rules import Finding, Rule, RuleVerdict, all_rules, judge
from sseprobe.sse import Bom, Fields
from sseprobe.sse.framing import Framing
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_NOT_DATA: Final = Fields.EVENT | Fields.ID | Fields.RETRY | Fields.IGNORED
_LOSSES: Final = frozenset({DifferenceKind.LOST, DifferenceKind.CHANGED, DifferenceKind.RAISED, DifferenceKind.MERGED})
_NOT_MERGED: Final = _LOSSES - {DifferenceKind.MERGED}
_EXTRA: Final = frozenset({DifferenceKind.INVENTED, DifferenceKind.RAISED})
_ALL: Final = frozenset(DifferenceKind)


class Cause(NamedTuple):
    """What is known to make clients differ, as a clause, and the id of the rule that finds it, if one does."""

    clause: str
    rule: str = ""


def cause_of(location: Location) -> Cause | None:
    """The cause of the difference, None if nothing that is known is here."""
    for known in _KNOWN:
        fits = location.difference.kind in known.kinds and (not known.readers or location.reader in known.readers)
        if fits and (cause := known.look(location)):
            return cause if isinstance(cause, Cause) else Cause(cause)
    return None


Look = Callable[[Location], Cause | str | None]


class _Known(NamedTuple):
    """For which kinds of difference a cause is looked for, and for which readers (empty: all)."""

    kinds: frozenset[DifferenceKind]
    look: Look
    readers: tuple[str, ...] = ()


@cache
def _rule(identifier: str) -> Rule:
    return next(rule for rule in all_rules() if rule.id == identifier)


def _broken_rule(*identifiers: str, because: str = "") -> Look:
    """Looks whether one of these rules finds something at that location. `because`: what the client makes of it."""

    def look(location: Location) -> Cause | None:
        for identifier in identifiers:
            judgement = judge(_rule(identifier), location.stream)
            if judgement.verdict is RuleVerdict.FAIL:
                return Cause(f"{judgement.findings[0].message}{because}", identifier)
        return None

    return look


def _nul_in_id(location: Location) -> Cause | None:
    """Here or before: the id before it stays in force, which a client that takes it does not know."""
    first = location.of.whole.remembered(_first_nul)
    return Cause(first.message, "SSE011") if first and first.span and first.span[0] < location.end else None


def _first_nul(stream: Transcript) -> Finding | None:
    return next(iter(judge(_rule("SSE011"), stream).findings), None)


def _content_type(location: Location) -> str | None:
    content_type = location.of.content_type
    stream = content_type.partition(";")[0].strip() in ("text/event-stream", "application/x-ndjson")
    return None if stream or location.start else f"the Content-Type is {one_line(content_type, 60)!r}"


def _charset(location: Location) -> str | None:
    named = _CHARSET.search(location.of.content_type)
    if named is None or named[1].lower() in ("utf-8", "utf8") or location.piece.isascii():
        return None
    return f"the Content-Type names the charset {one_line(named[1], 40)}, but an event stream is always UTF-8"


def _bom_before_lines(location: Location) -> str | None:
    marked = location.of.framing is Framing.LINES and location.stream.of(Bom)
    return "the stream begins with a byte order mark" if marked else None


def _retry_alone(location: Location) -> str | None:
    """Rules allow it: it is how servers set the time of reconnection."""
    alone = any(frame.fields & Fields.RETRY and not frame.fields & Fields.DATA for frame in location.stream.frames)
    return "a block with retry has no data" if alone else None


def _split_crlf(location: Location) -> str | None:
    body, cuts = location.of.body, location.of.cuts
    for cut in cuts[bisect_left(cuts, location.start - 1) : bisect_right(cuts, location.end)]:
        if body[cut - 1 : cut + 1] == b"\r\n":
            return f"a CRLF is split between two chunks (byte {cut})"
    return None


def _white_space(location: Location) -> str | None:
    for event in location.events:
        if any(line.startswith(" ") for line in event.data.split("\n", 64)):
            return "its data begins with a space, of which only the first belongs to the field"
        if event.data.endswith("\n"):
            return "its last data line is empty, and part of it"
    return None


def _empty_data(location: Location) -> str | None:
    return "its data is empty" if any(not event.data.strip() for event in location.events[:1]) else None


def _no_name(location: Location) -> str | None:
    unnamed = location.events[:1] and location.events[0].type == "message"
    return "it has no event field, and this SDK ignores such events" if unnamed else None


def _field_taken_for_json(location: Location) -> str | None:
    if any(frame.fields & _NOT_DATA for frame in location.stream.frames):
        return "a field other than data, which this SDK takes for JSON"
    return None


def _not_json(location: Location) -> str | None:
    if location.shape is OutputShape.EVENTS or not location.events:
        return None
    return "its data is not JSON" if payload(location.events[0]) is NO_PAYLOAD else None


_GEMINI: Final = ("google-genai",)
"""This SDK is no SSE parser: it takes any line that does not begin with `data: ` for JSON."""

# The first that is true is named: what explains much comes before what explains little.
_KNOWN: Final[Sequence[_Known]] = (
    _Known(frozenset({DifferenceKind.RAISED}), _content_type),
    _Known(_LOSSES | {DifferenceKind.INVENTED}, _broken_rule("SSE002")),
    _Known(_LOSSES | {DifferenceKind.INVENTED}, _bom_before_lines),
    _Known(_LOSSES, _broken_rule("SSE014", because=": this SDK takes a comment for JSON"), _GEMINI),
    _Known(_LOSSES, _field_taken_for_json, _GEMINI),
    _Known(_LOSSES, _broken_rule("SSE010", because=", and this SDK wants one"), _GEMINI),
    _Known(_EXTRA, _broken_rule("SSE013", "OLL002")),
    _Known(_EXTRA, _retry_alone),
    _Known(_NOT_MERGED, _charset),
    _Known(_LOSSES, _broken_rule("SSE001")),
    _Known(_EXTRA | {DifferenceKind.LOST}, _broken_rule("SSE007")),
    _Known(_LOSSES | {DifferenceKind.INVENTED}, _broken_rule("SSE016", "OLL003")),
    _Known(_ALL, _split_crlf),
    _Known(_ALL, _broken_rule("SSE004")),
    _Known(_ALL, _broken_rule("SSE005")),
    _Known(frozenset({DifferenceKind.RAISED}), _broken_rule("SSE006"), ("@ag-ui/client",)),
    _Known(frozenset({DifferenceKind.CHANGED}), _nul_in_id),
    _Known(frozenset({DifferenceKind.CHANGED}), _white_space),
    _Known(_LOSSES, _broken_rule("SSE015")),
    _Known(_NOT_MERGED, _empty_data),
    _Known(frozenset({DifferenceKind.LOST}), _no_name, ("anthropic",)),
    _Known(_NOT_MERGED, _not_json),
)
