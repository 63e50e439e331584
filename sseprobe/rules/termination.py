"""Family TRM: the end of a stream."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import CONTENT_KINDS, DeltaKind, EndRule, as_dict
from sseprobe.dialects.traits import Scope, Trait, Wire
from sseprobe.http_exchange import BodyEnd, Ending
from sseprobe.rules.base import Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.rules.probe_results import Repetition
from sseprobe.rules.support.order import ended_by
from sseprobe.rules.support.shapes import require_whole
from sseprobe.sse import Fields, IgnoredField, Newlines
from sseprobe.streams.decoder import Message
from sseprobe.streams.ignored_lines import IgnoredLines
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line

_AI_SDK: Final = "https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol"
_OPENAI: Final = "https://platform.openai.com/docs/api-reference/chat-streaming"
_RFC9110: Final = "https://www.rfc-editor.org/rfc/rfc9110#section-6.1"
_BROKEN: Final = frozenset({Ending.RESET, Ending.IDLE_TIMEOUT, Ending.TOTAL_TIMEOUT, Ending.LIMIT})
# Where an end mark may come too early, and no rule of the dialect's own family says so.
_ENDS_EARLY: Final = Scope((Wire.VERCEL_UI, Wire.COHERE, Wire.OPENAI_RESPONSES))
_AFTERWARDS: Final = frozenset({DeltaKind.HEARTBEAT, DeltaKind.OPEN})


@rule("TRM001", Severity.ERROR, Kind.CONFORMANCE, _OPENAI)
def comes_to_its_end(stream: Transcript) -> Iterator[Finding]:
    """The stream ends with its terminator or an error event.

    What it does: Reports a body that ends without its dialect's terminator (`[DONE]`, `message_stop`,
    `response.completed`, a finish reason for Gemini, `done: true` for Ollama, …) and without an error event. Also
    reports a stream that was reset, timed out or exceeded a size limit.
    Why it matters: No official SDK raises an error if the terminator is missing. Clients take the partial answer for a
    complete one.
    Good: … `data: [DONE]`.
    Bad: The last event is a token, and the connection closes normally.
    """
    if stream.ending is None or stream.outcome is None:
        raise NotApplicable("the recording has only bytes, not how the body ended")
    if stream.ending is Ending.ABORTED:
        raise Inconclusive("the stream was aborted before its end")
    _require_no_payload_in_ignored_lines(stream)
    if not stream.messages and stream.ending is Ending.TRUNCATED and _clean(stream):
        raise NotApplicable("the stream has no events: see SSE019")
    if stream.tail is not None and stream.tail.fields & ~Fields.COMMENT and _clean(stream):
        raise NotApplicable("the body ends inside an event: see SSE007")
    truncated = stream.ending is Ending.TRUNCATED and (ended_by(stream) is None or not _clean(stream))
    if truncated or stream.ending in _BROKEN:
        end = len(stream.body)
        expected = stream.dialect.terminator or "the end of the body"
        yield Finding(
            str(stream.ending), stream.outcome.reason or str(stream.ending), (end, end), expected, str(stream.ending)
        )


def _require_no_payload_in_ignored_lines(stream: Transcript) -> None:
    """Raises NotApplicable if the missing part may be in ignored lines, which SSE008 reports."""
    if stream.ending is not Ending.TRUNCATED or not _clean(stream):
        return
    lines = IgnoredLines()
    for field in stream.of(IgnoredField):
        lines.take(field)
    if lines.lost:
        raise NotApplicable("part of the stream is in lines that are not fields: see SSE008")


def _clean(stream: Transcript) -> bool:
    return stream.body_end is None or stream.body_end.is_clean


@rule("TRM002", Severity.ERROR, Kind.CONFORMANCE, _OPENAI)
def ends_with_the_terminator(stream: Transcript) -> Iterator[Finding]:
    """Nothing follows the terminator.

    What it does: Reports events after the dialect's terminator, including a second terminator. Heartbeats may follow.
    Why it matters: Clients stop reading at the terminator, and lose what follows, such as a usage chunk.
    Good: `data: [DONE]` once, as the last event.
    Bad: `data: [DONE]` twice, or a token after it.
    """
    if stream.dialect.end_rule not in (EndRule.TERMINATOR, EndRule.MARK):
        raise NotApplicable(f"the only terminator of {stream.dialect.name} is the end of the body")
    end = ended_by(stream)
    if end is None:
        raise NotApplicable("the stream has no terminator: see TRM001")
    if stream.deltas_by_kind[DeltaKind.ERROR]:
        raise NotApplicable("the stream has an error: see ERR002")
    reading = stream.dialect.event_format
    if reading is not None:
        if reading.ended_alike:
            raise NotApplicable("the end mark was learned; text after it shows that it is not an end mark")
        yield from _text_after(stream, end)
        return
    over = True
    for message in stream.messages[end.index :]:
        if stream.dialect.has(Trait.SEVERAL_RUNS) and message.has(DeltaKind.OPEN):
            over = False
        if not over or message is end:
            over = over or message.has(DeltaKind.END)
            continue
        if stream.dialect.has(Trait.DONE_MAY_FOLLOW) and message.event.data == "[DONE]":
            continue
        if any(delta.kind not in _AFTERWARDS for delta in message.deltas) or not message.deltas:
            excerpt = one_line(message.event.data, 100)
            yield Finding(
                "event-after-end",
                f"an event follows {stream.dialect.terminator}",
                message.event.span,
                "nothing",
                excerpt,
            )


def _text_after(stream: Transcript, end: Message) -> Iterator[Finding]:
    """Text after an app's own end mark. Other events may follow it."""
    for message in stream.messages[end.index + 1 :]:
        if message.has(*CONTENT_KINDS):
            excerpt = one_line(message.event.data, 100)
            yield Finding(
                "text-after-end", f"text follows {stream.dialect.terminator}", message.event.span, "nothing", excerpt
            )


