"""Decodes events and bodies as sseprobe does: parsed once, by a decoder that lives as long as the stream."""

import json
from typing import Any

from sseprobe import dialects
from sseprobe.dialects.base import Delta, DeltaKind, payload
from sseprobe.sse import Event
from sseprobe.sse.framing import new_parser

SAID = (DeltaKind.TEXT, DeltaKind.REASONING, DeltaKind.REFUSAL, DeltaKind.TOOL_CALL)


def event(data: str, name: str = "message") -> Event:
    """An event with this data."""
    return Event(name, data, "", 0, len(data))


class Decoding:
    """One stream of a dialect. Deltas that only open a choice are left out."""

    def __init__(self, dialect: str) -> None:
        self._decode = dialects.by_name(dialect).decoder()

    def text(self, data: str, name: str = "message") -> list[Delta]:
        """The deltas of an event with this data."""
        of = event(data, name)
        return [delta for delta in self._decode(of, payload(of)) if delta.kind is not DeltaKind.OPEN]

    def json(self, value: Any) -> list[Delta]:
        """The deltas of an event with this payload."""
        return self.text(json.dumps(value))


def decode_body(dialect: str, body: bytes) -> list[Delta]:
    """All deltas of a whole body."""
    parser = new_parser(dialects.by_name(dialect).framing)
    decode = dialects.by_name(dialect).decoder()
    items = [*parser.receive(body), *parser.receive_eof()]
    return [delta for item in items if isinstance(item, Event) for delta in decode(item, payload(item))]


def joined(deltas: list[Delta]) -> dict[tuple[DeltaKind, int, int | str | None], str]:
    """What the deltas come to: for each kind, choice and call the text, a call's name before its arguments."""
    texts: dict[tuple[DeltaKind, int, int | str | None], str] = {}
    for delta in deltas:
        if delta.kind in SAID:
            place = (delta.kind, delta.choice, delta.call)
            texts[place] = texts.get(place, "") + (f"{delta.name}(" if delta.name else "") + delta.text
    return {place: text for place, text in texts.items() if text}


def only(deltas: list[Delta], kind: DeltaKind) -> list[Delta]:
    """The deltas of one kind."""
    return [delta for delta in deltas if delta.kind is kind]
