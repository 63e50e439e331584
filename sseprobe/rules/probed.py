"""Rules that judge what active probes found, whatever their family: see `sseprobe.rules.evidence`."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from sseprobe.dialects.base import CONTENT_KINDS, Kind
from sseprobe.reception import Message
from sseprobe.rules.catalogue import WHATWG, Finding, Inconclusive, NotApplicable, Severity, rule
from sseprobe.rules.catalogue import Kind as RuleKind
from sseprobe.rules.evidence import (
    Aborts,
    Compression,
    Http10,
    Methods,
    MidStreamFailure,
    Refusal,
    Repetition,
    Resumption,
    SlowReading,
)
from sseprobe.sse import Newlines
from sseprobe.text import one_line
from sseprobe.transcript import Ending
from sseprobe.transcription import Transcript
from sseprobe.units import human_ms

_RFC9110: Final = "https://www.rfc-editor.org/rfc/rfc9110"
_RFC9112: Final = "https://www.rfc-editor.org/rfc/rfc9112"
_ASGI: Final = "https://asgi.readthedocs.io/en/latest/specs/www.html"
_OPENAI: Final = "https://platform.openai.com/docs"
_JSON_TYPES: Final = ("application/json", "application/problem+json")
_ENOUGH_EVENTS: Final = 10
_LUMPS: Final = 3.0
_FEW_IDS: Final = 3


@rule("TRM004", Severity.ERROR, RuleKind.CONFORMANCE, f"{_OPENAI}/api-reference/chat-streaming", of=Repetition)
def repeats_agree(repeated: Repetition) -> Iterator[Finding]:
    """Streams of the same request have the same shape.

    What it does: sends the same request several times and compares content type, dialect, line endings, whether ids are
    sent, what the first and the last event are, the ending, and whether an end mark was sent. Text, counts and times
    may differ.
    Why it matters: a difference is a replica with another version, or a path that only sometimes goes through a proxy,
    and shows up as an error that nobody can reproduce.
    Good: three streams that end with `data: [DONE]`. Bad: two with `[DONE]`, one without.
    """
    if repeated.refused is not None and len(repeated.streams) < 2:
        raise Inconclusive(f"the request was not answered with a stream again: {repeated.refused}")
    if len(repeated.streams) < 2:
        raise NotApplicable("there was one stream only: --repeat 2 or more compares them")
    first = _shape(repeated.streams[0])
    for place, stream in enumerate(repeated.streams[1:], start=1):
        for name, value in _shape(stream).items():
            if value != first[name]:
                shown, before = one_line(value, 200), one_line(first[name], 200)
                yield Finding(
                    f"{name.removeprefix('the ').replace(' ', '-')}-differs",
                    f"stream {place} differs from stream 0 in {name}",
                    None,
                    before,
                    shown,
                )
    if repeated.refused is not None:
        raise Inconclusive(f"a later request was not answered with a stream: {repeated.refused}")


def _shape(stream: Transcript) -> dict[str, str]:
    head = stream.head
    messages = [message for message in stream.messages if not message.has(Kind.HEARTBEAT)]
    first, last = (messages[0], messages[-1]) if messages else (None, None)
    styles = 0
    for frame in stream.frames:
        styles |= frame.newlines
    own = stream.dialect.reading is not None
    return {
        "content type": (head.header("content-type") if head else None) or "none",
        "dialect": stream.dialect.name,
        "line endings": ", ".join(name for name in ("LF", "CRLF", "CR") if styles & getattr(Newlines, name)) or "none",
        "ids": "sent" if stream.last_event_id else "not sent",
        # Of an app's own, either may be there or not; what has to be last was learned from all streams.
        "the first event": "" if own else _sort(first),
        "the last event": "" if own else _sort(last),
        "the ending": str(stream.ending),
        "the end mark": _end_mark(stream),
    }


def _end_mark(stream: Transcript) -> str:
    """Whether an app's own stream that is whole ended with a mark: one that broke off behind the 200 ends without."""
    if stream.dialect.reading is None or stream.ending is not Ending.COMPLETE:
        return ""
    return "sent" if stream.end_mark is not None else "not sent"