@rule("TRM003", Severity.INFO, Kind.CONFORMANCE, "https://platform.openai.com/docs/guides/structured-outputs")
def is_not_incomplete(stream: Transcript) -> Iterator[Finding]:
    """The answer is complete.

    What it does: Reports a stream that ended cleanly but declares its answer incomplete: the token limit, a content
    filter, or a refusal.
    Why it matters: The stream is valid, but half a JSON document is not. Clients must check the finish reason.
    Good: Finish reason `stop`.
    Bad: Finish reason `length`.
    """
    finishes = stream.deltas_by_kind[DeltaKind.FINISH] + stream.deltas_by_kind[DeltaKind.END]
    if not finishes:
        raise NotApplicable("the stream has no finish")
    found = [(message, delta) for message, delta in finishes if delta.incomplete]
    for message, delta in found[:1]:
        problem = f"the answer is incomplete: {delta.incomplete}"
        yield Finding(
            "incomplete", problem, message.event.span, "stop", one_line(delta.text or str(delta.incomplete), 60)
        )


@rule("TRM005", Severity.WARNING, Kind.COMPATIBILITY, _RFC9110)
def closes_after_the_terminator(stream: Transcript) -> Iterator[Finding]:
    """The body ends soon after the terminator.

    What it does: Waits 5 s after the terminator for the end of the body.
    Why it matters: Clients that read to the end of the body, such as fetch and proxies, hang, and the connection is not
    reused.
    Good: `data: [DONE]`, then HTTP's last chunk.
    Bad: `data: [DONE]`, then silence.
    """
    end = ended_by(stream)
    if end is None or stream.body_end is None:
        raise NotApplicable("the stream has no terminator")
    if stream.body_end is BodyEnd.LEFT_OPEN:
        yield Finding(
            "left-open",
            "the body stays open after the terminator",
            end.event.span,
            "the end of the body",
            "open",
        )


