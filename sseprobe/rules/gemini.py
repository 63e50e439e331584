"""Family GEM: Google Gemini. What clients do was measured with google-genai 3.4.0."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.base import NO_PAYLOAD, as_dict, as_list
from sseprobe.dialects.shapes import json_type
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.foreign_errors import is_foreign_error
from sseprobe.rules.support.parts import described
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_API: Final = "https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse"
_CALLS: Final = "https://ai.google.dev/gemini-api/docs/function-calling"
_OURS: Final = Scope((Wire.GEMINI,))
_KNOWN: Final = frozenset(
    {"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId", "createTime", "error"}
)
_SNAKE: Final = frozenset({
    "prompt_feedback", "usage_metadata", "model_version", "response_id", "finish_reason", "finish_message",
    "safety_ratings", "citation_metadata", "grounding_metadata", "token_count", "function_call",
    "function_response", "inline_data", "file_data", "thought_signature", "executable_code",
    "code_execution_result", "prompt_token_count", "candidates_token_count", "thoughts_token_count",
    "total_token_count", "cached_content_token_count",
})  # fmt: skip
_WORD: Final = re.compile(r"[A-Z][A-Z0-9_]*")


def _responses(stream: Transcript) -> list[Message]:
    found = [message for message in stream.messages if message.fields and not is_foreign_error(message)]
    if not found:
        raise NotApplicable("the stream has no event with a JSON object")
    return found


def _candidates(message: Message) -> list[dict[str, Any]]:
    return [each for each in as_list(message.fields.get("candidates")) if isinstance(each, dict)]


def _parts(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    parts = as_list(as_dict(candidate.get("content")).get("parts"))
    return [part for part in parts if isinstance(part, dict)]


@rule("GEM001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def is_a_response(stream: Transcript) -> Iterator[Finding]:
    """Each event is a GenerateContentResponse in camelCase.

    What it does: Checks that the payload is an object with at least one field of a response, and without snake_case
    fields in the response, its candidates, their parts and usage. Additional fields are allowed.
    Why it matters: Clients read the names they know. google-genai makes an empty chunk of the rest, without an error.
    Good: `{"candidates": […], "usageMetadata": {…}}`.
    Bad: `{"candidates": […], "usage_metadata": {…}}`.
    """
    judged = 0
    for message in stream.messages:
        if message.payload is NO_PAYLOAD or is_foreign_error(message):
            continue
        judged += 1
        if not isinstance(message.payload, dict):
            actual = json_type(message.payload)
            yield Finding(
                "not-an-object", f"the payload has type {actual}", message.event.span, "a JSON object", actual
            )
        elif snake := _in_snake_case(message):
            yield Finding(f"snake-case-{snake}", f"{snake} is not camelCase", message.event.span, "camelCase", snake)
        elif _KNOWN.isdisjoint(message.fields):
            excerpt = one_line(", ".join(sorted(message.fields)[:8]), 80) or "{}"
            yield Finding(
                "no-known-field",
                "the event has neither candidates nor usage",
                message.event.span,
                "candidates",
                excerpt,
            )
    if not judged:
        raise NotApplicable("the stream has no event with JSON")


def _in_snake_case(message: Message) -> str | None:
    levels = [message.fields, as_dict(message.fields.get("usageMetadata"))]
    for candidate in _candidates(message):
        levels += [candidate, *_parts(candidate)]
    return next((name for level in levels for name in level if name in _SNAKE), None)


@rule("GEM004", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def has_no_sentinel(stream: Transcript) -> Iterator[Finding]:
    """The stream ends with the body, without `[DONE]`.

    What it does: Reports events that begin with `[DONE]`.
    Why it matters: google-genai parses each event as JSON and raises UnknownApiResponseError at the end of a complete
    answer.
    Good: A response with `"finishReason": "STOP"`, then the end of the body.
    Bad: `data: [DONE]` after it.
    """
    _responses(stream)
    for message in stream.messages:
        if message.payload is NO_PAYLOAD and message.event.data.startswith("[DONE]"):
            yield Finding("done-mark", "the stream has a [DONE]", message.event.span, "the end of the body", "[DONE]")


@rule("GEM005", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def has_well_formed_candidates(stream: Transcript) -> Iterator[Finding]:
    """Candidates and parts are lists, and text is a string.

    What it does: Checks the JSON types of `candidates`, `content`, `parts`, each part and `text`, where present.
    Why it matters: google-genai raises ValidationError or TypeError, and the answer is lost.
    Good: `{"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}`.
    Bad: `{"candidates": [{"content": "Hi"}]}`.
    """
    judged = 0
    for message in _responses(stream):
        for path, expected, value in _typed_fields(message.fields):
            judged += 1
            actual = json_type(value)
            if actual != expected and value is not None:
                yield Finding(
                    f"wrong-type-of-{path.removeprefix('a ')}",
                    f"{path} has type {actual}",
                    message.event.span,
                    expected,
                    actual,
                )
    if not judged:
        raise NotApplicable("the stream has no candidates")


def _typed_fields(fields: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    if "candidates" not in fields:
        return
    yield "candidates", "array", fields["candidates"]
    for candidate in as_list(fields["candidates"]):
        yield "a candidate", "object", candidate
        content = as_dict(candidate).get("content")
        yield "content", "object", content
        parts = as_dict(content).get("parts")
        yield "parts", "array", parts
        for part in as_list(parts):
            yield "a part", "object", part
            yield "text", "string", as_dict(part).get("text")


@rule("GEM006", Severity.ERROR, Kind.CONFORMANCE, _CALLS, dialects=_OURS)
def has_whole_calls(stream: Transcript) -> Iterator[Finding]:
    """A function call has a name, and an object as its arguments.

    What it does: Checks each `functionCall`. Arguments may be missing. On Vertex AI a call streamed in pieces
    (`partialArgs`, `willContinue`) has its name in the first piece.
    Why it matters: With arguments as a string, as OpenAI sends them, google-genai raises ValidationError.
    Good: `{"functionCall": {"name": "get_weather", "args": {"city": "Rome"}}}`.
    Bad: `"args": "{\\"city\\": …}"`.
    """
    judged = 0
    for message in _responses(stream):
        for call in [part["functionCall"] for each in _candidates(message) for part in _parts(each) if _calls(part)]:
            judged += 1
            if not isinstance(call, dict):
                actual = json_type(call)
                yield Finding(
                    "call-not-an-object", f"functionCall has type {actual}", message.event.span, "object", actual
                )
                continue
            args, name = call.get("args"), call.get("name")
            if args is not None and not isinstance(args, dict):
                actual = json_type(args)
                yield Finding(
                    "arguments-not-an-object",
                    f"the arguments have type {actual}",
                    message.event.span,
                    "object",
                    actual,
                )
            in_pieces = "partialArgs" in call or "willContinue" in call or not call
            if not in_pieces and (not isinstance(name, str) or not name):
                yield Finding("missing-name", "a function call has no name", message.event.span, "its name", "none")
    if not judged:
        raise NotApplicable("the stream has no function call")


def _calls(part: dict[str, Any]) -> bool:
    return part.get("functionCall") is not None


@rule("GEM007", Severity.WARNING, Kind.CONFORMANCE, _API, dialects=_OURS)
def finishes_in_its_own_words(stream: Transcript) -> Iterator[Finding]:
    """`finishReason` is an upper-case word, such as STOP or MAX_TOKENS.

    What it does: Checks each `finishReason`. New words are allowed, because Google adds some.
    Why it matters: Clients compare with STOP. Other vendors' words (`stop`, `tool_calls`) look like a failure to them.
    Good: `"finishReason": "STOP"`.
    Bad: `"finishReason": "stop"`.
    """
    judged = 0
    for message in _responses(stream):
        for reason in [candidate.get("finishReason") for candidate in _candidates(message)]:
            if reason is None or reason == "":
                continue
            judged += 1
            if not isinstance(reason, str) or not _WORD.fullmatch(reason):
                problem = f"the finish reason is {described(reason)}"
                yield Finding(
                    "wrong-finish-reason", problem, message.event.span, "STOP, MAX_TOKENS, …", described(reason)
                )
    if not judged:
        raise NotApplicable("the stream has no finish reason")