def _sort(message: Message | None) -> str:
    """What an event is, as far as the dialects say it in one word."""
    if message is None:
        return "none"
    kinds = (message.fields.get(name) for name in ("type", "object"))
    return next((kind for kind in kinds if isinstance(kind, str)), message.event.type)


@rule("ABT001", Severity.ERROR, RuleKind.CONFORMANCE, f"{_ASGI}#disconnect-receive-event", of=Aborts)
def stops_when_the_client_leaves(aborts: Aborts) -> Iterator[Finding]:
    """Generation stops when the client leaves.

    What it does: hangs up in mid-stream and asks the witnesses on the server's side whether it went on. Without a
    witness nobody can know.
    Why it matters: tokens that nobody reads are paid for, and slots stay taken.
    Good: the upstream is closed within milliseconds of the client's leaving. Bad: the answer is generated to its end.
    """
    unknown = [trial for trial in aborts.trials if trial.answer == "unknown"]
    for trial in aborts.trials:
        if trial.answer == "running":
            yield Finding(
                "not-stopped", f"the server went on after its client had left: {trial.said}", None, "stopped", "running"
            )
    if unknown:
        raise Inconclusive(unknown[0].reason or unknown[0].said)


@rule("ERR005", Severity.ERROR, RuleKind.CONFORMANCE, f"{_RFC9110}#section-15.5", of=Refusal)
def refuses_with_a_status(refusal: Refusal) -> Iterator[Finding]:
    """A request that cannot be meant is refused with a status of its own.

    What it does: sends a body that is not JSON, and one without a prompt; expects a 4xx.
    Why it matters: a client that gets 200 takes what follows for an answer; a 5xx makes it try again.
    Good: `400 Bad Request`, or 422. Bad: `200 OK`, and the error inside the stream; or `500`.
    """
    for answer in refusal.answers:
        if answer.head is None:
            yield Finding(
                f"{answer.name}-unanswered",
                f"{answer.asked}: no answer ({one_line(answer.problem or '', 200)})",
                None,
                "4xx",
                "none",
            )
        elif not 400 <= answer.head.status < 500:
            yield Finding(
                f"{answer.name}-not-refused",
                f"{answer.asked}: answered {answer.head.status}",
                None,
                "4xx",
                str(answer.head.status),
            )


@rule("ERR006", Severity.ERROR, RuleKind.CONFORMANCE, f"{_OPENAI}/guides/error-codes", of=Refusal)
def refuses_in_json(refusal: Refusal) -> Iterator[Finding]:
    """A refusal before the stream is a JSON document.

    What it does: looks at the body of the answer to a request that cannot be meant: content type, and whether it is
    JSON.
    Why it matters: SDKs take the message from there; from an HTML page or plain text they show nothing useful.
    Good: `{"error": {"message": "…", "type": "invalid_request_error"}}`. Bad: `<h1>Bad Request</h1>`.
    """
    refused = [answer for answer in refusal.answers if answer.status is not None and answer.status >= 400]
    if not refused:
        raise NotApplicable("no request was refused: see ERR005")
    for answer in refused:
        if not (answer.content_type in _JSON_TYPES and isinstance(_json(answer.body), dict)):
            shown = one_line(answer.body.decode(errors="replace"), 100) or "an empty body"
            said = f"{answer.asked}: answered {answer.status} with {answer.content_type or 'no Content-Type'}"
            yield Finding(f"{answer.name}-not-json", said, None, "a JSON object", shown)