@rule("TRM006", Severity.ERROR, Kind.CONFORMANCE, _AI_SDK, dialects=_ENDS_EARLY)
def ends_only_when_finished(stream: Transcript) -> Iterator[Finding]:
    """The terminator comes only after the answer has finished, or after an error.

    What it does: Reports a message or item that is unfinished at the terminator. OAI007, ANT001, ANT003, AGU002 and
    AGU005 cover the other dialects.
    Why it matters: A server that always sends the terminator in its cleanup code makes a truncated answer look
    complete.
    Good: Vercel's `finish`, then `[DONE]`.
    Bad: A delta, then `[DONE]`.
    """
    _require_no_payload_in_ignored_lines(stream)
    end = ended_by(stream)
    if end is None:
        raise NotApplicable("the stream has no terminator: see TRM001")
    require_whole(stream)
    response = as_dict(end.fields.get("response"))
    if response and response.get("status") != _RESPONSES_END.get(str(end.fields.get("type"))):
        raise NotApplicable("the status in the last event differs: see ORS005")
    if stream.ending is Ending.TRUNCATED and _clean(stream) and stream.outcome is not None:
        yield Finding("not-finished", stream.outcome.reason or "", end.event.span, "a finish before it", "none")


_RESPONSES_END: Final = {
    "response.completed": "completed",
    "response.failed": "failed",
    "response.incomplete": "incomplete",
}


@rule("TRM004", Severity.ERROR, Kind.CONFORMANCE, _OPENAI, of=Repetition)
def repeats_agree(repeated: Repetition) -> Iterator[Finding]:
    """Repeated requests get streams of the same shape.

    What it does: Sends the same request several times and compares content type, dialect, line endings, ids, the first
    and last event, the ending and the end mark. Text, counts and times may differ.
    Why it matters: A difference points to a replica with another version, or to a path that only sometimes passes
    through a proxy. Such errors are hard to reproduce.
    Good: Three streams that end with `data: [DONE]`.
    Bad: Two with `[DONE]`, one without.
    """
    if repeated.refused is not None and len(repeated.streams) < 2:
        raise Inconclusive(f"the repeated request got no stream: {repeated.refused}")
    if len(repeated.streams) < 2:
        raise NotApplicable("only one stream was requested; compare with --repeat 2 or more")
    first = _shape(repeated.streams[0])
    for index, stream in enumerate(repeated.streams[1:], start=1):
        for name, value in _shape(stream).items():
            if value != first[name]:
                excerpt, before = one_line(value, 200), one_line(first[name], 200)
                yield Finding(
                    f"{name.removeprefix('the ').replace(' ', '-')}-differs",
                    f"stream {index} differs from stream 0 in {name}",
                    None,
                    before,
                    excerpt,
                )
    if repeated.refused is not None:
        raise Inconclusive(f"a repeated request got no stream: {repeated.refused}")


def _shape(stream: Transcript) -> dict[str, str]:
    head = stream.head
    messages = [message for message in stream.messages if not message.has(DeltaKind.HEARTBEAT)]
    first, last = (messages[0], messages[-1]) if messages else (None, None)
    styles = 0
    for frame in stream.frames:
        styles |= frame.newlines
    own = stream.dialect.event_format is not None
    return {
        "content type": (head.header("content-type") if head else None) or "none",
        "dialect": stream.dialect.name,
        "line endings": ", ".join(name for name in ("LF", "CRLF", "CR") if styles & getattr(Newlines, name)) or "none",
        "ids": "sent" if stream.last_event_id else "not sent",
        # An app's own format may vary here; its end mark is learned from all streams.
        "the first event": "" if own else _type_of(first),
        "the last event": "" if own else _type_of(last),
        "the ending": str(stream.ending),
        "the end mark": _end_mark(stream),
    }


def _end_mark(stream: Transcript) -> str:
    """Whether an app's complete stream ended with its mark; empty for other streams."""
    if stream.dialect.event_format is None or stream.ending is not Ending.COMPLETE:
        return ""
    return "sent" if stream.end_mark is not None else "not sent"


def _type_of(message: Message | None) -> str:
    """The type of an event: its payload's `type` or `object`, else its event name."""
    if message is None:
        return "none"
    kinds = (message.fields.get(name) for name in ("type", "object"))
    return next((kind for kind in kinds if isinstance(kind, str)), message.event.type)
