"""Whether events have payloads, with the fields that their dialect requires (`dialects/shapes.py`)."""

from sseprobe.rules.base import NotApplicable
from sseprobe.streams.transcript import Transcript


def require_payloads(stream: Transcript) -> None:
    """Raises NotApplicable for a dialect whose data is not JSON."""
    if not stream.dialect.parses_json:
        raise NotApplicable(f"{stream.dialect.name} defines no payloads")


def is_whole(stream: Transcript) -> bool:
    """Whether each payload has the fields that its type requires."""
    shapes = stream.dialect.shapes
    if shapes is None:
        return True
    for message in stream.messages:
        shape = shapes.of(message.fields) if message.fields else None
        if shape is not None and not shape.holds(message.fields):
            return False
    return True


def require_whole(stream: Transcript) -> None:
    """Raises NotApplicable if a required field is missing: events can then not be assigned to parts."""
    if not stream.remembered(is_whole):
        raise NotApplicable("fields that link events are missing: see JSON002")
