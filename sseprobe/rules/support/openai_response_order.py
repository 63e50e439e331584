"""The order of the Responses' events: their types and numbers, and whether all of them are there."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from sseprobe.dialects.base import NO_PAYLOAD, as_text
from sseprobe.rules.base import Inconclusive, NotApplicable
from sseprobe.rules.support.order import within
from sseprobe.rules.support.shapes import require_whole
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript

SENTINEL: Final = "[DONE]"
"""What ends a stream of other dialects."""


def type_of(message: Message) -> str:
    """The type in an event's payload, empty if there is none."""
    return as_text(message.fields.get("type"))


def is_broken(message: Message) -> bool:
    """Whether an event is neither JSON nor the sentinel of other dialects."""
    return message.payload is NO_PAYLOAD and message.event.data != SENTINEL


def number_of(message: Message) -> int | None:
    """An event's `sequence_number`, None if it has none."""
    number = message.fields.get("sequence_number")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def is_resumed(stream: Transcript) -> bool:
    """Whether the request asked for the rest of a stream."""
    try:
        return stream.request is not None and "starting_after" in parse_qs(urlsplit(stream.request.url).query)
    except ValueError:
        return False


def disorder(stream: Transcript) -> Iterator[tuple[Message, int, int]]:
    """Events whose number is not higher than all before: the event, the highest number before, its own number."""
    highest: int | None = None
    for message in within(stream):
        number = number_of(message)
        if number is None:
            continue
        if highest is not None and number <= highest:
            yield message, highest, number
        else:
            highest = number


def in_order(stream: Transcript) -> Sequence[Message]:
    """The events, complete and in order. Raises NotApplicable or Inconclusive if they are not."""
    require_whole(stream)
    messages = within(stream)
    if is_resumed(stream):
        raise NotApplicable("the stream was resumed, so its beginning is missing")
    if any(is_broken(message) for message in messages):
        raise Inconclusive("an event is not JSON, so something may be missing: see JSON001")
    if next(disorder(stream), None) is not None:
        raise Inconclusive("the events are out of order: see ORS001")
    return messages