@rule(
    "ERR008",
    Severity.WARNING,
    RuleKind.COMPATIBILITY,
    f"{_OPENAI}/guides/error-codes",
    of=Refusal,
)
def refuses_with_a_message(refusal: Refusal) -> Iterator[Finding]:
    """A refusal says what is wrong where clients look for it.

    What it does: looks for a text in `error.message`, `error`, or `message` of the refusal's JSON.
    Why it matters: SDKs take the message from there, and show the whole document, or nothing, if it is elsewhere.
    Good: `{"error": {"message": "messages is missing"}}`. Bad: `{"detail": [{"loc": ["body"], "type": "missing"}]}`.
    """
    documents = [(answer, _json(answer.body)) for answer in refusal.answers if (answer.status or 0) >= 400]
    told = [(answer, document) for answer, document in documents if isinstance(document, dict)]
    if not told:
        raise NotApplicable("no refusal was a JSON object: see ERR005 and ERR006")
    for answer, document in told:
        error = document.get("error")
        message = error.get("message") if isinstance(error, dict) else error or document.get("message")
        if not isinstance(message, str) or not message:
            shown = one_line(answer.body.decode(errors="replace"), 100)
            yield Finding(
                f"{answer.name}-without-message",
                f"{answer.asked}: the refusal has no message where clients look",
                None,
                "error.message",
                shown,
            )


@rule(
    "ERR007",
    Severity.ERROR,
    RuleKind.CONFORMANCE,
    "https://openrouter.ai/docs/api/reference/errors-and-debugging",
    of=MidStreamFailure,
)
def fails_loudly(failed: MidStreamFailure) -> Iterator[Finding]:
    """A failure in mid-stream is told by the dialect's error event.

    What it does: lets the server fail after the first tokens, where it can be told to, as the bundled mock can.
    Why it matters: the status is sent already; a stream that just ends is taken for a finished answer by every client.
    Good: `data: {"error": {"message": "…"}}`, then the end. Bad: the connection closes.
    """
    stream = failed.stream
    if stream.ending is not Ending.ERROR or stream.outcome is None or stream.outcome.error is None:
        yield Finding(
            "no-error-event",
            f"{failed.said}: the stream ended as {stream.ending}",
            None,
            "an error event",
            str(stream.ending),
        )
    elif not any(message.has(*CONTENT_KINDS) for message in stream.messages):
        raise Inconclusive("the error came before any content")


@rule("HTTP015", Severity.WARNING, RuleKind.CONFORMANCE, f"{_RFC9110}#section-15.5.6", of=Methods)
def refuses_other_methods(methods: Methods) -> Iterator[Finding]:
    """Methods that the endpoint is not made for are refused with a 4xx or 501.

    What it does: asks an endpoint for POST with GET, and each with a method that nobody knows.
    Why it matters: health checks, crawlers and typing errors come this way; each must cost nothing.
    Good: `405 Method Not Allowed`. Bad: `500`, or a stream.
    """
    for answer in methods.others:
        if answer.head is None:
            yield Finding(
                f"{answer.name}-unanswered",
                f"{answer.asked}: no answer ({one_line(answer.problem or '', 200)})",
                None,
                "405",
                "none",
            )
        elif not (400 <= answer.head.status < 500 or answer.head.status == 501):
            what = f"{answer.head.status} {answer.content_type}".strip()
            yield Finding(f"{answer.name}-not-refused", f"{answer.asked}: answered {what}", None, "405", what)


@rule("HTTP016", Severity.WARNING, RuleKind.CONFORMANCE, f"{_RFC9110}#section-15.5.6", of=Methods)
def says_what_is_allowed(methods: Methods) -> Iterator[Finding]:
    """A 405 says which methods are allowed.

    What it does: looks for the Allow header in each 405. "The origin server MUST generate an Allow header field in a
    405 response".
    Why it matters: it is how a person or a tool finds out what the endpoint takes.
    Good: `Allow: POST`. Bad: a 405 without it.
    """
    refused = [answer for answer in (methods.head, *methods.others) if answer.status == 405]
    if not refused:
        raise NotApplicable("no answer was a 405")
    for answer in refused:
        if answer.head is not None and answer.head.header("allow") is None:
            yield Finding("missing-allow", f"{answer.asked}: a 405 without Allow", None, "Allow: …", "no Allow")


