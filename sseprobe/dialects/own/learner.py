"""Learns from the events of a stream how an app's own stream is read.

Strategy. The first events tell what payloads are: JSON objects, JSON strings, or text. In objects a field is looked for
(`fields.py`); until one is known nothing counts as text, and once it is, the events before are read again. So a stream
is read by what is known of it as it comes, and the same at its end. After `LEARNED_WITHIN` events nothing changes.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from sseprobe.dialects.own import words
from sseprobe.dialects.own.decoder import is_heartbeat, marks_of
from sseprobe.dialects.own.errors import failure_in
from sseprobe.dialects.own.event_format import EventFormat, Payloads
from sseprobe.dialects.own.fields import Fields
from sseprobe.sse import Event

LEARNED_WITHIN: Final = 64
_MESSAGES_AFTER: Final = 4
_LOST_AFTER: Final = 6
_MOSTLY: Final = 4


class Learner:
    """What the events of a stream show so far. `event_format`: what follows from it. `is_open`: more may change it."""

    def __init__(self, known: EventFormat) -> None:
        self.is_open = known.is_open
        self.event_format = known
        self._fields = Fields()
        self._other_fields = Fields()
        """Of events that are named as if they held no text."""
        self._counts = dict.fromkeys((Payloads.OBJECTS, Payloads.STRINGS, Payloads.TEXT), 0)
        self._ends_with_text = False
        """An event that is named as the end has text for data, which may be the answer."""
        self._seen = 0
        self._spaces = False
        """Some data begins or ends with white space, as pieces of one text do."""

    def look(self, events: Sequence[tuple[Event, Any]]) -> bool:
        """Looks at events before they are decoded. True: the events before them read otherwise now."""
        if not self.is_open:
            return False
        for event, value in events:
            if self._seen < LEARNED_WITHIN:  # the same, however many come at once
                self._look_at(event, value)
        changed = self._settle(over=False)
        self.is_open = self._seen < LEARNED_WITHIN
        return changed

    def look_back(self) -> bool:
        """No more can be learned. True: the events read otherwise now."""
        if not self.is_open:
            return False
        self.is_open = False
        return self._settle(over=True)

    def learn_from(self, events: Sequence[tuple[Event, Any]]) -> None:
        """Looks at all the events of a stream, however many."""
        self._fields.begin()
        self._other_fields.begin()
        for event, value in events:
            self._look_at(event, value)

    def _look_at(self, event: Event, value: Any) -> None:
        given = self.event_format.given
        kinds = words.kinds_of(event, value)
        if not event.data or is_heartbeat(kinds):
            return
        marks = marks_of(event, value, given.done)
        if failure_in(event, value, kinds, given.error, ends=bool(marks)) is not None:
            return
        if isinstance(value, dict | list):
            payload = Payloads.OBJECTS
        else:
            payload = Payloads.STRINGS if isinstance(value, str) else Payloads.TEXT
        is_object = payload is Payloads.OBJECTS
        if marks and not is_object:
            self._ends_with_text = self._ends_with_text or all(event.data.strip() != mark.literal for mark in marks)
            return
        if words.names_any(kinds, words.REASONING_KINDS):
            return
        if words.holds_no_text(kinds):
            if is_object:
                self._other_fields.add(value)
            return
        self._seen += 1
        self._spaces = self._spaces or event.data[0].isspace() or event.data[-1].isspace()
        if not marks:
            self._counts[payload] += 1
        if is_object:
            is_end = bool(marks) and any(map(words.ends_the_stream, kinds))
            (self._other_fields if is_end else self._fields).add(value)

    def _settle(self, *, over: bool) -> bool:
        before = self.event_format
        payloads, text, any_kind = self._payloads(over), before.text, False
        if payloads is not Payloads.OBJECTS:
            text = None
        elif text is None or self._fields.seen_at(text) * 2 < self._fields.events >= _LOST_AFTER:
            text = self._fields.text(over=over)
        if text is None and over and payloads in (Payloads.OBJECTS, Payloads.UNKNOWN, Payloads.MESSAGES):
            text = self._other_fields.text(over=True)
            any_kind = text is not None
            if any_kind or self._seen or self._other_fields.events:
                payloads = Payloads.OBJECTS if any_kind else Payloads.MESSAGES
        elif payloads is Payloads.OBJECTS and text is None:
            payloads = Payloads.MESSAGES if self._seen >= _MESSAGES_AFTER else Payloads.UNKNOWN
        fields = self._other_fields if any_kind else self._fields
        flows = payloads in (Payloads.OBJECTS, Payloads.STRINGS) or (payloads is Payloads.TEXT and self._spaces)
        learned = self._counts[payloads] if payloads is Payloads.STRINGS else fields.seen_at(text) if text else None
        self.event_format = replace(
            before,
            payloads=payloads,
            text=text,
            grows=text is not None and fields.grows_at(text),
            any_kind=any_kind,
            flows=flows,
            learned_from=learned,
        )
        return not self.event_format.same_as(before)

    def _payloads(self, over: bool) -> Payloads:
        objects, strings, texts = self._counts.values()
        if not objects and not strings and not texts:
            if over and self._fields.events:
                return Payloads.OBJECTS
            is_text = over and self._ends_with_text and not self._other_fields.events
            return Payloads.TEXT if is_text else Payloads.UNKNOWN
        if objects >= strings + texts:
            return Payloads.OBJECTS
        return Payloads.STRINGS if strings >= _MOSTLY * texts else Payloads.TEXT


def learned_from(streams: Sequence[Sequence[tuple[Event, Any]]], known: EventFormat) -> EventFormat:
    """How streams of one app are read: what the events of all of them show."""
    learner = Learner(known)
    for events in streams:
        learner.learn_from(events)
    learner.look_back()
    return learner.event_format
