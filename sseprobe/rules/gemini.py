"""Family GEM: Google Gemini."""

from collections.abc import Iterator
from typing import Final

from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.errors import is_foreign_error
from sseprobe.text import one_line
from sseprobe.transcription import Transcript

_API: Final = "https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse"
_KNOWN: Final = frozenset({"candidates", "promptFeedback", "usageMetadata", "error"})
_SNAKE: Final = frozenset({"prompt_feedback", "usage_metadata", "model_version", "response_id"})


@rule("GEM001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=("gemini",))
def is_a_response(stream: Transcript) -> Iterator[Finding]:
    """Each event is a GenerateContentResponse, in camelCase.

    What it does: looks for `candidates`, `promptFeedback` or `usageMetadata`, and for names in snake_case.
    Why it matters: google-genai reads the names it knows, and silently makes an empty chunk of the rest.
    Good: `{"candidates": […], "usageMetadata": {…}}`. Bad: `{"candidates": […], "usage_metadata": {…}}`.
    """
    judged = 0
    for message in stream.messages:
        if not message.fields or is_foreign_error(message):
            continue
        judged += 1
        names = message.fields.keys()
        if snake := sorted(names & _SNAKE):
            yield Finding(f"{snake[0]} is not camelCase", message.event.span, "camelCase", snake[0])
        elif not names & _KNOWN:
            shown = one_line(", ".join(sorted(names)), 80)
            yield Finding("the event has neither candidates nor usage", message.event.span, "candidates", shown)
    if not judged:
        raise NotApplicable("no event holds a JSON object")
