"""Family ORS: OpenAI Responses."""

from collections.abc import Iterator
from typing import Any, Final

from sseprobe.dialects.base import MAX_PARTS, as_count, as_dict
from sseprobe.reception import Message
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.order import typed
from sseprobe.rules.shapes import require_whole
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript

_API: Final = "https://platform.openai.com/docs/api-reference/responses-streaming"
_OURS: Final = ("openai-responses",)
_FIRST: Final = frozenset({"response.created", "response.queued"})
_STATUS: Final = {
    "response.completed": "completed",
    "response.failed": "failed",
    "response.incomplete": "incomplete",
}
_MAX_CHARS: Final = 4 * 2**20
# What the deltas come to: type of delta -> (type of done, its field, the indices that tell the part).
_TEXTS: Final = {
    "response.output_text.delta": ("response.output_text.done", "text", ("output_index", "content_index")),
    "response.refusal.delta": ("response.refusal.done", "refusal", ("output_index", "content_index")),
    "response.function_call_arguments.delta": ("response.function_call_arguments.done", "arguments", ("output_index",)),
    "response.reasoning_text.delta": ("response.reasoning_text.done", "text", ("output_index", "content_index")),
    "response.reasoning_summary_text.delta": (
        "response.reasoning_summary_text.done",
        "text",
        ("output_index", "summary_index"),
    ),
}


