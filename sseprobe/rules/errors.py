"""Family ERR: error reporting."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import CONTENT_KINDS, DeltaKind, as_dict
from sseprobe.dialects.own.errors import WEB_PAGE, failure_in_line, foreign_failure
from sseprobe.dialects.traits import Scope, Trait
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.rules.probe_results import MidStreamFailure
from sseprobe.rules.support.foreign_errors import HTML, TRACE, is_foreign_error
from sseprobe.sse import IgnoredField
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_OPENROUTER: Final = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
_FINISHING: Final = Scope(having=(Trait.ERROR_WITH_FINISH,))
# What may follow an error: the end and what comes with it, but no content.
_ENDS_AFTER_ERROR: Final = frozenset(
    {DeltaKind.END, DeltaKind.ERROR, DeltaKind.HEARTBEAT, DeltaKind.FINISH, DeltaKind.USAGE, DeltaKind.OPEN}
)


def errors_in(stream: Transcript) -> list[int]:
    """The indices of the error events that the dialect defines."""
    return list(dict.fromkeys(message.index for message, _ in stream.deltas_by_kind[DeltaKind.ERROR]))


def _in_ignored_lines(stream: Transcript) -> Iterator[Finding]:
    """Errors in lines that are not fields. Of a web page only one line: its title, if it has one."""
    page: Finding | None = None
    has_title = False
    for item in stream.of(IgnoredField):
        failure = failure_in_line(item) or foreign_failure(item)
        if failure is None or item.name.startswith("{"):  # bare JSON is SSE008's
            continue
        excerpt = one_line(f"{item.name}: {item.value}" if item.value else item.name, 200)
        problem = f"an error is in a line that is not a field, which every client ignores: {excerpt}"
        found = Finding("error-in-ignored-line", problem, item.span, "data: …", excerpt)
        if not item.name.lstrip().startswith("<"):
            yield found
        elif not has_title:
            page, has_title = found, failure.text != WEB_PAGE
    if page is not None:
        yield page


@rule("ERR001", Severity.ERROR, Kind.CONFORMANCE, _OPENROUTER)
def reports_failures_in_the_dialect(stream: Transcript) -> Iterator[Finding]:
    """A mid-stream failure is reported in the dialect's own format.

    What it does: Reports events and lines that are clearly errors (plain text, HTML, a stack trace, `{"detail": …}`)
    but not in a format that clients of this dialect recognise. TRM001 covers a stream that just ends.
    Why it matters: Clients ignore unknown events, or raise an error about invalid JSON. The user never sees the
    message.
    Good: `data: {"error": {"message": "overloaded", "type": "server_error"}}`.
    Bad: `data: Internal Server Error`.
    """
    yield from _in_ignored_lines(stream)
    if not stream.dialect.parses_json:
        raise NotApplicable(f"{stream.dialect.name} defines no errors")
    for message, _ in stream.deltas_by_kind[DeltaKind.UNKNOWN]:
        if is_foreign_error(message):
            excerpt = one_line(message.event.data, 120)
            yield Finding(
                "foreign-error",
                "an error has a format that no client of this dialect recognises",
                message.event.span,
                "the dialect's error event",
                excerpt,
            )


@rule("ERR002", Severity.ERROR, Kind.CONFORMANCE, _OPENROUTER)
def ends_with_the_error(stream: Transcript) -> Iterator[Finding]:
    """No content follows an error.

    What it does: Reports content after an error event. An end mark may follow, as in vLLM and Mistral, and
    `response.failed` after `error`.
    Why it matters: SDKs raise at the error. Later tokens are never seen but are paid for.
    Good: The error event, then the end.
    Bad: The error event, then tokens.
    """
    errors = errors_in(stream)
    if not errors:
        raise NotApplicable("the stream has no error")
    for message in stream.messages[errors[0] + 1 :]:
        if stream.dialect.has(Trait.SEVERAL_RUNS) and message.has(DeltaKind.OPEN):
            return  # the next run
        if any(delta.kind not in _ENDS_AFTER_ERROR for delta in message.deltas):
            yield Finding(
                "content-after-error",
                "content follows an error",
                message.event.span,
                "the end",
                one_line(message.event.data, 100),
            )


@rule("ERR003", Severity.WARNING, Kind.CONFORMANCE, "https://platform.openai.com/docs/guides/error-codes")
def explains_failures(stream: Transcript) -> Iterator[Finding]:
    """An error has a message, a type or code, and no stack trace.

    What it does: Checks the error events.
    Why it matters: Clients decide by type or code whether to retry. A stack trace reveals details of the server.
    Good: `{"error": {"message": "Overloaded", "type": "overloaded_error"}}`.
    Bad: `{"error": {"message": ""}}`.
    """
    errors = errors_in(stream)
    if not errors:
        raise NotApplicable("the stream has no error")
    for message in (stream.messages[index] for index in errors):
        error = next(delta for delta in message.deltas if delta.kind is DeltaKind.ERROR)
        if not error.text.strip():
            yield Finding("missing-message", "the error has no message", message.event.span, "a message", "none")
        elif TRACE.search(error.text) or HTML.match(error.text):
            excerpt = one_line(error.text, 100)
            yield Finding(
                "trace-or-page-as-message",
                "the error message is a stack trace or a web page",
                message.event.span,
                "a short message",
                excerpt,
            )
        elif error.type is None and error.code is None and stream.dialect.has(Trait.TYPED_ERRORS):
            yield Finding(
                "missing-type-and-code",
                "the error has neither type nor code",
                message.event.span,
                "a type or a code",
                "neither",
            )


@rule("ERR004", Severity.WARNING, Kind.CONFORMANCE, _OPENROUTER, dialects=_FINISHING)
def finishes_with_the_error(stream: Transcript) -> Iterator[Finding]:
    """OpenRouter's error chunk has both an error and the finish reason `error`.

    What it does: Reports an error chunk without `finish_reason: "error"`, and that finish reason without an error.
    Why it matters: Clients check one or the other. If one is missing, some clients see a stream that just ends.
    Good: `{"error": {…}, "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}`.
    Bad: Only one of the two.
    """
    found = False
    for message in stream.messages:
        for _, error in ((message, each) for each in message.deltas if each.kind is DeltaKind.ERROR):
            if "native_finish_reason" in error.text:
                found = True
                yield Finding(
                    "native_finish_reason-alone",
                    error.text,
                    message.event.span,
                    "an error, and finish_reason error",
                    "neither",
                )
        has_error = isinstance(message.fields.get("error"), dict)
        choices = message.fields.get("choices")
        reasons = [as_dict(choice).get("finish_reason") for choice in choices] if isinstance(choices, list) else []
        if has_error or "error" in reasons:
            found = True
            if not has_error:
                yield Finding(
                    "finish_reason-alone",
                    "finish_reason is error, but the chunk has no error",
                    message.event.span,
                    "an error",
                    "none",
                )
            elif "error" not in reasons:
                yield Finding(
                    "error-alone",
                    "the chunk has an error, but finish_reason is not error",
                    message.event.span,
                    "error",
                    one_line(str(reasons), 60),
                )
    if not found:
        raise NotApplicable("the stream has no error")


@rule("ERR007", Severity.ERROR, Kind.CONFORMANCE, _OPENROUTER, of=MidStreamFailure)
def fails_loudly(failed: MidStreamFailure) -> Iterator[Finding]:
    """The server reports a mid-stream failure with the dialect's error event.

    What it does: Makes the server fail after the first tokens, if it supports that, as the bundled mock does.
    Why it matters: The status has already been sent. Every client takes a stream that just ends for a finished answer.
    Good: `data: {"error": {"message": "…"}}`, then the end.
    Bad: The connection closes.
    """
    stream = failed.stream
    if stream.ending is not Ending.ERROR or stream.outcome is None or stream.outcome.error is None:
        yield Finding(
            "no-error-event",
            f"the server was {failed.instruction}, but the stream ended as {stream.ending}",
            None,
            "an error event",
            str(stream.ending),
        )
    elif not any(message.has(*CONTENT_KINDS) for message in stream.messages):
        raise Inconclusive("the error came before any content")
