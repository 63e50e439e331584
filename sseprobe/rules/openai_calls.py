"""Family OAI: tool calls in OpenAI's chunks."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sseprobe.dialects.base import DeltaKind, as_count, as_dict
from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.rules.support.openai_chunks import (
    asked,
    excerpt,
    finish_of,
    legible_calls,
    legible_choices,
)
from sseprobe.streams.decoder import Message
from sseprobe.streams.transcript import Transcript

_CHUNK: Final = "https://platform.openai.com/docs/api-reference/chat-streaming/streaming"
_PYTHON: Final = "https://github.com/openai/openai-python/blob/main/src/openai/lib/streaming/_deltas.py"
_CHAT: Final = Scope((Wire.OPENAI_CHUNKS,))
_FOR_CALLS: Final = frozenset({"tool_calls", "function_call"})
_UNKNOWN_ID: Final = "null"  # what Mistral's types say where there is no id


class _Call(NamedTuple):
    id: str
    name: str


@rule("OAI004", Severity.ERROR, Kind.CONFORMANCE, _CHUNK, dialects=_CHAT)
def begins_calls_whole(stream: Transcript) -> Iterator[Finding]:
    """A tool call starts with its id, type and name, under an index of its own.

    What it does: Follows the calls of each choice by `index`, which each fragment must have. The first fragment must
    have `id`, `type` and `function.name`. Later fragments add only arguments, and neither another id nor a name.
    Mistral sends whole calls, which need only the name.
    Why it matters: Without an id the client cannot return the result; openai-node throws "missing
    choices[0].tool_calls[0].id". openai-python and others append names: `get_weather` twice becomes
    `get_weatherget_weather`. Two calls under one index become one call with invalid JSON.
    Good: `{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}`, then
    `{"index":0,"function":{"arguments":"{}"}}`.
    Bad: `{"index":0,"function":{"arguments":"{"}}` first; or a second call that also has index 0.
    """
    begun: dict[tuple[int, int], _Call] = {}
    fragments = legible_calls(stream)
    if not fragments:
        raise NotApplicable("the stream has no tool call")
    for message, index, fragment in fragments:
        number = as_count(fragment.get("index"))
        if number is None:
            if not stream.dialect.has(Trait.WHOLE_CALLS):
                problem = f"a tool call fragment of choice {excerpt(index)} has no index"
                yield Finding("missing-index", problem, message.event.span, "index", excerpt(fragment.get("index")))
            continue
        named = as_dict(fragment.get("function")) or as_dict(fragment.get("custom"))
        call = _Call(_text(fragment.get("id")), _text(named.get("name")))
        call_name = f"tool call {excerpt(number)} of choice {excerpt(index)}"
        before = begun.setdefault((index, number), call)
        if before is call:
            if missing := _missing(fragment, call, whole=stream.dialect.has(Trait.WHOLE_CALLS)):
                problem = f"{call_name} starts without {' and '.join(missing)}"
                yield Finding(
                    f"missing-{'-'.join(missing).replace('function.', '')}",
                    problem,
                    message.event.span,
                    "id, type and function.name",
                )
        elif call.id and before.id and call.id != before.id:
            begun[index, number] = call
            problem = f"another tool call has the same index as {call_name}"
            yield Finding("reused-index", problem, message.event.span, excerpt(before.id), excerpt(call.id))
        elif call.name and before.name:
            yield Finding(
                "repeated-name",
                f"{call_name} repeats the tool's name",
                message.event.span,
                "arguments only",
                excerpt(call.name),
            )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _missing(fragment: dict[str, Any], call: _Call, *, whole: bool) -> list[str]:
    parts = {"function.name": call.name}
    if not whole:
        parts = {"id": call.id, "type": _text(fragment.get("type")), **parts}
    return [name for name, value in parts.items() if not value]


@rule("OAI010", Severity.WARNING, Kind.COMPATIBILITY, _PYTHON, dialects=_CHAT)
def sends_ids_once(stream: Transcript) -> Iterator[Finding]:
    """The id of a tool call is sent once.

    What it does: Reports later fragments that repeat the call's `id`.
    Why it matters: openai-python's `stream()` joins strings of fragments: `call_1` twice becomes `call_1call_1`, and
    the client returns the result for a call that does not exist. SGLang had this bug.
    Good: `{"index":0,"function":{"arguments":"{}"}}` after the first fragment.
    Bad: `{"index":0,"id":"call_1","function":{"arguments":"{}"}}` in every fragment.
    """
    begun: dict[tuple[int, int], str] = {}
    for message, index, fragment in legible_calls(stream):
        number, identity = as_count(fragment.get("index")), _text(fragment.get("id"))
        if number is None or identity in ("", _UNKNOWN_ID):
            continue
        if begun.get((index, number)) == identity:
            problem = f"tool call {excerpt(number)} of choice {excerpt(index)} repeats its id"
            yield Finding("repeated-id", problem, message.event.span, "arguments only", excerpt(identity))
        begun.setdefault((index, number), identity)
    if not begun:
        raise NotApplicable("the stream has no tool call with an id")


@rule("OAI011", Severity.WARNING, Kind.COMPATIBILITY, _CHUNK, dialects=_CHAT)
def finishes_for_its_calls(stream: Transcript) -> Iterator[Finding]:
    """A choice finishes with `tool_calls` exactly when it called tools.

    What it does: Compares the finish reason of each choice with its content. `length`, `content_filter` and similar
    reasons are always allowed. If the request forces one function, OpenAI itself sends `stop`.
    Why it matters: Agents continue after `tool_calls` and end after `stop`. With the wrong reason the call is never
    run.
    Good: `"tool_calls":[…]`, then `"finish_reason":"tool_calls"`.
    Bad: `"tool_calls":[…]`, then `"finish_reason":"stop"`.
    """
    if isinstance(asked(stream).get("tool_choice"), dict):
        raise NotApplicable("the request forces one function; OpenAI then sends stop")
    called = {delta.choice for _, delta in stream.deltas_by_kind[DeltaKind.TOOL_CALL]}
    finished: dict[int, tuple[str, Message]] = {}
    for message, index, choice in legible_choices(stream):
        if reason := finish_of(choice):
            finished.setdefault(index, (reason, message))
    if not called and not any(reason in _FOR_CALLS for reason, _ in finished.values()):
        raise NotApplicable("the stream has no tool call")
    for index, (reason, message) in finished.items():
        if index in called and reason == "stop":
            problem = f"choice {excerpt(index)} called tools but finishes with stop"
            yield Finding("stop-with-tool-call", problem, message.event.span, "tool_calls", "stop")
        elif index not in called and reason in _FOR_CALLS:
            problem = f"choice {excerpt(index)} finishes with {reason} but called no tool"
            yield Finding(f"{reason}-without-tool-call", problem, message.event.span, "a tool call, or stop", reason)
