"""Family ORS: OpenAI Responses.

Missing fields are JSON002's, a missing terminator and what follows it TRM001's and TRM002's. Where an event is no
JSON, or events are out of order, nothing can be said of what belongs together: JSON001 or ORS001 has spoken then.
"""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import as_count, as_dict, as_id, as_text
from sseprobe.dialects.openai_responses_types import KNOWN
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.reception import Message
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.openai_response_items import Difference, OutputItem, Wholes, item_id_of
from sseprobe.rules.support.openai_response_order import (
    SENTINEL,
    disorder,
    in_order,
    is_broken,
    is_resumed,
    number_of,
    type_of,
)
from sseprobe.rules.support.order import typed, within
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript

_EVENTS: Final = "https://platform.openai.com/docs/api-reference/responses-streaming"
_PYTHON: Final = "https://github.com/openai/openai-python/blob/main/src/openai/lib/streaming/responses/_responses.py"
_ITEM_IDS: Final = "https://github.com/BerriAI/litellm/issues/30071"
_CODEX: Final = "https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/sse/responses.py"

_EMPTY: Final = "https://github.com/BerriAI/litellm/issues/32724"
_NESTED: Final = "https://github.com/openai/openai-dotnet/issues/881"

_RESPONSES: Final = Scope((Wire.OPENAI_RESPONSES,))
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
# What fails at once tells only that.
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


def _shown(value: object) -> str:
    return one_line(str(value), 60)


