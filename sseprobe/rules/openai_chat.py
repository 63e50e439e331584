"""Family OAI: OpenAI Chat Completions and Completions, and servers that speak them."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from sseprobe.dialects.base import MAX_PARTS, as_count, as_dict, as_list
from sseprobe.reception import Message
from sseprobe.rules.catalogue import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.order import ended_by, within
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript

_API: Final = "https://platform.openai.com/docs/api-reference/chat-streaming/streaming"
_COMPLETIONS: Final = "https://platform.openai.com/docs/api-reference/completions/object"
_CHAT: Final = ("openai-chat", "openrouter", "vllm", "llamacpp")
_ALL: Final = (*_CHAT, "mistral", "openai-completions")


def _find_chunks(stream: Transcript) -> list[tuple[Message, dict[str, Any]]]:
    found = []
    for message in within(stream):
        fields = message.fields
        if fields.get("choices") or isinstance(fields.get("usage"), dict):
            found.append((message, fields))
    return found


def _find_choices(stream: Transcript) -> list[tuple[Message, int, dict[str, Any]]]:
    found = []
    for message, fields in stream.remembered(_find_chunks):
        for position, choice in enumerate(as_list(fields.get("choices"))):
            if isinstance(choice, dict):
                index = choice.get("index")
                if type(index) is not int:
                    count = as_count(index)
                    index = position if count is None else count
                found.append((message, index, choice))
    return found


def _chunks(stream: Transcript) -> list[tuple[Message, dict[str, Any]]]:
    """The chunks that say something: Azure's first one, without choices, says what its filters found in the prompt."""
    found = stream.remembered(_find_chunks)
    if not found:
        raise NotApplicable("no chunk came")
    return found


def _choices(stream: Transcript) -> list[tuple[Message, int, dict[str, Any]]]:
    """The choices in all chunks, with their index."""
    _chunks(stream)
    return stream.remembered(_find_choices)


def _says(choice: dict[str, Any]) -> bool:
    delta = as_dict(choice.get("delta"))
    return bool(choice.get("text")) or any(
        delta.get(name) for name in ("content", "reasoning_content", "reasoning", "refusal", "tool_calls")
    )


@rule("OAI001", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_CHAT)
def has_one_identity(stream: Transcript) -> Iterator[Finding]:
    """Each chunk is a `chat.completion.chunk` of the same id.

    What it does: compares `object` with its one value, and `id` with the first chunk's. "Each chunk has the same ID."
    Why it matters: clients join chunks by id; with another they begin a new message.
    Good: `"id": "chatcmpl-1"` in all chunks. Bad: a new id with each.
    """
    yield from _identity(stream, "chat.completion.chunk")


@rule("OAI002", Severity.WARNING, Kind.CONFORMANCE, _API, dialects=_CHAT)
def begins_with_a_role(stream: Transcript) -> Iterator[Finding]:
    """The first delta of each choice has the role.

    What it does: looks for `role` in the first delta of each choice.
    Why it matters: clients that build messages from deltas end up with one that has no role, and is refused when it is
    sent back.
    Good: `{"delta": {"role": "assistant", "content": ""}}` first. Bad: `{"delta": {"content": "Hi"}}` first.
    """
    seen: set[int] = set()
    for message, index, choice in _choices(stream):
        if index not in seen and len(seen) < MAX_PARTS:
            seen.add(index)
            if not as_dict(choice.get("delta")).get("role"):
                yield Finding(f"the first delta of choice {index} has no role", message.event.span, "a role", "none")


@rule("OAI003", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_ALL)
def finishes_once(stream: Transcript) -> Iterator[Finding]:
    """Each choice finishes once, and says nothing after that.

    What it does: follows each choice: after its finish reason neither another one nor content may come.
    Why it matters: clients close the message at the finish reason, and lose what follows.
    Good: `"finish_reason": null` until the last chunk of the choice, then `"stop"`. Bad: a token after `"stop"`.
    """
    finished: dict[int, str] = {}
    for message, index, choice in _choices(stream):
        reason = choice.get("finish_reason")
        if index in finished and _says(choice):
            said = f"choice {index} goes on after its finish reason"
            yield Finding(said, message.event.span, "nothing", finished[index])
        if isinstance(reason, str) and reason:
            shown = one_line(reason, 40)
            if index in finished:
                yield Finding(f"choice {index} finishes again", message.event.span, "one finish reason", shown)
            elif len(finished) < MAX_PARTS:
                finished[index] = shown
    if not finished:
        raise NotApplicable("no choice finished: see TRM001 and OAI007")


@rule("OAI004", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_CHAT)
def opens_tool_calls(stream: Transcript) -> Iterator[Finding]:
    """Tool calls have an index, and the first fragment of each its id and its name.

    What it does: follows the fragments of each tool call of each choice.
    Why it matters: SDKs put fragments together by index, and answer the call by its id.
    Good: `{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}`, then
    `{"index": 0, "function": {"arguments": "{\\"a"}}`. Bad: fragments without `index`, or no `id` at all.
    """
    seen: set[tuple[int, int]] = set()
    calls = 0
    for message, choice_index, choice in _choices(stream):
        delta = choice.get("delta")
        for call in as_list(delta.get("tool_calls")) if isinstance(delta, dict) else ():
            calls += 1
            index = as_count(as_dict(call).get("index"))
            if index is None:
                yield Finding("a fragment of a tool call has no index", message.event.span, "index", "none")
            elif (choice_index, index) not in seen and len(seen) < MAX_PARTS:
                seen.add((choice_index, index))
                yield from _opening(as_dict(call), message)
    if not calls:
        raise NotApplicable("no tool call came")


