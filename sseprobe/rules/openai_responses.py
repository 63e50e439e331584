"""Family ORS: OpenAI Responses.

JSON002 judges missing fields, TRM001 and TRM002 the terminator and what follows it. If an event is not JSON (JSON001)
or events are out of order (ORS001), rules about the order of items do not judge.
"""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import as_dict, as_id
from sseprobe.dialects.openai_responses_types import KNOWN
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.openai_response_order import (
    SENTINEL,
    disorder,
    is_broken,
    is_resumed,
    number_of,
    type_of,
)
from sseprobe.rules.support.order import typed, within
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_EVENTS: Final = "https://platform.openai.com/docs/api-reference/responses-streaming"
_PYTHON: Final = "https://github.com/openai/openai-python/blob/main/src/openai/lib/streaming/responses/_responses.py"
_CODEX: Final = "https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/sse/responses.py"

_NESTED: Final = "https://github.com/openai/openai-dotnet/issues/881"

_RESPONSES: Final = Scope((Wire.OPENAI_RESPONSES,))
# A response that fails at once has only these.
_FIRST: Final = frozenset({"response.created", "response.queued", "response.failed", "error"})
_LIFECYCLE: Final = frozenset(
    f"response.{name}" for name in ("created", "queued", "in_progress", "completed", "failed", "incomplete")
)
# A response that was cancelled has no event of its own name.
_STATUSES: Final = {
    "response.completed": ("completed",),
    "response.incomplete": ("incomplete", "cancelled"),
    "response.failed": ("failed", "cancelled"),
}


def _excerpt(value: object) -> str:
    return one_line(str(value), 60)


