"""Family ORS: the output items of a response, their parts and deltas."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import as_count, as_dict, as_text
from sseprobe.dialects.openai_responses_types import KNOWN
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.http_exchange import Ending
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.openai_response_items import Difference, OutputItem, Wholes, item_id_of
from sseprobe.rules.support.openai_response_order import (
    in_order,
    type_of,
)
from sseprobe.rules.support.order import within
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_EVENTS: Final = "https://platform.openai.com/docs/api-reference/responses-streaming"
_PYTHON: Final = "https://github.com/openai/openai-python/blob/main/src/openai/lib/streaming/responses/_responses.py"
_ITEM_IDS: Final = "https://github.com/BerriAI/litellm/issues/30071"
_EMPTY: Final = "https://github.com/BerriAI/litellm/issues/32724"
_RESPONSES: Final = Scope((Wire.OPENAI_RESPONSES,))
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})


def _excerpt(value: object) -> str:
    return one_line(str(value), 60)


@rule("ORS003", Severity.ERROR, Kind.CONFORMANCE, _PYTHON, dialects=_RESPONSES)
def opens_and_closes(stream: Transcript) -> Iterator[Finding]:
    """Items and parts are added once, before their deltas, and are done before the response is completed.

    What it does: Follows items by `output_index`, parts by `content_index` or `summary_index`, and their deltas.
    Reports events of an item that was not added or is already done, text or a refusal without its part, anything added
    or done twice, and anything not done at `response.completed`.
    Why it matters: openai-python's `stream()` raises "Duplicate response output index", or "Received a content event
    for output index 0 before receiving its output item". Agents run a call only when its item is done.
    Good: `output_item.added`, `content_part.added`, deltas, `output_text.done`, `content_part.done`,
    `output_item.done`.
    Bad: `output_text.delta` first; `response.completed` while an item is open.
    """
    items: dict[int, OutputItem] = {}
    unknown: set[int] = set()
    whole = stream.ending is Ending.COMPLETE  # else TRM001 or TRM006 has spoken
    for message in in_order(stream):
        kind, output = type_of(message), as_count(message.fields.get("output_index"))
        if kind == "response.completed" and whole and _claims_completion(message):
            for index, item in items.items():
                if missing := item.missing():
                    problem = f"the response is completed, but output item {_excerpt(index)} has no {missing}"
                    yield Finding(f"missing-{missing}", problem, message.event.span, f"the {missing}")
        if kind not in KNOWN or output is None or output in unknown:
            continue
        item_of = f"of output item {_excerpt(output)}"
        if kind == "response.output_item.added":
            if output in items:
                yield Finding(
                    "second-output_item.added",
                    f"{kind} {item_of} is repeated",
                    message.event.span,
                    "an output_index of its own",
                )
            else:
                items[output] = OutputItem()
        elif output not in items:
            unknown.add(output)
            problem = f"{kind} comes before the output_item.added {item_of}"
            yield Finding("no-output_item.added", problem, message.event.span, "response.output_item.added", kind)
        elif wrong := items[output].take(kind, message.fields):
            yield Finding(wrong.key, f"{kind} {item_of} comes {wrong.problem}", message.event.span, actual=kind)
    if not items and not unknown:
        raise NotApplicable("the stream has no output items")


def _claims_completion(message: Message) -> bool:
    return as_text(as_dict(message.fields.get("response")).get("status")) in ("", "completed")


@rule("ORS004", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def matches_its_deltas(stream: Transcript) -> Iterator[Finding]:
    """`.done` events and finished items match their deltas.

    What it does: Joins the deltas of each part and compares them with its `.done` event, `content_part.done`,
    `output_item.done` and the final response. Arguments may differ in white space.
    Why it matters: Some clients show the deltas, others the final text; both must be the same. The comparison also
    detects lost and repeated deltas.
    Good: Deltas `Hel`, `lo`, then `response.output_text.done` with `Hello`.
    Bad: Deltas `Hel`, `lo`, then `response.output_text.done` with `Hello!`.
    """
    wholes = Wholes()
    found: list[tuple[Message, Difference]] = []
    for message in in_order(stream):
        found += [(message, difference) for difference in wholes.take(type_of(message), message.fields)]
    for message, difference in found:
        if difference.place not in wholes.late:
            problem = (
                f"{type_of(message)} has a different {difference.place[0].removeprefix('response.')} than its deltas"
            )
            yield Finding(
                f"{difference.place[0].removeprefix('response.')}-differs",
                problem,
                message.event.span,
                *_excerpts(difference.joined, difference.whole),
            )
    if not wholes.compared:
        raise NotApplicable("no later event repeats the deltas")


def _excerpts(expected: str, actual: str) -> tuple[str, str]:
    """Excerpts around the first difference of two texts."""
    low, high = 0, min(len(expected), len(actual))
    while low < high:  # the length of what they begin with in common
        middle = (low + high + 1) // 2
        low, high = (middle, high) if expected[:middle] == actual[:middle] else (low, middle - 1)
    start = max(low - 20, 0)
    return one_line(expected[start : start + 240], 60), one_line(actual[start : start + 240], 60)


@rule("ORS009", Severity.WARNING, Kind.COMPATIBILITY, _ITEM_IDS, dialects=_RESPONSES)
def keeps_item_ids(stream: Transcript) -> Iterator[Finding]:
    """An output item keeps its id.

    What it does: Compares the `item_id` of each event, and the id in `output_item.done`, with the id in
    `output_item.added` for the same `output_index`. One finding per item.
    Why it matters: The Vercel AI SDK finds parts by id and stops with "text part … not found". openai-python's
    `stream()` raises "Completed output item identity changed.". GitHub Copilot sends a different id in each event.
    Good: `"item":{"id":"msg_1",…}`, then `"item_id":"msg_1"`.
    Bad: `"item":{"id":"msg_1",…}`, then `"item_id":"msg_2"`.
    """
    ids: dict[int, str] = {}
    reported = set()
    for message in within(stream):
        output, identity = as_count(message.fields.get("output_index")), item_id_of(message.fields)
        if output is None or not identity:
            continue
        if type_of(message) == "response.output_item.added":
            ids.setdefault(output, identity)
        elif output not in reported and identity != ids.get(output, identity):
            reported.add(output)
            problem = f"{_excerpt(type_of(message))} has a different id for output item {_excerpt(output)}"
            yield Finding("changed-item-id", problem, message.event.span, _excerpt(ids[output]), _excerpt(identity))
    if not ids:
        raise NotApplicable("no output item has an id")


@rule("ORS010", Severity.ERROR, Kind.CONFORMANCE, _EVENTS, dialects=_RESPONSES)
def names_its_calls(stream: Transcript) -> Iterator[Finding]:
    """A tool call has a `call_id` and a `name`.

    What it does: Checks function and custom tool calls when their item is added and when it is done.
    Why it matters: The client returns the result under the `call_id`. Without it, or without a name, the call cannot be
    made.
    Good: `{"type":"function_call","call_id":"call_1","name":"get_weather",…}`.
    Bad: The same with `"call_id":""`.
    """
    judged, reported = 0, set()
    for message in within(stream):
        item = as_dict(message.fields.get("item"))
        if item.get("type") not in _CALLS:
            continue
        judged += 1
        output = as_count(message.fields.get("output_index"))
        for name in ("call_id", "name"):
            if not as_text(item.get(name)) and (output, name) not in reported:
                reported.add((output, name))
                problem = f"the {item['type']} of output item {_excerpt(output)} has no {name}"
                yield Finding(
                    f"missing-{name}", problem, message.event.span, f"its {name}", _excerpt(item.get(name, "nothing"))
                )
    if not judged:
        raise NotApplicable("the stream has no tool call")


@rule("ORS011", Severity.WARNING, Kind.COMPATIBILITY, _EMPTY, dialects=_RESPONSES)
def repeats_its_output(stream: Transcript) -> Iterator[Finding]:
    """`response.completed` contains the streamed output.

    What it does: Reports a final response with an empty `output` although items were streamed.
    Why it matters: Clients that read the final response (`get_final_response()`, `response.output_text`) get nothing.
    Good: `"response":{"status":"completed","output":[{"type":"message",…}]}`.
    Bad: The same with `"output":[]`.
    """
    done = 0
    for message in within(stream):
        kind = type_of(message)
        done += kind == "response.output_item.done"
        if kind == "response.completed":
            output = as_dict(message.fields.get("response")).get("output")
            if done and isinstance(output, list) and not output:
                problem = f"response.completed has an empty output, but {done} items were streamed"
                yield Finding("empty-output", problem, message.event.span, "the streamed items", "[]")
            return
    raise NotApplicable("the stream has no response.completed")