@rule("HTTP018", Severity.WARNING, RuleKind.CONFORMANCE, f"{_RFC9110}#section-9.3.2", of=Methods)
def answers_head(methods: Methods) -> Iterator[Finding]:
    """HEAD is answered at once, without a body, and not with a 5xx.

    What it does: asks the endpoint with HEAD.
    Why it matters: load balancers and monitors ask so; a handler that starts a generation for HEAD works for nobody.
    Good: `405`, or `200` with the stream's headers and no body. Bad: `500`, or no answer at all.
    """
    answer = methods.head
    if answer.head is None:
        yield Finding(
            "unanswered",
            f"{answer.asked}: no answer ({one_line(answer.problem or '', 200)})",
            None,
            "an answer",
            "none",
        )
    elif answer.head.status >= 500 and answer.head.status != 501:
        yield Finding(
            "server-error", f"{answer.asked}: answered {answer.head.status}", None, "below 500", str(answer.head.status)
        )


@rule("HTTP017", Severity.ERROR, RuleKind.CONFORMANCE, f"{_RFC9112}#section-6.1", of=Http10)
def serves_http10(old: Http10) -> Iterator[Finding]:
    """An HTTP/1.0 client gets a stream it can read.

    What it does: makes the request over HTTP/1.0, as nginx does to its upstream by default, and looks whether the
    answer is chunked. "A server MUST NOT send a response containing Transfer-Encoding unless the corresponding request
    indicates HTTP/1.1".
    Why it matters: an HTTP/1.0 client reads the sizes of the chunks as a part of the body.
    Good: no Transfer-Encoding; the end of the connection ends the body. Bad: `Transfer-Encoding: chunked`.
    """
    if old.answer.head is None:
        yield Finding("unanswered", f"no answer ({one_line(old.answer.problem or '', 200)})", None, "a stream", "none")
    elif old.transfer_encoding is not None:
        shown = one_line(old.transfer_encoding, 60)
        yield Finding("transfer-encoding", "the answer to HTTP/1.0 has a Transfer-Encoding", None, "none", shown)
    elif old.stream is None:
        said = f"answered {old.answer.head.status} {old.answer.content_type}, not a stream"
        raise Inconclusive(f"over HTTP/1.0 the endpoint {said}")
    elif old.stream.ending is not Ending.COMPLETE:
        yield Finding(
            "not-complete",
            f"over HTTP/1.0 the stream ended as {old.stream.ending}",
            None,
            "complete",
            str(old.stream.ending),
        )


@rule("BUF006", Severity.ERROR, RuleKind.CONFORMANCE, f"{WHATWG}#authoring-notes", of=Compression)
def compression_delays_nothing(streams: Compression) -> Iterator[Finding]:
    """Compression does not hold events back.

    What it does: makes the request with `Accept-Encoding: gzip` and compares how events arrive with a stream without.
    Why it matters: a compressor that is not flushed after each event turns a stream into lumps; browsers always ask
    for compression.
    Good: no Content-Encoding for event streams, or one that is flushed. Bad: hundreds of events in one read.
    """
    head = streams.asked.head
    encoding = head.header("content-encoding") if head else None
    if encoding is None or encoding.strip().lower() == "identity":
        return
    plain, asked = _per_burst(streams.plain), _per_burst(streams.asked)
    if plain is None or asked is None:
        raise Inconclusive(f"fewer than {_ENOUGH_EVENTS} events with content: ask for a longer answer")
    if asked >= _LUMPS * plain and asked >= _LUMPS:
        said = f"with {one_line(encoding, 40)} {asked:.3g} events arrive at once, without it {plain:.3g}"
        yield Finding("held-by-compression", said, None, f"{plain:.3g} events at once", f"{asked:.3g}")


