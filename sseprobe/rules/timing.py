"""Family TIM: silence, first tokens, and heartbeats."""

import itertools
from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import DeltaKind
from sseprobe.rules.base import WHATWG, Finding, Kind, NotApplicable, Severity, rule
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line
from sseprobe.units import human_ms, ms

_FIRST_TOKEN_NS: Final = 10 * 10**9
_HELD_HEAD_NS: Final = 10**9
_TOGETHER_NS: Final = 5 * 10**6
_SILENCE_NS: Final = 15 * 10**9
_PROXY_LIMIT_NS: Final = 60 * 10**9
_HEARTBEATS: Final = frozenset({"", "{}", '""', "null", "ping", "heartbeat", "keepalive", "keep-alive", "[]"})


def _first_content_ns(stream: Transcript) -> int | None:
    return stream.content[0].read.t_ns if stream.content else None


@rule("TIM001", Severity.WARNING, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes")
def begins_soon(stream: Transcript) -> Iterator[Finding]:
    """The head arrives before the first token, and the first token within 10 s.

    What it does: Measures the arrival of the response head and of the first content.
    Why it matters: Until the head arrives, the client does not know that the request was accepted. Load balancers and
    SDKs retry after some seconds, and the answer is generated twice.
    Good: The head after 20 ms, the first token after 800 ms.
    Bad: Both together after 4 s.
    """
    first_ns = _first_content_ns(stream)
    if stream.head is None or first_ns is None:
        raise NotApplicable(
            "the stream has no content" if stream.head else "the recording has only bytes, without arrival times"
        )
    if first_ns > _FIRST_TOKEN_NS:
        duration = human_ms(ms(first_ns))
        yield Finding(
            "late-first-content", f"the first content arrived after {duration}", None, "at most 10 s", duration
        )
    if stream.head.t_ns > _HELD_HEAD_NS and first_ns - stream.head.t_ns < _TOGETHER_NS:
        duration = human_ms(ms(stream.head.t_ns))
        problem = f"the head was delayed until the first content, {duration} after the request"
        yield Finding("head-held-back", problem, None, "the head immediately", duration)


@rule("TIM002", Severity.WARNING, Kind.CONFORMANCE, f"{WHATWG}#authoring-notes")
def keeps_the_connection_alive(stream: Transcript) -> Iterator[Finding]:
    """No silence is longer than 15 s.

    What it does: Reports 15 s without a byte, from the head to the end of the body. The finding says if many proxies
    would have closed the connection (nginx, HAProxy and AWS load balancers: 60 s by default).
    Why it matters: "Authors can include a comment line every 15 seconds or so": proxies close idle connections.
    Good: `: keep-alive` every 15 s while the model thinks.
    Bad: 40 s of silence before the first token.
    """
    if stream.head is None or stream.end_ns is None:
        raise NotApplicable("the recording has only bytes, without arrival times")
    before_ns, offset = stream.head.t_ns, 0
    for chunk in stream.chunks:
        gap_ns = chunk.read.t_ns - before_ns
        if gap_ns > _SILENCE_NS:
            yield _silence(gap_ns, offset)
        before_ns, offset = chunk.read.t_ns, offset + len(chunk.data)
    if stream.end_ns - before_ns > _SILENCE_NS:
        yield _silence(stream.end_ns - before_ns, offset)


def _silence(gap_ns: int, offset: int) -> Finding:
    duration = human_ms(ms(gap_ns))
    fatal = ", longer than many proxies keep an idle connection" if gap_ns > _PROXY_LIMIT_NS else ""
    return Finding(
        "silence", f"no byte arrived for {duration}{fatal}", (offset, offset), "a heartbeat every 15 s", duration
    )


@rule("TIM003", Severity.INFO, Kind.CONFORMANCE, f"{WHATWG}#authoring-notes")
def has_valid_heartbeats(stream: Transcript) -> Iterator[Finding]:
    """Heartbeats are comments, or events that the dialect defines.

    What it does: Reports events that are empty or contain `ping`, if the dialect has no such event.
    Why it matters: Clients treat them as content and fail to parse them.
    Good: `: keep-alive`, or Anthropic's `event: ping`.
    Bad: `data: ping`.
    """
    if not stream.dialect.parses_json:
        raise NotApplicable(f"{stream.dialect.name} does not define data")
    if not stream.messages:
        raise NotApplicable("the stream has no events")
    for message in stream.messages:
        if message.deltas and not message.has(DeltaKind.UNKNOWN):
            continue
        kind = message.fields.get("type")
        word = (kind if isinstance(kind, str) else message.event.data).strip().strip('"').lower()
        if word in _HEARTBEATS or (not message.deltas and message.event.data.strip().lower() in _HEARTBEATS):
            excerpt = one_line(message.event.data, 60) or "empty"
            yield Finding(
                "heartbeat-as-event", "an event looks like a heartbeat", message.event.span, "a comment", excerpt
            )


@rule("TIM004", Severity.WARNING, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes")
def sends_content_between_heartbeats(stream: Transcript) -> Iterator[Finding]:
    """Heartbeats do not hide more than 15 s without content.

    What it does: Reports 15 s without text, reasoning or tool arguments while other bytes arrive: from the request to
    the first content, between contents, and from the last content to the dialect's end. TIM002 covers complete silence.
    Why it matters: Heartbeats keep proxies and clients waiting. A stuck generation looks alive, and no client timeout
    fires. `--content-timeout` ends such a stream.
    Good: Reasoning or progress while the model works.
    Bad: Ten tokens, then 20 s of `: keep-alive`.
    """
    if stream.head is None or stream.end_ns is None:
        raise NotApplicable("the recording has only bytes, without arrival times")
    ends = [
        message.read.t_ns for kind in (DeltaKind.END, DeltaKind.ERROR) for message, _ in stream.deltas_by_kind[kind][:1]
    ]
    end_ns = min(ends, default=stream.end_ns)
    times = [0, *(message.read.t_ns for message in stream.content if message.read.t_ns <= end_ns), end_ns]
    reads = [stream.head.t_ns, *(chunk.read.t_ns for chunk in stream.chunks)]
    for since_ns, until_ns in itertools.pairwise(times):
        if until_ns - since_ns <= _SILENCE_NS:
            continue
        between = [since_ns, *(t_ns for t_ns in reads if since_ns < t_ns < until_ns), until_ns]
        if max(later - earlier for earlier, later in itertools.pairwise(between)) <= _SILENCE_NS:
            duration = human_ms(ms(until_ns - since_ns))
            yield Finding(
                "content-silence",
                f"only heartbeats arrived for {duration}, no content",
                None,
                "content every 15 s",
                duration,
            )
