"""Whether events have payloads, with the fields that their dialect requires (`dialects/shapes.py`)."""

from sseprobe.rules.base import NotApplicable
from sseprobe.streams.transcript import Transcript


def require_payloads(stream: Transcript) -> None:
    """Raises NotApplicable for a dialect whose data is no JSON."""
    if not stream.dialect.parses_json:
        raise NotApplicable(f"{stream.dialect.name} has no payloads of its own")


def is_whole(stream: Transcript) -> bool:
    """Whether each payload has what its type requires: else what belongs together cannot be told."""
    shapes = stream.dialect.shapes
    if shapes is None:
        return True
    for message in stream.messages:
        shape = shapes.of(message.fields) if message.fields else None
        if shape is not None and not shape.holds(message.fields):
            return False
    return True


def require_whole(stream: Transcript) -> None:
    """Raises NotApplicable where a field is missing that tells which part is meant."""
    if not stream.remembered(is_whole):
        raise NotApplicable("fields are missing that tell what belongs together: see JSON002")
