"""What rules about the order of events share: where the answer ends, and the types of its events."""

from collections.abc import Sequence

from sseprobe.dialects.base import DeltaKind
from sseprobe.rules.base import NotApplicable
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript


def ended_by(stream: Transcript) -> Message | None:
    """The event that holds the terminator, None if none came."""
    ends = stream.deltas_by_kind[DeltaKind.END]
    return ends[0][0] if ends else None


def within(stream: Transcript) -> Sequence[Message]:
    """The events up to the terminator or the first error; TRM002 and ERR002 judge what follows."""
    ends = [
        message.index for kind in (DeltaKind.END, DeltaKind.ERROR) for message, _ in stream.deltas_by_kind[kind][:1]
    ]
    return stream.messages[: min(ends) + 1] if ends else stream.messages


def typed(stream: Transcript) -> list[tuple[str, Message]]:
    """The same events with their payload's type, without heartbeats. Raises NotApplicable if none has a type."""
    found = stream.remembered(_find_typed)
    if not found:
        raise NotApplicable("the stream has no event with a type")
    return found


def _find_typed(stream: Transcript) -> list[tuple[str, Message]]:
    return [
        (kind, message)
        for message in within(stream)
        if isinstance(kind := message.fields.get("type"), str) and not message.has(DeltaKind.HEARTBEAT)
    ]