@rule("ORS001", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def begins_and_counts_up(stream: Transcript) -> Iterator[Finding]:
    """The stream starts with `response.created` or `response.queued`, and `sequence_number` rises with each event.

    What it does: Checks the type of the first event; extensions are skipped, and a resumed stream may start anywhere.
    Reports a `sequence_number` that is missing, repeated or falling. ORS007 covers gaps.
    Why it matters: openai-python's `stream()` raises "Expected to have received `response.created`". SDKs with closed
    types reject events without a number. Clients that resume with `starting_after` get events twice or never.
    Good: `response.created` with 0, `response.in_progress` with 1, …
    Bad: `response.output_text.delta` first; numbers 5, 4, 6.
    """
    events = typed(stream)
    if not is_resumed(stream):
        for message in within(stream):
            kind = type_of(message)
            if is_broken(message) or kind in _FIRST:
                break
            if kind in KNOWN:
                problem = f"the first event is {kind}"
                yield Finding("first-event", problem, message.event.span, "response.created or response.queued", kind)
                break
    for kind, message in events:
        if kind in KNOWN and number_of(message) is None:
            problem = f"{kind} has no sequence_number"
            yield Finding(
                "missing-sequence_number",
                problem,
                message.event.span,
                "a number",
                _excerpt(message.fields.get("sequence_number")),
            )
    for message, before, number in disorder(stream):
        problem = f"sequence_number falls or repeats: {_excerpt(number)} after {_excerpt(before)}"
        yield Finding(
            "sequence_number-not-rising", problem, message.event.span, f"more than {_excerpt(before)}", _excerpt(number)
        )


@rule("ORS002", Severity.ERROR, Kind.CONFORMANCE, _PYTHON, dialects=_RESPONSES)
def has_one_response(stream: Transcript) -> Iterator[Finding]:
    """All lifecycle events have the same response id.

    What it does: Compares `response.id` in created, queued, in_progress, completed, failed and incomplete.
    Why it matters: openai-python's `stream()` raises "Lifecycle response identity changed.". The next request's
    `previous_response_id` may name a response that does not exist.
    Good: `"response":{"id":"resp_1",…}` in `response.created` and in `response.completed`.
    Bad: `resp_1` in `response.created`, `resp_2` in `response.completed`.
    """
    first = ""
    for message in within(stream):
        if type_of(message) in _LIFECYCLE:
            identity = as_id(as_dict(message.fields.get("response")).get("id"))
            first = first or identity
            if identity not in ("", first):
                problem = f"{type_of(message)} has a different response id"
                yield Finding("changed-response", problem, message.event.span, _excerpt(first), _excerpt(identity))
    if not first:
        raise NotApplicable("the stream has no response id")


@rule("ORS005", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def ends_as_it_says(stream: Transcript) -> Iterator[Finding]:
    """The last event's type matches the response's `status`.

    What it does: Checks `response.status` in `response.completed`, `response.incomplete` and `response.failed`.
    Why it matters: Clients rely on one or the other. A `response.completed` whose status is `in_progress` was cut
    short, but looks complete to clients that read the type.
    Good: `response.completed` with `"status":"completed"`.
    Bad: `response.completed` with `"status":"in_progress"`.
    """
    for message in within(stream):
        allowed = _STATUSES.get(type_of(message))
        status = as_dict(message.fields.get("response")).get("status")
        if allowed is None:
            continue
        if isinstance(status, str) and status not in allowed:
            problem = f"{type_of(message)} has a response with status {_excerpt(status)}"
            yield Finding("status-differs", problem, message.event.span, allowed[0], _excerpt(status))
        return
    raise NotApplicable("the stream has no event that ends the response")


@rule("ORS006", Severity.INFO, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def has_no_sentinel(stream: Transcript) -> Iterator[Finding]:
    """The stream has no `[DONE]`: the response's own end is the last event.

    What it does: Reports `[DONE]`.
    Why it matters: SDKs stop before it or ignore it. A client that waits for it hangs on servers that follow the
    specification.
    Good: `response.completed`, and the end of the body.
    Bad: `response.completed`, then `data: [DONE]`.
    """
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    for message in stream.messages:
        if message.event.data == SENTINEL:
            yield Finding("done-mark", "the stream has a [DONE]", message.event.span, "the end of the body", SENTINEL)


@rule("ORS007", Severity.WARNING, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def leaves_no_gap(stream: Transcript) -> Iterator[Finding]:
    """`sequence_number` rises by one, starting at 0 or 1.

    What it does: Reports skipped numbers. OpenAI counts this way but does not promise it.
    Why it matters: A gap means that an event was lost on the way.
    Good: 0, 1, 2, 3.
    Bad: 0, 1, 3.
    """
    before: int | None = None
    seen = False
    for message in within(stream):
        number = number_of(message)
        if number is None:
            before = None  # it may have had the number that is missing
            continue
        if not seen and number > 1 and message.index == 0 and not is_resumed(stream):
            yield Finding(
                "late-sequence_number",
                f"sequence_number starts at {_excerpt(number)}",
                message.event.span,
                "0 or 1",
                _excerpt(number),
            )
        elif before is not None and number > before + 1:
            problem = f"sequence_number jumps from {_excerpt(before)} to {_excerpt(number)}"
            yield Finding("sequence_number-gap", problem, message.event.span, _excerpt(before + 1), _excerpt(number))
        before, seen = number, True
    if not seen:
        raise NotApplicable("no event has a sequence_number")


@rule("ORS008", Severity.WARNING, Kind.COMPATIBILITY, _CODEX, dialects=_RESPONSES)
def fails_after_an_error(stream: Transcript) -> Iterator[Finding]:
    """`error` is followed by `response.failed`.

    What it does: Checks for `response.failed` after an `error` event, which is not part of the response's lifecycle.
    Why it matters: Clients that follow the lifecycle (Codex) see a truncated stream and retry.
    Good: `error`, then `response.failed`.
    Bad: `error`, and the end of the body.
    """
    error: Message | None = None
    for message in stream.messages:
        if type_of(message) == "error":
            error = error or message
        elif error is not None and type_of(message) == "response.failed":
            return
    if error is None:
        raise NotApplicable("the stream has no error event")
    yield Finding("no-response.failed", "error is not followed by response.failed", error.event.span, "response.failed")


@rule("ORS012", Severity.WARNING, Kind.COMPATIBILITY, _NESTED, dialects=_RESPONSES)
def has_flat_errors(stream: Transcript) -> Iterator[Finding]:
    """The `error` event has `code` and `message` at the top level.

    What it does: Reports code and message nested in an object `error`. api.openai.com itself sends them nested, against
    its documentation.
    Why it matters: Clients made from the documentation (openai-dotnet, Vercel's AI SDK before a fix) find no message.
    Good: `{"type":"error","code":"server_error","message":"…","param":null,"sequence_number":4}`.
    Bad: `{"type":"error","error":{"code":"server_error","message":"…"},"sequence_number":4}`.
    """
    errors = [message for message in stream.messages if type_of(message) == "error"]
    if not errors:
        raise NotApplicable("the stream has no error")
    if isinstance(errors[0].fields.get("error"), dict):
        problem = "the error is nested in an object: some clients expect code and message at the top level"
        yield Finding(
            "nested-error", problem, errors[0].event.span, "code and message at the top level", "an object named error"
        )