def _per_burst(stream: Transcript) -> float | None:
    """Events with content for each moment in which any arrived, None if there are too few."""
    times = [message.read.t_ns for message in stream.messages if message.has(*CONTENT_KINDS)]
    return len(times) / len(set(times)) if len(times) >= _ENOUGH_EVENTS else None


@rule("BUF005", Severity.ERROR, RuleKind.CONFORMANCE, f"{_ASGI}#response-body-send-event", of=SlowReading)
def bounds_what_it_buffers(slow: SlowReading) -> Iterator[Finding]:
    """What is held for a reader that does not read is bounded.

    What it does: stops reading in mid-stream. The server has to stop producing while its buffers are full, or to cut
    the reader off. Whether it stopped is seen in the bundled mock's own record; from outside only a cut is seen, since
    what a fast server sends afterwards looks like what it had held.
    Why it matters: a few slow readers fill the memory of a server that buffers without bound.
    Good: production stands still after some hundred KiB. Bad: the whole answer is waiting in memory.
    """
    if slow.cut:
        return
    if slow.held_tokens is None or slow.planned_tokens is None:
        said = f"the server kept a reader that did not read for {human_ms(slow.stalled_ms)}"
        hint = "ask a witness: sseprobe abort-test --how stall --witness SPEC"
        raise Inconclusive(f"{said}; whether it went on producing is not seen from outside: {hint}")
    if slow.held_tokens >= slow.planned_tokens:
        said = f"all {slow.planned_tokens:,} tokens were made for a reader that had stopped reading"
        yield Finding("unbounded-buffer", said, None, "production stands still", f"{slow.held_tokens:,} tokens")


@rule("RES002", Severity.ERROR, RuleKind.CONFORMANCE, f"{WHATWG}#the-last-event-id-header", of=Resumption)
def resumes_where_it_was_left(resumption: Resumption) -> Iterator[Finding]:
    """A reconnection with Last-Event-ID loses nothing and doubles nothing.

    What it does: leaves a stream that sends ids in the middle, connects again with the last id, and compares the ids
    that come with those of the whole stream.
    Why it matters: ids promise that a client can go on; one that gets the beginning again shows it twice.
    Good: after `id: 5` the next is `id: 6`. Bad: the stream begins again with `id: 1`.
    """
    request = resumption.whole.request
    if request is not None and request.method != "GET":
        raise NotApplicable("the request is no GET: nothing reconnects to it, so that ids promise no resumption")
    if resumption.resumed is None:
        status = resumption.answer.status
        if status == 204:
            raise Inconclusive("the server answered 204: the stream is over, and there is nothing to resume")
        said = f"{status}" if status is not None else one_line(resumption.answer.problem or "", 200)
        yield Finding("not-resumed", f"the reconnection was answered {said}", None, "the rest of the stream", said)
        return
    whole, seen, came = _ids(resumption.whole), list(resumption.seen), _ids(resumption.resumed)
    doubled = [identifier for identifier in came if identifier in set(seen)]
    if doubled:
        shown = ", ".join(one_line(each, 40) for each in doubled[:_FEW_IDS])
        yield Finding("repeated-events", f"{len(doubled)} events came again", None, "no event twice", f"ids {shown}, …")
    if whole[: len(seen)] != seen:
        if doubled:
            return
        raise Inconclusive("each stream has ids of its own: what should follow the last one is not known")
    lost = [identifier for identifier in whole[len(seen) :] if identifier not in set(came)]
    if lost:
        shown = ", ".join(one_line(each, 40) for each in lost[:_FEW_IDS])
        yield Finding("lost-events", f"{len(lost)} events never came", None, "every event", f"missing ids {shown}")


def _ids(stream: Transcript) -> list[str]:
    """The ids in order, each once."""
    return list(dict.fromkeys(event.last_event_id for event in stream.events if event.last_event_id))


def _json(body: bytes) -> Any:
    decode: Callable[[bytes], Any] = msgspec.json.decode
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
