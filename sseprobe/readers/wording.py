"""Differences as sentences for the server's developers: what, where, and why where that is known. Pure."""

from collections.abc import Sequence
from typing import Final

from sseprobe.readers.base import OutputShape
from sseprobe.readers.causes import Cause, cause_of
from sseprobe.readers.comparison import MAX_DIFFERENCES, Difference, DifferenceKind
from sseprobe.readers.location import Body, location_of
from sseprobe.text import visible

MAX_SENTENCES: Final = 5


def sentences(body: Body, reader: str, shape: OutputShape, differences: Sequence[Difference]) -> list[str]:
    """At most `MAX_SENTENCES`, each for all differences of a kind that have the same cause, then how many more."""
    groups: dict[tuple[DifferenceKind, str | None], list[tuple[Difference, Cause | None]]] = {}
    for difference in differences:
        cause = cause_of(location_of(body, reader, shape, difference))
        same = None if cause is None else cause.rule or cause.clause
        groups.setdefault((difference.kind, same), []).append((difference, cause))
    lines = [_sentence(body, *found[0], more=len(found) - 1) for found in groups.values()]
    if len(lines) > MAX_SENTENCES:
        more = len(lines) - MAX_SENTENCES
        lines[MAX_SENTENCES:] = [f"and {more} more kind{'s' if more > 1 else ''} of difference"]
    if len(differences) >= MAX_DIFFERENCES:
        lines.append(f"the comparison ended after {MAX_DIFFERENCES:,} differences")
    return lines


def _sentence(body: Body, difference: Difference, cause: Cause | None, *, more: int) -> str:
    what = _SENTENCES[difference.kind](body, difference)
    why = f": {cause.clause}" if cause else ""
    rule = f" ({cause.rule})" if cause and cause.rule else ""
    others = f" ({more:,} more like this)" if more else ""
    return visible(f"{what}{why}{rule}{others}")


def _event(body: Body, number: int) -> str:
    return f"event {number} (byte {body.events[number].start})"


def _several(body: Body, difference: Difference) -> str:
    assert difference.event is not None
    if difference.count == 1:
        return _event(body, difference.event)
    return f"{difference.count} events from event {difference.event} (byte {body.events[difference.event].start}) on"


def _lost(body: Body, difference: Difference) -> str:
    return f"loses {_several(body, difference)}"


def _merged(body: Body, difference: Difference) -> str:
    return f"delivers {_several(body, difference)} as one"


def _changed(body: Body, difference: Difference) -> str:
    assert difference.event is not None
    return f"delivers {_event(body, difference.event)} {difference.detail}"


def _doubled(body: Body, difference: Difference) -> str:
    assert difference.event is not None
    return f"delivers {_event(body, difference.event)} once more"


def _invented(body: Body, difference: Difference) -> str:
    assert difference.event is not None
    where = f"after {_event(body, difference.event)}" if difference.event >= 0 else "before the first event"
    return f"delivers {difference.detail} {where}"


def _raised(body: Body, difference: Difference) -> str:
    if difference.event is None:
        return f"raises {difference.detail} at the end of the stream"
    lost = f"; {difference.count - 1:,} more lost" if difference.count > 1 else ""
    return f"raises {difference.detail} instead of {_event(body, difference.event)}{lost}"


_SENTENCES: Final = {
    DifferenceKind.LOST: _lost,
    DifferenceKind.DOUBLED: _doubled,
    DifferenceKind.INVENTED: _invented,
    DifferenceKind.CHANGED: _changed,
    DifferenceKind.MERGED: _merged,
    DifferenceKind.RAISED: _raised,
}
