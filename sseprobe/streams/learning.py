"""What several streams of one app show together: where the text stands, and which end mark all of them should have.

One stream alone is never failed by what was learned from it. Where at least two streams end with the same mark, a
stream that ends with none was cut. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from sseprobe.dialects.base import CONTENT_KINDS, DeltaKind, Dialect
from sseprobe.dialects.own.convention import Mark, shape_of
from sseprobe.dialects.own.decoder import marks_of
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.event_format import EventFormat
from sseprobe.dialects.own.learner import learned_from
from sseprobe.http_exchange import Ending
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript

ENOUGH_STREAMS: Final = 2
_MAX_LITERAL_CHARS: Final = 1000


def learn_together(streams: Sequence[Transcript], enough: int = ENOUGH_STREAMS) -> Dialect | None:
    """The dialect of an app's own that these streams show together; None if they are a vendor's.

    `enough`: how many have to end with the same mark, so that it is expected of all.
    """
    own = [stream for stream in streams if stream.dialect.event_format is not None]
    if not own or len(own) < len(streams):
        return None
    dialect = own[0].dialect
    assert dialect.event_format is not None
    given = dialect.event_format.given
    events = [[(message.event, message.payload) for message in stream.messages] for stream in own]
    event_format = learned_from(events, EventFormat.of(given))
    if not given.done:
        marks, alike = _shared_marks(own, enough)
        event_format = replace(event_format, given=replace(given, done=marks), ended_alike=alike)
    return own_dialect(dialect.name, event_format, dialect.path)


def final_marks(stream: Transcript) -> list[Mark]:
    """The end marks, told by their form, in the event with the last text and behind it, that come nowhere before."""
    before, behind = _marks(stream)
    return [mark for mark in behind if mark not in before]


def _marks(stream: Transcript) -> tuple[set[Mark], list[Mark]]:
    """The marks before the event with the last text, and those in it and behind it."""
    end = stream.content[-1].index if stream.content else 0
    marks = [marks_of(message.event, message.payload, ()) for message in stream.messages]
    return {mark for found in marks[:end] for mark in found}, [mark for found in marks[end:] for mark in found]


def _shared_marks(streams: Sequence[Transcript], enough: int) -> tuple[tuple[Mark, ...], int]:
    """All end marks that came, and how many streams have the one that most have; none if that is not enough."""
    whole = [stream for stream in streams if stream.ending is Ending.COMPLETE]
    # What comes before text in one of them ends no stream.
    in_between = {mark for stream in whole for mark in _marks(stream)[0]}
    ended = [[mark for mark in final_marks(stream) if mark not in in_between] for stream in whole]
    seen = _counted(ended)
    if max(seen.values(), default=0) < enough:
        seen = _last_events(whole, max(enough, ENOUGH_STREAMS))
    most = max(seen.values(), default=0)
    return (tuple(seen), most) if most >= enough else ((), 0)


def _counted(ended: Iterable[Sequence[Mark]]) -> Counter[Mark]:
    return Counter(mark for marks in ended for mark in dict.fromkeys(marks))


def _last_events(streams: Sequence[Transcript], enough: int) -> Counter[Mark]:
    """The last events of streams as marks, whatever they say, where enough streams end alike.

    Other apps send such an event only sometimes. So it counts only where each stream without it is shorter than all
    that have it, as a stream that was cut is.
    """
    lasts = [(stream, _last_event(stream)) for stream in streams]
    seen = Counter(mark for _, mark in lasts if mark is not None)
    mark, count = seen.most_common(1)[0] if seen else (None, 0)
    if mark is None or count < enough:
        return Counter()
    shortest = min(_chars(stream) for stream, found in lasts if found == mark)
    others = [stream for stream, found in lasts if found != mark]
    return Counter({mark: count}) if all(_chars(stream) < shortest for stream in others) else Counter()


def _last_event(stream: Transcript) -> Mark | None:
    """The last event as a mark, where it holds no text, and where none before it is like it."""
    if len(stream.messages) < ENOUGH_STREAMS or _has_meaning(stream.messages[-1]):
        return None
    *before, last = stream.messages
    shape, data = shape_of(last.event, last.payload), last.event.data.strip()
    if shape is not None:
        alike = any(shape_of(each.event, each.payload) == shape for each in before)
        return None if alike else Mark(shape=shape)
    if not data or len(data) > _MAX_LITERAL_CHARS or any(each.event.data.strip() == data for each in before):
        return None
    return Mark(data)


def _chars(stream: Transcript) -> int:
    return sum(
        len(delta.text) for kind in (DeltaKind.TEXT, DeltaKind.REASONING) for _, delta in stream.deltas_by_kind[kind]
    )


def _has_meaning(message: Message) -> bool:
    return message.has(*CONTENT_KINDS, DeltaKind.ERROR, DeltaKind.HEARTBEAT, DeltaKind.UNKNOWN)
