"""Family OLL: Ollama. What clients do was read in ollama 0.6.3."""

import re
from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import as_count, as_dict, as_list
from sseprobe.dialects.shapes import json_type
from sseprobe.dialects.traits import Scope, Wire
from sseprobe.rules.base import Finding, Kind, NotApplicable, Severity, rule
from sseprobe.sse import Frame
from sseprobe.sse.framing import Framing
from sseprobe.streams.transcript import Transcript

_API: Final = "https://docs.ollama.com/api/streaming"
_TOOLS: Final = "https://docs.ollama.com/capabilities/tool-calling"
_CLIENT: Final = "https://github.com/ollama/ollama-python/blob/main/ollama/_client.py"
_OURS: Final = Scope((Wire.OLLAMA,))
# A request without a prompt loads or unloads the model, and counts nothing.
_NO_ANSWER: Final = ("load", "unload")
_LINE_BREAKS: Final = re.compile("[\u2028\u2029\u0085\v\f\x1c\x1d\x1e]")


@rule("OLL001", Severity.WARNING, Kind.CONFORMANCE, _API, dialects=_OURS)
def counts_in_the_end(stream: Transcript) -> Iterator[Finding]:
    """The last line has a done reason and token counts.

    What it does: Checks for `done_reason` and `eval_count` in the line with `"done": true`.
    Why it matters: Clients compute tokens per second from the count, and distinguish the token limit from a normal end
    by the reason.
    Good: `{"done": true, "done_reason": "stop", "eval_count": 40, …}`.
    Bad: `{"done": true}`.
    """
    done = next((message for message in stream.messages if message.fields.get("done") is True), None)
    if done is None:
        raise NotApplicable("no line has done: true: see TRM001")
    reason = done.fields.get("done_reason")
    if reason in _NO_ANSWER:
        raise NotApplicable("the model was only loaded or unloaded")
    if not isinstance(reason, str) or not reason:
        yield Finding("missing-done_reason", "the last line has no done_reason", done.event.span, "done_reason", "none")
    if as_count(done.fields.get("eval_count")) is None:
        yield Finding("missing-eval_count", "the last line has no eval_count", done.event.span, "eval_count", "none")


@rule("OLL002", Severity.WARNING, Kind.COMPATIBILITY, _CLIENT, dialects=_OURS, framing=Framing.LINES)
def has_no_empty_lines(stream: Transcript) -> Iterator[Finding]:
    """No line is empty.

    What it does: Reports empty lines, as heartbeats and `println` produce them.
    Why it matters: Ollama's own Python client parses each line as JSON and raises JSONDecodeError at an empty one.
    Good: A JSON document on each line.
    Bad: An empty line between two documents.
    """
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    empty = [frame for frame in stream.of(Frame) if not frame.fields]
    if empty:
        count = f"{len(empty)} lines are empty" if len(empty) > 1 else "a line is empty"
        yield Finding("empty-line", count, empty[0].span, "a JSON document", "nothing")


@rule("OLL003", Severity.WARNING, Kind.COMPATIBILITY, _CLIENT, dialects=_OURS, framing=Framing.LINES)
def has_no_other_line_breaks(stream: Transcript) -> Iterator[Finding]:
    """Lines contain no character that simple clients treat as a line break.

    What it does: Reports raw U+2028, U+2029, U+0085, VT, FF, FS, GS and RS. They do not end a line of NDJSON.
    Why it matters: Ollama's own Python client reads with httpx's iter_lines, which breaks the line there, and raises
    JSONDecodeError.
    Good: `{"content": "a\\u2028b"}`.
    Bad: The same text with a raw U+2028.
    """
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    for message in stream.messages:
        if match := _LINE_BREAKS.search(message.event.data):
            character = f"U+{ord(match[0]):04X}"
            yield Finding(
                "raw-line-break",
                f"a line contains an unescaped {character}",
                message.event.span,
                f"\\u{ord(match[0]):04x}, escaped",
                character,
            )


@rule("OLL004", Severity.ERROR, Kind.CONFORMANCE, _TOOLS, dialects=_OURS)
def has_whole_calls(stream: Transcript) -> Iterator[Finding]:
    """A tool call has a name, and an object as its arguments.

    What it does: Checks each entry of `message.tool_calls`.
    Why it matters: With arguments as a string, as OpenAI sends them, the Python client raises ValidationError.
    Good: `{"function": {"name": "get_weather", "arguments": {"city": "Rome"}}}`.
    Bad: `"arguments": "{\\"city\\": …}"`.
    """
    judged = 0
    for message in stream.messages:
        for call in as_list(as_dict(message.fields.get("message")).get("tool_calls")):
            judged += 1
            function = as_dict(as_dict(call).get("function"))
            name, arguments = function.get("name"), function.get("arguments")
            if not isinstance(name, str) or not name:
                yield Finding("missing-name", "a tool call has no name", message.event.span, "function.name", "none")
            if not isinstance(arguments, dict):
                actual = json_type(arguments) if "arguments" in function else "missing"
                yield Finding(
                    "arguments-not-an-object",
                    f"the arguments are {_description(actual)}",
                    message.event.span,
                    "object",
                    actual,
                )
    if not judged:
        raise NotApplicable("the stream has no tool call")


def _description(actual: str) -> str:
    return actual if actual == "missing" else f"of type {actual}"