@rule("ORS001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def is_in_sequence(stream: Transcript) -> Iterator[Finding]:
    """The stream begins with `response.created`, and sequence numbers rise.

    What it does: looks at the first event, and that each event has a `sequence_number` above the one before.
    Why it matters: a client resumes with `starting_after=N`, and drops what it believes to have.
    Good: `response.created` with 0, then 1, 2, 3. Bad: 0, 1, 1, 2.
    """
    events = typed(stream)
    kind, first = events[0]
    if kind not in _FIRST and kind not in ("error", "response.failed"):
        shown = one_line(kind, 60)
        yield Finding(f"the first event is {shown}", first.event.span, "response.created", shown)
    before = -1
    for _, message in events:
        number = as_count(message.fields.get("sequence_number"))
        if number is None:
            yield Finding("an event has no sequence_number", message.event.span, "a number", "none")
        elif number <= before:
            yield Finding(
                f"sequence_number {number} follows {before}", message.event.span, f"over {before}", str(number)
            )
        before = before if number is None else number


@rule("ORS002", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def is_one_response(stream: Transcript) -> Iterator[Finding]:
    """All events are of one response.

    What it does: compares the id in each event that holds the response.
    Why it matters: the official SDK raises "Lifecycle response identity changed".
    Good: `"response": {"id": "resp_1", …}` in all of them. Bad: another id in `response.completed`.
    """
    holding = [
        (message, identifier)
        for _, message in typed(stream)
        if isinstance(identifier := as_dict(message.fields.get("response")).get("id"), str)
    ]
    if not holding:
        raise NotApplicable("no event holds the response")
    first = holding[0][1]
    for message, identifier in holding:
        if identifier != first:
            shown = one_line(identifier, 60)
            yield Finding("the response has another id", message.event.span, one_line(first, 60), shown)


def _place(message: Message, names: tuple[str, ...]) -> tuple[int | None, ...]:
    return tuple(as_count(message.fields.get(name)) for name in names)


@rule("ORS003", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def opens_before_use(stream: Transcript) -> Iterator[Finding]:
    """Items and parts are added before their deltas, each index once, and all are done in the end.

    What it does: follows `output_item.added` and `content_part.added` to their `done`.
    Why it matters: SDKs look up the item by its index, and raise where there is none ("Duplicate response output
    index").
    Good: `output_item.added`, `content_part.added`, deltas, their `done`s. Bad: a delta for an item never added.
    """
    require_whole(stream)
    items: dict[tuple[int | None, ...], bool] = {}
    last: Message | None = None
    for kind, message in typed(stream):
        at = _place(message, ("output_index",))
        if kind == "response.output_item.added" and len(items) < MAX_PARTS:
            if at in items:
                yield Finding(f"output_index {at[0]} is added again", message.event.span, "each index once", str(at[0]))
            items[at] = True
            last = message
        elif kind == "response.output_item.done":
            if at not in items:
                yield Finding(f"item {at[0]} is done, and was never added", message.event.span, "added before", "never")
            items[at] = False
        elif "output_index" in message.fields and at not in items and len(items) < MAX_PARTS:
            yield Finding(
                f"{kind} for item {at[0]}, which was never added", message.event.span, "added before", "never"
            )
            items[at] = False
    if not items:
        raise NotApplicable("no item came")
    if stream.ending is Ending.COMPLETE and last is not None:
        for at, is_open in items.items():
            if is_open:
                yield Finding(f"item {at[0]} is never done", last.event.span, "response.output_item.done", "none")


@rule("ORS004", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def adds_up(stream: Transcript) -> Iterator[Finding]:
    """The deltas come to the text, arguments or refusal of their `done`.

    What it does: joins deltas part by part, and compares with the `done` event.
    Why it matters: some clients show the deltas, others keep the whole: users see one answer and get another.
    Good: `Hel`, `lo`, then `{"text": "Hello"}`. Bad: the same with `{"text": "Hello!"}`.
    """
    require_whole(stream)
    parts: dict[tuple[str, tuple[int | None, ...]], list[str]] = {}
    compared, size = 0, 0
    for kind, message in typed(stream):
        if kind in _TEXTS:
            done, _, names = _TEXTS[kind]
            delta = message.fields.get("delta")
            size += len(delta) if isinstance(delta, str) else 0
            if size > _MAX_CHARS:
                raise NotApplicable("the text is too large to be kept")
            if isinstance(delta, str):
                parts.setdefault((done, _place(message, names)), []).append(delta)
        for done, field, names in _DONES.get(kind, ()):
            whole = message.fields.get(field)
            joined = "".join(parts.pop((done, _place(message, names)), []))
            if isinstance(whole, str) and joined:
                compared += 1
                if joined != whole:
                    said = f"{kind} is not what its deltas come to"
                    yield Finding(said, message.event.span, one_line(joined, 100), one_line(whole, 100))
    if not compared:
        raise NotApplicable("no part came with deltas and done")


_DONES: Final = {done: ((done, field, names),) for done, field, names in _TEXTS.values()}


@rule("ORS005", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_OURS)
def ends_in_its_status(stream: Transcript) -> Iterator[Finding]:
    """The terminal event and the status in its response agree.

    What it does: compares `response.completed`, `response.failed` and `response.incomplete` with `response.status`.
    Why it matters: clients look at one of the two.
    Good: `response.completed` with `"status": "completed"`. Bad: `response.completed` with `"status": "in_progress"`.
    """
    ends = [(kind, message) for kind, message in typed(stream) if kind in _STATUS]
    if not ends:
        raise NotApplicable("no terminal event came: see TRM001")
    for kind, message in ends:
        status: Any = as_dict(message.fields.get("response")).get("status")
        if isinstance(status, str) and status != _STATUS[kind]:
            shown = one_line(status, 40)
            yield Finding(f"{kind} has status {shown!r}", message.event.span, _STATUS[kind], shown)


@rule("ORS006", Severity.INFO, Kind.CONFORMANCE, _API, dialects=_OURS)
def has_no_done(stream: Transcript) -> Iterator[Finding]:
    """There is no `[DONE]`.

    What it does: tells that `[DONE]` came, which OpenAI does not send here, and SDKs put up with.
    Why it matters: clients that parse each event as JSON raise at it.
    Good: `response.completed` is the last event. Bad: `data: [DONE]` after it.
    """
    if not stream.messages:
        raise NotApplicable("there is no event")
    for message in stream.messages:
        if message.event.data.startswith("[DONE]"):
            yield Finding("[DONE] came", message.event.span, "response.completed as the last event", "[DONE]")
