"""The types of events that a decoder knows are those of the vendor's own SDK."""

import importlib
from typing import get_args

from sseprobe.dialects import openai_responses_types
from tests.support.requirements import missing


def types_in(union: object) -> set[str]:
    """The values of `type` in a union of models."""
    members = get_args(union)
    if len(members) > 1 and not hasattr(members[0], "model_fields"):  # Annotated[Union[…], …]
        members = get_args(members[0])
    return {word for model in members for word in get_args(model.model_fields["type"].annotation)}


def test_no_event_of_responses_is_unknown() -> None:
    try:
        responses = importlib.import_module("openai.types.responses")
    except ImportError:
        missing("openai is not installed")
    told = types_in(responses.ResponseStreamEvent)
    assert len(told) > 50
    assert told <= openai_responses_types.KNOWN
