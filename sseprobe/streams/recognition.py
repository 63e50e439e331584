"""Which dialect a stream has, and how it is read: as it was named, as the path tells it, as its first events show.

Events are shown here before they are decoded. Where they show another format than the one so far, what came
before is to be decoded again.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from sseprobe import dialects
from sseprobe.dialects.base import CONTENT_KINDS, NO_PAYLOAD, Decode, Dialect, EndRule, as_dict
from sseprobe.dialects.own import words
from sseprobe.dialects.own.convention import Mark
from sseprobe.dialects.own.decoder import OwnDecoder, is_heartbeat, marks_of
from sseprobe.dialects.own.dialect import own_dialect
from sseprobe.dialects.own.errors import LateFailure
from sseprobe.dialects.own.event_format import EventFormat, Payloads
from sseprobe.dialects.own.learner import Learner
from sseprobe.dialects.own.passed_on import PassedOn
from sseprobe.sse import Event
from sseprobe.sse.framing import Framing

_RECOGNISED_WITHIN: Final = 4  # events: an error or a heartbeat may come first
_MAX_LOOKED_AT: Final = 64
_WITH_TEXT: Final = frozenset({Payloads.OBJECTS, Payloads.STRINGS, Payloads.TEXT})
_CERTAIN_MARK: Final = "[DONE]"


class Recognition:
    """The dialect in force. `decode`: reads its events, in order; `looks_like`: a vendor's, which they tell, where an
    app's own was named; `expected`: the vendor's that was named or expected by the path, where they are another's.

    `dialect`, `named`: as `StreamDecoder` has them.
    """

    def __init__(self, dialect: Dialect, framing: Framing, *, named: bool) -> None:
        if not named and dialect.shared_paths and framing is not dialect.framing:
            dialect = dialects.by_name(dialects.PLAIN)  # a guess that the framing refutes
        self.named = named
        self.looks_like: str | None = None
        self.expected: Dialect | None = None
        self.decode: Decode
        self._as_expected: Decode | None = None
        """Reads the events of another vendor as the expected one's clients do: they may find content all the same."""
        self._first: list[Any] = []
        self._framing = framing
        self._unsettled = _RECOGNISED_WITHIN
        self._looked_at = 0
        self._dialect = dialect
        self._learner: Learner | None = None
        self._own: OwnDecoder | None = None
        self._passed_on: PassedOn | None = None
        self._change_to(dialect)

    @property
    def dialect(self) -> Dialect:
        """The dialect in force; of an app's own: with what was learned of it."""
        learner = self._learner
        if learner is not None and learner.event_format is not self._dialect.event_format:
            self._dialect = own_dialect(self._dialect.name, learner.event_format, self._dialect.path)
        return self._dialect

    @property
    def event_format(self) -> EventFormat | None:
        """How an app's own stream is read; None for a vendor's."""
        return self._learner.event_format if self._learner is not None else None

    @property
    def is_an_apps(self) -> bool:
        """Whether the stream is an app's own, though it may pass on a vendor's events."""
        return self._learner is not None or self._dialect.by_events

    @property
    def is_open(self) -> bool:
        """Whether it may still turn out that the events so far are to be read otherwise."""
        is_learning = self._learner is not None and self._learner.is_open
        return bool(self._unsettled) or self._as_expected is not None or is_learning

    @property
    def end_mark(self) -> Mark | None:
        """The last end mark of an app's own stream."""
        return self._own.end_mark if self._own is not None else None

    @property
    def awaited(self) -> str:
        """What the protocol of an agent asks for before the end, and did not come; empty if nothing."""
        return self._own.awaited if self._own is not None else ""

    @property
    def end_is_certain(self) -> bool:
        """Whether an end mark, once it came, needs no confirmation: a vendor's, a given one, `[DONE]`."""
        mark = self.end_mark
        is_sure = mark is not None and mark.literal == _CERTAIN_MARK
        return self._own is None or self._dialect.end_rule is EndRule.MARK or is_sure

    @property
    def may_go_on(self) -> bool:
        """Whether the end mark is only what was learned, so that text behind it shows that it was none."""
        event_format = self._dialect.event_format
        return event_format is not None and (self._dialect.end_rule is EndRule.BODY or bool(event_format.ended_alike))

    def has_end_mark(self, event: Event, value: Any) -> bool:
        """Whether an event of an app has an end mark: one that was given, or of a form that apps use."""
        event_format = self.event_format
        return bool(marks_of(event, value, event_format.given.done if event_format is not None else ()))

    def late_failure(self) -> LateFailure | None:
        """The failure that shows once an app's own stream is over; None if there is none."""
        if self._passed_on is not None:
            return self._passed_on.at_end()
        return self._own.at_end(in_chunks=self._framing is Framing.TEXT) if self._own is not None else None

    def look(self, events: Sequence[tuple[Event, Any]], before: Callable[[], Sequence[tuple[Event, Any]]]) -> bool:
        """Looks at events and their payloads before they are decoded. True: the events before them read otherwise now.

        `before`: gives all that came so far.
        """
        dialect = self._dialect
        changed = False
        for place, (event, value) in enumerate(events):
            if self._as_expected is not None:
                self._reconsider(self._as_expected, event, value)
            elif self._unsettled and event.data:
                self._settle(event, value)
            if self._dialect is not dialect:
                dialect, changed = self._dialect, True
                if self._learner is not None:  # of another dialect than before: it has seen nothing yet
                    self._learner.look([*before(), *events[:place]])
            if self._learner is not None:
                changed = self._learner.look([(event, value)]) or changed
                dialect = self._dialect
        return changed

    def close(self) -> bool:
        """Nothing changes any more. True: the events so far read otherwise now that no more of them count."""
        self._unsettled = 0
        self._as_expected = None
        return self._learner is not None and self._learner.look_back()

    def begin_again(self) -> None:
        """From here on `decode` gets the events from the first one."""
        if self._learner is not None:
            self._dialect = own_dialect(self._dialect.name, self._learner.event_format, self._dialect.path)
            self._own = OwnDecoder(self._learner.event_format)
            self.decode = self._own.decode
        elif self._dialect.by_events:
            self._passed_on = PassedOn(self._dialect.decoder())
            self.decode = self._passed_on.decode
        else:
            self.decode = self._dialect.decoder()

    def _settle(self, event: Event, value: object) -> None:
        """Is this the dialect, and if not, which one is it?"""
        dialect = self._dialect
        if len(self._first) < _RECOGNISED_WITHIN:
            self._first.append(value)
        if dialect.recognises(event, value):
            self._unsettled = 0
        elif (other := self._another(event, value)) is not None:
            self._unsettled = 0
            if self.named and dialect.event_format is not None:
                self.looks_like = other.name
            elif self.named or not (dialect.shared_paths or dialect.event_format is not None):
                self._contradict(dialect, other, event, value)
            else:
                self._change_to(replace(other, by_events=True))
        elif not self.named and dialect.shared_paths and self._is_no_event_of(dialect, value):
            self._change_to(dialects.by_name(dialects.PLAIN))
        else:
            self._count_down(event, value)

    def _another(self, event: Event, value: object) -> Dialect | None:
        """A dialect of another wire form that the event tells, by itself or with those before it."""
        other = dialects.by_event(event, value)
        if other is None and len(self._first) < _RECOGNISED_WITHIN:
            other = dialects.by_beginning(self._first)
        return None if other is None or other.wire is self._dialect.wire else other

    def _contradict(self, expected: Dialect, other: Dialect, event: Event, value: object) -> None:
        """The events are another vendor's than was named. They are read as what they are, and the mismatch is kept."""
        as_expected = expected.decoder()
        if not _finds_content(as_expected, event, value):
            self._change_to(other)
            self.expected, self._as_expected = expected, as_expected
            self._looked_at = 0

    def _reconsider(self, as_expected: Decode, event: Event, value: object) -> None:
        """Whether the events are what was named after all: clients of that find content in one of the next."""
        expected = self.expected
        assert expected is not None
        self._looked_at += 1
        if _finds_content(as_expected, event, value) or expected.recognises(event, value):
            self.expected = self._as_expected = None
            self._change_to(expected)
        elif self._looked_at == _MAX_LOOKED_AT:
            self._as_expected = None

    def _is_no_event_of(self, dialect: Dialect, value: object) -> bool:
        """Whether this is plainly no event of the dialect that the path tells. Any app may tell a failure alike."""
        is_json = value is not NO_PAYLOAD and not as_dict(value).get("error")
        return self._framing is not dialect.framing or is_json

    def _count_down(self, event: Event, value: object) -> None:
        """The event tells no dialect. Behind a status or a greeting of an app's own, a vendor's events may follow."""
        self._looked_at += 1
        kinds = words.kinds_of(event, value)
        if self._dialect.event_format is None:
            self._unsettled = 0 if value is NO_PAYLOAD else self._unsettled - 1
        elif self._reads_text and not is_heartbeat(kinds):
            self._unsettled -= 1
        if self._looked_at == _MAX_LOOKED_AT:
            self._unsettled = 0

    @property
    def _reads_text(self) -> bool:
        """Whether an app's own text was found: then no vendor's events are to be expected."""
        return self._learner is not None and self._learner.event_format.payloads in _WITH_TEXT

    def _change_to(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._learner = Learner(dialect.event_format) if dialect.event_format is not None else None
        self._own = None
        self._passed_on = None
        self.begin_again()


def _finds_content(decode: Decode, event: Event, value: object) -> bool:
    return any(delta.kind in CONTENT_KINDS and delta.text for delta in decode(event, value))
