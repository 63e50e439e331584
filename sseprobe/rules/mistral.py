"""Family MIS: Mistral. What it shares with OpenAI's chunks stands there."""

from collections.abc import Iterator

from sseprobe.dialects.base import as_dict, as_list
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.transcription import Transcript


@rule("MIS001", Severity.WARNING, Kind.CONFORMANCE, "https://docs.mistral.ai/api/", dialects=("mistral",))
def counts_where_it_finishes(stream: Transcript) -> Iterator[Finding]:
    """The chunk that finishes has the usage.

    What it does: looks for `usage` in the chunk with the finish reason.
    Why it matters: Mistral's clients read it there; there is no chunk of its own for it.
    Good: `{"choices": [{"finish_reason": "stop", …}], "usage": {…}}`. Bad: the same without usage.
    """
    finishing = [
        message
        for message in stream.messages
        if any(as_dict(choice).get("finish_reason") for choice in as_list(message.fields.get("choices")))
    ]
    if not finishing:
        raise NotApplicable("no choice finished")
    if not any(isinstance(message.fields.get("usage"), dict) for message in finishing):
        yield Finding("the chunk that finishes has no usage", finishing[-1].event.span, "usage", "none")