def _opening(call: dict[str, Any], message: Message) -> Iterator[Finding]:
    if not call.get("id"):
        yield Finding("the first fragment of a tool call has no id", message.event.span, "id", "none")
    if not as_dict(call.get("function")).get("name"):
        yield Finding("the first fragment of a tool call has no name", message.event.span, "function.name", "none")


@rule("OAI006", Severity.WARNING, Kind.CONFORMANCE, _API, dialects=(*_CHAT, "openai-completions"))
def sends_usage_when_asked(stream: Transcript) -> Iterator[Finding]:
    """Usage comes if it was asked for, in the last chunk, without choices.

    What it does: where the request has `stream_options.include_usage`, looks for the chunk with usage.
    Why it matters: it is the only count of what the answer cost.
    Good: `{"choices": [], "usage": {…}}` before `[DONE]`. Bad: no usage.
    """
    if not _asks_for_usage(stream):
        raise NotApplicable("the request did not ask for usage")
    if stream.ending is not Ending.COMPLETE:
        raise NotApplicable("the stream did not end well")
    counting = [message for message, fields in _chunks(stream) if isinstance(fields.get("usage"), dict)]
    if not counting:
        span = stream.messages[-1].event.span
        yield Finding("usage was asked for, and did not come", span, "a chunk with usage", "none")
    elif counting[-1] is not _chunks(stream)[-1][0]:
        yield Finding("the chunk with usage is not the last", counting[-1].event.span, "the last chunk", "earlier")


def _asks_for_usage(stream: Transcript) -> bool:
    try:
        body = msgspec.json.decode(stream.request.body or b"{}") if stream.request else {}
    except msgspec.DecodeError:
        return False
    return as_dict(as_dict(body).get("stream_options")).get("include_usage") is True


@rule("OAI007", Severity.ERROR, Kind.CONFORMANCE, _API, dialects=_ALL)
def ends_only_when_finished(stream: Transcript) -> Iterator[Finding]:
    """`[DONE]` is sent only when all choices have finished, or after an error.

    What it does: looks at what was open when `[DONE]` came.
    Why it matters: a server that writes `[DONE]` in its cleanup, whatever happened, makes a cut answer look whole.
    Good: `"finish_reason": "stop"`, then `[DONE]`. Bad: a token, then `[DONE]`.
    """
    end = ended_by(stream)
    if end is None:
        raise NotApplicable("[DONE] did not come: see TRM001")
    if (
        stream.ending is Ending.TRUNCATED
        and stream.body_end is not None
        and stream.body_end.is_clean
        and stream.outcome
    ):
        yield Finding(stream.outcome.reason or "", end.event.span, "a finish reason for each choice", "none")


@rule("OAI008", Severity.ERROR, Kind.CONFORMANCE, _COMPLETIONS, dialects=("openai-completions",))
def is_a_text_completion(stream: Transcript) -> Iterator[Finding]:
    """Each chunk is a `text_completion` of the same id.

    What it does: compares `object` with its one value, and `id` with the first chunk's.
    Why it matters: clients tell the two APIs apart by it.
    Good: `"object": "text_completion"`. Bad: `"object": "chat.completion.chunk"` from `/v1/completions`.
    """
    yield from _identity(stream, "text_completion")


def _identity(stream: Transcript, expected: str) -> Iterator[Finding]:
    """What differs from this `object`, or from the id of the first chunk."""
    chunks = _chunks(stream)
    first = chunks[0][1].get("id")
    for message, fields in chunks:
        kind, identifier = fields.get("object"), fields.get("id")
        if isinstance(kind, str) and kind != expected:
            shown = one_line(kind, 60)
            yield Finding(f"object is {shown!r}", message.event.span, expected, shown)
        if isinstance(identifier, str) and isinstance(first, str) and identifier != first:
            shown = one_line(identifier, 60)
            yield Finding("the id is not that of the first chunk", message.event.span, one_line(first, 60), shown)


@rule("OAI009", Severity.WARNING, Kind.CONFORMANCE, _API, dialects=_CHAT)
def has_one_model_and_time(stream: Transcript) -> Iterator[Finding]:
    """All chunks name the same model and the same time.

    What it does: compares `model` and `created` with the first chunk's. "Each chunk has the same timestamp."
    Why it matters: logs and bills are sorted by them. llama.cpp stamps each chunk anew.
    Good: `"created": 1694268190` in all chunks. Bad: it counts up while the answer goes on.
    """
    chunks = _chunks(stream)
    for name in ("model", "created"):
        first = chunks[0][1].get(name)
        other = next(((each, fields) for each, fields in chunks if fields.get(name, first) != first), None)
        if other is not None:
            message, fields = other
            shown = one_line(str(fields[name]), 60)
            yield Finding(f"{name} is not that of the first chunk", message.event.span, one_line(str(first), 60), shown)
