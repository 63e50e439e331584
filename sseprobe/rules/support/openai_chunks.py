"""What the rules for OpenAI's chunks share: which events count, and what is in them.

Rules do not see what follows the terminator (TRM002) or an error (ERR002). After an event that is not JSON (JSON001)
nothing counts as missing: it may have been in that event.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from sseprobe.dialects.base import NO_PAYLOAD, DeltaKind, as_dict, as_list
from sseprobe.dialects.openai_chat import choice_index
from sseprobe.dialects.openai_chat_additions import usages
from sseprobe.rules.support.order import within
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

Choice = dict[str, Any]
Choices = list[tuple[Message, int, Choice]]


def events_of_answer(stream: Transcript) -> list[Message]:
    """The events before the terminator and before any error."""
    return stream.remembered(_events_of_answer)


def _events_of_answer(stream: Transcript) -> list[Message]:
    found = list(within(stream))
    if found and found[-1].has(DeltaKind.END, DeltaKind.ERROR):
        found.pop()
    return found


def is_legible(stream: Transcript) -> bool:
    """Whether all events of the answer are JSON."""
    return len(stream.remembered(_legible)) == len(events_of_answer(stream))


def _legible(stream: Transcript) -> list[Message]:
    found = []
    for message in events_of_answer(stream):
        if message.payload is NO_PAYLOAD:
            break
        found.append(message)
    return found


def all_chunks(stream: Transcript) -> list[Message]:
    """The chunks, objects with a list of choices, before the terminator and before any error."""
    return stream.remembered(_all_chunks)


def _all_chunks(stream: Transcript) -> list[Message]:
    return [
        message
        for message in events_of_answer(stream)
        if type(message.payload) is dict and type(message.payload.get("choices")) is list
    ]


def choices(message: Message) -> Iterator[tuple[int, Choice]]:
    """The choices of a chunk with their indices."""
    for position, choice in enumerate(as_list(message.fields.get("choices"))):
        if isinstance(choice, dict):
            yield choice_index(choice, position), choice


def all_choices(stream: Transcript) -> Choices:
    """The choices of all events before the terminator and before any error."""
    return stream.remembered(_all_choices)


def _all_choices(stream: Transcript) -> Choices:
    found = []
    for message in all_chunks(stream):
        for position, choice in enumerate(message.payload["choices"]):
            if type(choice) is dict:
                index = choice.get("index")  # mostly a number, and then not asked for twice
                found.append((message, index if type(index) is int else choice_index(choice, position), choice))
    return found


def legible_choices(stream: Transcript) -> Choices:
    """The choices of `all_choices` up to the first event that is not JSON."""
    return stream.remembered(_legible_choices)


def _legible_choices(stream: Transcript) -> Choices:
    end = len(stream.remembered(_legible))
    last = events_of_answer(stream)[end].index if end < len(events_of_answer(stream)) else None
    everything = all_choices(stream)
    return everything if last is None else [each for each in everything if each[0].index < last]


def legible_calls(stream: Transcript) -> Choices:
    """The tool call fragments in `legible_choices`, each with its choice's index."""
    return stream.remembered(_legible_calls)


def _legible_calls(stream: Transcript) -> Choices:
    found = []
    for message, index, choice in legible_choices(stream):
        delta = choice.get("delta")
        if type(delta) is dict and delta.get("tool_calls"):
            calls = as_list(delta["tool_calls"])
            found += [(message, index, call) for call in calls if isinstance(call, dict)]
    return found


def finish_of(choice: Choice) -> str:
    """The finish reason of a choice, empty if it has none yet."""
    reason = choice.get("finish_reason")
    return reason if isinstance(reason, str) else ""


def has_usage(message: Message) -> bool:
    """Whether a chunk has usage."""
    return bool(usages(message.fields))


def asked(stream: Transcript) -> dict[str, Any]:
    """The request's JSON body, empty if it is unknown or not an object."""
    body = stream.request.body if stream.request else None
    try:
        return as_dict(msgspec.json.decode(body or b"null"))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}


def excerpt(value: object, limit: int = 60) -> str:
    """A short excerpt of a value from the server, for a message."""
    return one_line(str(value), limit)