@rule("ORS001", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def begins_and_counts_up(stream: Transcript) -> Iterator[Finding]:
    """The first event is `response.created` or `response.queued`, and `sequence_number` grows with each event.

    What it does: looks at the type of the first event (extensions are skipped; a resumed stream begins anywhere), and
    reports a `sequence_number` that is missing, repeats or falls. Gaps are ORS007's.
    Why it matters: openai-python's `stream()` raises "Expected to have received `response.created`"; SDKs with closed
    types refuse events without a number; whoever resumes with `starting_after` gets events twice or never.
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
                said = f"the first event is {kind}"
                yield Finding("first-event", said, message.event.span, "response.created or response.queued", kind)
                break
    for kind, message in events:
        if kind in KNOWN and number_of(message) is None:
            said = f"{kind} has no sequence_number"
            yield Finding(
                "missing-sequence_number",
                said,
                message.event.span,
                "a number",
                _shown(message.fields.get("sequence_number")),
            )
    for message, before, number in disorder(stream):
        said = f"sequence_number {_shown(number)} comes after {_shown(before)}"
        yield Finding(
            "sequence_number-not-rising", said, message.event.span, f"more than {_shown(before)}", _shown(number)
        )


@rule("ORS002", Severity.ERROR, Kind.CONFORMANCE, _PYTHON, dialects=_RESPONSES)
def has_one_response(stream: Transcript) -> Iterator[Finding]:
    """All lifecycle events tell of the same response.

    What it does: compares `response.id` in created, queued, in_progress, completed, failed and incomplete.
    Why it matters: openai-python's `stream()` raises "Lifecycle response identity changed.", and the next request's
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
                said = f"{type_of(message)} tells of another response"
                yield Finding("changed-response", said, message.event.span, _shown(first), _shown(identity))
    if not first:
        raise NotApplicable("no event told of a response")


@rule("ORS003", Severity.ERROR, Kind.CONFORMANCE, _PYTHON, dialects=_RESPONSES)
def opens_and_closes(stream: Transcript) -> Iterator[Finding]:
    """What is added is added once, before its parts and deltas, and is done before the response is completed.

    What it does: follows items by `output_index`, their parts by `content_index` or `summary_index`, and their deltas.
    It reports events of an item that was not added or is done; text or a refusal without its part; anything added or
    done twice; and at `response.completed` what was never done.
    Why it matters: openai-python's `stream()` raises "Duplicate response output index", or "Received a content event
    for output index 0 before receiving its output item"; agents run a call once its item is done, never an open one.
    Good: `output_item.added`, `content_part.added`, deltas, `output_text.done`, `content_part.done`,
    `output_item.done`.
    Bad: `output_text.delta` first; `response.completed` while an item is open.
    """
    items: dict[int, OutputItem] = {}
    strangers: set[int] = set()
    whole = stream.ending is Ending.COMPLETE  # else TRM001 or TRM006 has spoken
    for message in in_order(stream):
        kind, place = type_of(message), as_count(message.fields.get("output_index"))
        if kind == "response.completed" and whole and _claims_completion(message):
            for index, item in items.items():
                if missing := item.missing():
                    said = f"the response is completed, but the {missing} of output item {_shown(index)} never came"
                    yield Finding(f"missing-{missing}", said, message.event.span, f"the {missing}")
        if kind not in KNOWN or place is None or place in strangers:
            continue
        item_of = f"of output item {_shown(place)}"
        if kind == "response.output_item.added":
            if place in items:
                yield Finding(
                    "second-output_item.added",
                    f"a second {kind} {item_of}",
                    message.event.span,
                    "an output_index of its own",
                )
            else:
                items[place] = OutputItem()
        elif place not in items:
            strangers.add(place)
            said = f"{kind} comes before the output_item.added {item_of}"
            yield Finding("no-output_item.added", said, message.event.span, "response.output_item.added", kind)
        elif wrong := items[place].take(kind, message.fields):
            yield Finding(wrong.key, f"{kind} {item_of} comes {wrong.said}", message.event.span, actual=kind)
    if not items and not strangers:
        raise NotApplicable("no output item came")


def _claims_completion(message: Message) -> bool:
    return as_text(as_dict(message.fields.get("response")).get("status")) in ("", "completed")


@rule("ORS004", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def repeats_what_was_said(stream: Transcript) -> Iterator[Finding]:
    """What `.done` and the finished items hold is what the deltas came to.

    What it does: joins the deltas of each part and compares them with the whole in its `.done` event, its
    `content_part.done`, its `output_item.done` and the final response. Arguments may differ in white space.
    Why it matters: half of the clients show the deltas and half keep the whole: they must not tell two stories. A lost
    or doubled delta shows here.
    Good: deltas `Hel`, `lo`, then `response.output_text.done` with `Hello`.
    Bad: deltas `Hel`, `lo`, then `response.output_text.done` with `Hello!`.
    """
    wholes = Wholes()
    found: list[tuple[Message, Difference]] = []
    for message in in_order(stream):
        found += [(message, difference) for difference in wholes.take(type_of(message), message.fields)]
    for message, difference in found:
        if difference.place not in wholes.late:
            said = f"{type_of(message)} holds another {difference.place[0].removeprefix('response.')} than its deltas"
            yield Finding(
                f"{difference.place[0].removeprefix('response.')}-differs",
                said,
                message.event.span,
                *_excerpts(difference.said, difference.whole),
            )
    if not wholes.compared:
        raise NotApplicable("no deltas came that a later event repeats")


def _excerpts(expected: str, actual: str) -> tuple[str, str]:
    """Excerpts from where two texts part."""
    low, high = 0, min(len(expected), len(actual))
    while low < high:  # the length of what they begin with in common
        middle = (low + high + 1) // 2
        low, high = (middle, high) if expected[:middle] == actual[:middle] else (low, middle - 1)
    start = max(low - 20, 0)
    return one_line(expected[start : start + 240], 60), one_line(actual[start : start + 240], 60)


@rule("ORS005", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def ends_as_it_says(stream: Transcript) -> Iterator[Finding]:
    """The last event's name and its response's `status` agree.

    What it does: compares `response.status` in `response.completed`, `response.incomplete` and `response.failed`.
    Why it matters: clients go by the one or by the other: a response that is "completed" and `in_progress` was cut
    short, and looks whole to those who go by the name.
    Good: `response.completed` with `"status":"completed"`.
    Bad: `response.completed` with `"status":"in_progress"`.
    """
    for message in within(stream):
        allowed = _STATUSES.get(type_of(message))
        status = as_dict(message.fields.get("response")).get("status")
        if allowed is None:
            continue
        if isinstance(status, str) and status not in allowed:
            said = f"{type_of(message)} holds a response that is {_shown(status)}"
            yield Finding("status-differs", said, message.event.span, allowed[0], _shown(status))
        return
    raise NotApplicable("the response did not end")


@rule("ORS006", Severity.INFO, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def has_no_sentinel(stream: Transcript) -> Iterator[Finding]:
    """There is no `[DONE]`: the response's own end is the last event.

    What it does: tells that `[DONE]` came.
    Why it matters: it does no harm, since SDKs stop there or before; but whoever waits for it waits in vain elsewhere.
    Good: `response.completed`, and the end of the body.
    Bad: `response.completed`, then `data: [DONE]`.
    """
    if not stream.messages:
        raise NotApplicable("there is no event")
    for message in stream.messages:
        if message.event.data == SENTINEL:
            yield Finding("done-mark", "[DONE] came", message.event.span, "the end of the body", SENTINEL)


@rule("ORS007", Severity.WARNING, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def leaves_no_gap(stream: Transcript) -> Iterator[Finding]:
    """`sequence_number` grows by one, from 0 or 1.

    What it does: reports numbers that are skipped. OpenAI counts so, without promising it.
    Why it matters: a gap is the mark of an event that got lost on its way.
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
                f"sequence_number begins with {_shown(number)}",
                message.event.span,
                "0 or 1",
                _shown(number),
            )
        elif before is not None and number > before + 1:
            said = f"sequence_number jumps from {_shown(before)} to {_shown(number)}"
            yield Finding("sequence_number-gap", said, message.event.span, _shown(before + 1), _shown(number))
        before, seen = number, True
    if not seen:
        raise NotApplicable("no event has a sequence_number")


@rule("ORS008", Severity.WARNING, Kind.COMPATIBILITY, _CODEX, dialects=_RESPONSES)
def fails_after_an_error(stream: Transcript) -> Iterator[Finding]:
    """`error` is followed by `response.failed`.

    What it does: looks for `response.failed` after an event `error`, which is no part of the response's life.
    Why it matters: clients that follow the lifecycle (Codex) see a stream that was cut, and try again.
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
        raise NotApplicable("no event error came")
    yield Finding("no-response.failed", "error is not followed by response.failed", error.event.span, "response.failed")


@rule("ORS009", Severity.WARNING, Kind.COMPATIBILITY, _ITEM_IDS, dialects=_RESPONSES)
def keeps_item_ids(stream: Transcript) -> Iterator[Finding]:
    """An output item keeps its id.

    What it does: compares the `item_id` of each event, and the id in `output_item.done`, with the id that
    `output_item.added` gave to that `output_index`. One finding an item.
    Why it matters: the Vercel AI SDK finds parts by id and stops with "text part … not found"; openai-python's
    `stream()` raises "Completed output item identity changed.". GitHub Copilot gives each event another id.
    Good: `"item":{"id":"msg_1",…}`, then `"item_id":"msg_1"`.
    Bad: `"item":{"id":"msg_1",…}`, then `"item_id":"msg_2"`.
    """
    ids: dict[int, str] = {}
    told = set()
    for message in within(stream):
        place, identity = as_count(message.fields.get("output_index")), item_id_of(message.fields)
        if place is None or not identity:
            continue
        if type_of(message) == "response.output_item.added":
            ids.setdefault(place, identity)
        elif place not in told and identity != ids.get(place, identity):
            told.add(place)
            said = f"{_shown(type_of(message))} gives output item {_shown(place)} another id"
            yield Finding("changed-item-id", said, message.event.span, _shown(ids[place]), _shown(identity))
    if not ids:
        raise NotApplicable("no output item with an id was added")


@rule("ORS010", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def names_its_calls(stream: Transcript) -> Iterator[Finding]:
    """A tool call has a `call_id` and a `name`.

    What it does: looks at function and custom tool calls where their item is added and where it is done.
    Why it matters: the result is handed back under the `call_id`; without it, or without a name, the call cannot be
    made, and agents stop or ask again.
    Good: `{"type":"function_call","call_id":"call_1","name":"get_weather",…}`.
    Bad: the same with `"call_id":""`.
    """
    judged, said_of = 0, set()
    for message in within(stream):
        item = as_dict(message.fields.get("item"))
        if item.get("type") not in _CALLS:
            continue
        judged += 1
        place = as_count(message.fields.get("output_index"))
        for name in ("call_id", "name"):
            if not as_text(item.get(name)) and (place, name) not in said_of:
                said_of.add((place, name))
                said = f"the {item['type']} of output item {_shown(place)} has no {name}"
                yield Finding(
                    f"missing-{name}", said, message.event.span, f"its {name}", _shown(item.get(name, "nothing"))
                )
    if not judged:
        raise NotApplicable("no tool call came")


@rule("ORS011", Severity.WARNING, Kind.COMPATIBILITY, _EMPTY, dialects=_RESPONSES)
def repeats_its_output(stream: Transcript) -> Iterator[Finding]:
    """`response.completed` holds the output that was streamed.

    What it does: reports a final response whose `output` is empty although items were streamed.
    Why it matters: clients that read the final response (`get_final_response()`, `response.output_text`) have nothing.
    Good: `"response":{"status":"completed","output":[{"type":"message",…}]}`.
    Bad: the same with `"output":[]`.
    """
    done = 0
    for message in within(stream):
        kind = type_of(message)
        done += kind == "response.output_item.done"
        if kind == "response.completed":
            output = as_dict(message.fields.get("response")).get("output")
            if done and isinstance(output, list) and not output:
                said = f"response.completed has an empty output, and {done} items were streamed"
                yield Finding("empty-output", said, message.event.span, "the items that were streamed", "[]")
            return
    raise NotApplicable("the response was not completed")


@rule("ORS012", Severity.WARNING, Kind.COMPATIBILITY, _NESTED, dialects=_RESPONSES)
def tells_errors_flat(stream: Transcript) -> Iterator[Finding]:
    """The event `error` has its code and message beside its type.

    What it does: tells that they are nested in an object `error`, as api.openai.com itself sends them, against its
    documentation.
    Why it matters: clients made from the documentation (openai-dotnet, Vercel's AI SDK before a fix) find no message.
    Good: `{"type":"error","code":"server_error","message":"…","param":null,"sequence_number":4}`.
    Bad: `{"type":"error","error":{"code":"server_error","message":"…"},"sequence_number":4}`.
    """
    errors = [message for message in stream.messages if type_of(message) == "error"]
    if not errors:
        raise NotApplicable("no error came")
    if isinstance(errors[0].fields.get("error"), dict):
        said = "the error is nested in an object: some clients expect its code and message beside the type"
        yield Finding("nested-error", said, errors[0].event.span, "code and message beside the type", "an object error")
