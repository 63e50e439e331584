"""How an app's own stream is read: what was given and what was learned, as one value."""

from enum import StrEnum

from msgspec import Struct

from sseprobe import json_pointer
from sseprobe.dialects.own.convention import Convention, Steps


class Payloads(StrEnum):
    """What the data of events is."""

    OBJECTS = "JSON objects"
    STRINGS = "JSON strings"
    TEXT = "text"
    MESSAGES = "messages"
    """JSON without text that is known: each event is a message of its own, and its data is shown."""
    UNKNOWN = "unknown"
    """Too few events have come."""


class EventFormat(Struct, frozen=True):
    """How a stream is read.

    `text`: the place of the text in the payload, None where it is the whole data, or unknown. `grows`: each event
    repeats the text so far. `any_kind`: also events that are named as if they held no text hold it. `flows`: the events
    are pieces of one text. `learned_from`: how many events the place was learned from, None where it was given, or
    there is none. `ended_alike`: how many streams ended with one of the end marks in `given.done`, where these were
    learned; 0 where they were given.
    """

    given: Convention
    payloads: Payloads = Payloads.UNKNOWN
    text: Steps | None = None
    grows: bool = False
    any_kind: bool = False
    flows: bool = False
    learned_from: int | None = None
    ended_alike: int = 0

    @classmethod
    def of(cls, given: Convention) -> "EventFormat":
        """What follows from what was given."""
        if given.text is None:
            return cls(given)
        return cls(given, Payloads.OBJECTS, given.text, flows=True)

    @property
    def is_open(self) -> bool:
        """Whether more has to be learned."""
        return self.payloads is Payloads.UNKNOWN

    @property
    def parses_json(self) -> bool:
        """Whether payloads are JSON, and read."""
        return self.payloads in (Payloads.OBJECTS, Payloads.STRINGS)

    @property
    def text_at(self) -> str | None:
        """The pointer of the text, empty for a JSON string; None where it is the data as it is, or not known."""
        if self.payloads is Payloads.STRINGS:
            return ""
        return None if self.text is None else json_pointer.text_of(self.text)

    def same_as(self, other: "EventFormat") -> bool:
        """Whether events read the same by both."""
        ours, theirs = ((each.payloads, each.text, each.grows, each.any_kind) for each in (self, other))
        return ours == theirs
