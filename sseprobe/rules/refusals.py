"""Family ERR: answers to invalid requests, before any stream."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.probe_results import Refusal
from sseprobe.text import one_line

_RFC9110: Final = "https://www.rfc-editor.org/rfc/rfc9110"
_OPENAI: Final = "https://platform.openai.com/docs/guides/error-codes"
_JSON_TYPES: Final = ("application/json", "application/problem+json")


@rule("ERR005", Severity.ERROR, Kind.CONFORMANCE, f"{_RFC9110}#section-15.5", of=Refusal)
def refuses_with_a_status(refusal: Refusal) -> Iterator[Finding]:
    """An invalid request gets a 4xx.

    What it does: Sends a body that is not JSON, and a body without a prompt.
    Why it matters: A client that gets 200 takes the error for an answer. A client that gets 5xx retries.
    Good: `400 Bad Request`, or 422.
    Bad: `200 OK` with the error inside the stream; or `500`.
    """
    for answer in refusal.answers:
        if answer.head is None:
            yield Finding(
                f"{answer.name}-unanswered",
                f"{answer.request}: no response ({one_line(answer.problem or '', 200)})",
                None,
                "4xx",
                "none",
            )
        elif not 400 <= answer.head.status < 500:
            yield Finding(
                f"{answer.name}-not-refused",
                f"{answer.request}: got {answer.head.status}",
                None,
                "4xx",
                str(answer.head.status),
            )


@rule("ERR006", Severity.ERROR, Kind.CONFORMANCE, _OPENAI, of=Refusal)
def refuses_in_json(refusal: Refusal) -> Iterator[Finding]:
    """An error response before the stream is a JSON object.

    What it does: Checks the content type and body of the response to an invalid request.
    Why it matters: SDKs read the error message from the JSON. For an HTML page or plain text they show nothing useful.
    Good: `{"error": {"message": "…", "type": "invalid_request_error"}}`.
    Bad: `<h1>Bad Request</h1>`.
    """
    refused = [answer for answer in refusal.answers if answer.status is not None and answer.status >= 400]
    if not refused:
        raise NotApplicable("no invalid request was refused: see ERR005")
    for answer in refused:
        if not (answer.content_type in _JSON_TYPES and isinstance(_json(answer.body), dict)):
            excerpt = one_line(answer.body.decode(errors="replace"), 100) or "an empty body"
            problem = f"{answer.request}: got {answer.status} with {answer.content_type or 'no Content-Type'}"
            yield Finding(f"{answer.name}-not-json", problem, None, "a JSON object", excerpt)


@rule("ERR008", Severity.WARNING, Kind.COMPATIBILITY, _OPENAI, of=Refusal)
def refuses_with_a_message(refusal: Refusal) -> Iterator[Finding]:
    """An error response has its message where clients look for it.

    What it does: Checks for text in `error.message`, `error` or `message` of the JSON error response.
    Why it matters: SDKs read the message there. If it is elsewhere, they show the whole document or nothing.
    Good: `{"error": {"message": "messages is missing"}}`.
    Bad: `{"detail": [{"loc": ["body"], "type": "missing"}]}`.
    """
    documents = [(answer, _json(answer.body)) for answer in refusal.answers if (answer.status or 0) >= 400]
    objects = [(answer, document) for answer, document in documents if isinstance(document, dict)]
    if not objects:
        raise NotApplicable("no error response is a JSON object: see ERR005 and ERR006")
    for answer, document in objects:
        error = document.get("error")
        message = error.get("message") if isinstance(error, dict) else error or document.get("message")
        if not isinstance(message, str) or not message:
            excerpt = one_line(answer.body.decode(errors="replace"), 100)
            yield Finding(
                f"{answer.name}-without-message",
                f"{answer.request}: the error response has no message where clients look",
                None,
                "error.message",
                excerpt,
            )


def _json(body: bytes) -> Any:
    decode: Callable[[bytes], Any] = msgspec.json.decode
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
