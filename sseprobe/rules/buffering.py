"""Family BUF: buffering. What a single path cannot show is inconclusive."""

from collections.abc import Iterator
from typing import Final

from sseprobe.dialects.base import CONTENT_KINDS
from sseprobe.rules.base import WHATWG, Finding, Inconclusive, Kind, NotApplicable, Severity, rule
from sseprobe.rules.probe_results import Compression, Lengths, SlowReading
from sseprobe.streams.buffer_classifier import Holding, bursts_of, came_at_once, diagnose
from sseprobe.streams.transcript import Transcript
from sseprobe.text import one_line
from sseprobe.units import human_bytes, human_ms, ms

_ASGI: Final = "https://asgi.readthedocs.io/en/latest/specs/www.html"
_ENOUGH_EVENTS: Final = 10
_BURST_RATIO: Final = 3.0
_HELD_NS: Final = 5 * 10**6
_LONGER: Final = 3
_MUCH_LATER: Final = 2
_CLEARLY_LATER_MS: Final = 150.0


@rule("BUF001", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#authoring-notes")
def arrives_in_pieces(stream: Transcript) -> Iterator[Finding]:
    """Events arrive one by one, not all at once.

    What it does: Reports 20 or more content events that arrived within 2 ms, or at over 5,000 events/s within a
    fiftieth of the wait, after more than 1 s of silence. Shorter waits and answers are inconclusive, because a canned
    answer looks the same.
    Why it matters: The user waits for the whole answer, as without streaming. A proxy buffers it, a compressor is not
    flushed, or the app itself collects the whole answer first.
    Good: A token every 20 ms.
    Bad: 14 s of silence, then everything.
    """
    if stream.head is None:
        raise NotApplicable("the recording has only bytes, without arrival times")
    if len(stream.content) < 2:
        raise NotApplicable("the stream has fewer than two events with content")
    if not came_at_once(stream):
        return
    diagnosis = stream.remembered(diagnose)
    if diagnosis.kind is not Holding.WHOLE_BODY:
        raise Inconclusive(diagnosis.evidence[0])
    spread_ns = stream.content[-1].read.t_ns - stream.content[0].read.t_ns
    encoding = one_line(stream.head.header("content-encoding") or "", 40)
    packed = f"; the body is compressed ({encoding}): the compressor may not be flushed" if encoding else ""
    yield Finding(
        "all-at-once", f"{diagnosis.evidence[0]}{packed}", None, "one by one", f"within {human_ms(ms(spread_ns))}"
    )


@rule("BUF002", Severity.WARNING, Kind.CONFORMANCE, f"{WHATWG}#parsing-an-event-stream")
def arrives_in_events(stream: Transcript) -> Iterator[Finding]:
    """Events do not arrive in blocks of a fixed size.

    What it does: Reports three or more consecutive bursts of equal size, over 50 ms apart, that end inside an event.
    Faster bursts are ignored, because an answer sent at once also arrives that way.
    Why it matters: A buffer on the path forwards data only when it is full: "block buffering … can cause events to be
    delayed".
    Good: Each burst ends with an event.
    Bad: 4,096 bytes, then 4,096 bytes, each ending in the middle of an event.
    """
    if stream.head is None or len(stream.chunks) < 2:
        raise NotApplicable(
            "the body arrived in one read" if stream.head else "the recording has only bytes, without arrival times"
        )
    bursts = bursts_of(stream)
    diagnosis = stream.remembered(diagnose)
    if diagnosis.kind is Holding.BLOCK:
        block = bursts[1]
        size = human_bytes(diagnosis.block_bytes or 0)
        yield Finding("fixed-blocks", diagnosis.evidence[0], (block.start, block.end), "complete events", size)
    elif 2 * sum(each.trusted for each in bursts) < len(bursts):
        raise Inconclusive("sseprobe read late, so separate bursts may have been read as one")


@rule("BUF003", Severity.WARNING, Kind.CONFORMANCE, f"{WHATWG}#event-stream-interpretation")
def dispatches_at_once(stream: Transcript) -> Iterator[Finding]:
    """The blank line that dispatches an event comes with the event.

    What it does: Compares the arrival of an event's last line with that of its blank line. Reports a stream where most
    events wait over 5 ms for it.
    Why it matters: The event has arrived, but clients may not deliver it yet. Each token appears only when the next one
    is generated.
    Good: `data: a`, LF, LF in one write.
    Bad: `data: a`, LF; a token later LF, `data: b`, LF.
    """
    if len(stream.messages) < 2 or len(stream.chunks) < 2:
        raise NotApplicable("the stream has fewer than two events" if stream.messages else "the stream has no events")
    cuts = dict(zip(stream.chunk_ends, stream.chunks, strict=True))
    late = []
    for message in stream.messages:
        before = cuts.get(message.event.end - 1)
        if before is not None and message.read.t_ns - before.read.t_ns > _HELD_NS:
            late.append(message)
    if 2 * len(late) > len(stream.messages):
        problem = f"the blank lines of {len(late)} of {len(stream.messages)} events arrive later than the events"
        yield Finding("blank-line-late", problem, late[0].event.span, "with the event", "later")


@rule("BUF004", Severity.INFO, Kind.COMPATIBILITY, f"{WHATWG}#parsing-an-event-stream")
def cuts_at_lines(stream: Transcript) -> Iterator[Finding]:
    """Chunks do not end inside a character or a CRLF.

    What it does: Reports chunks of the body that end between CR and LF, or inside a character. Both are legal.
    Why it matters: requests' iter_lines adds a blank line for a split CRLF. Clients that decode each chunk separately
    damage a split character.
    Good: Chunks that end with an event.
    Bad: A chunk that ends with the first byte of `é`.
    """
    if len(stream.chunks) < 2:
        raise NotApplicable("the body arrived in one read")
    body = stream.body
    for end in stream.chunk_ends[:-1]:
        if 0 < end < len(body) and (body[end] & 0xC0 == 0x80 or body[end - 1 : end + 1] == b"\r\n"):
            what = "CRLF" if body[end - 1 : end + 1] == b"\r\n" else "a character"
            key = "cut-inside-crlf" if what == "CRLF" else "cut-inside-character"
            yield Finding(key, f"a chunk of the body ends inside {what}", (end - 1, end + 1), "a complete line", what)


@rule("BUF007", Severity.ERROR, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes", of=Lengths)
def begins_before_it_is_whole(lengths: Lengths) -> Iterator[Finding]:
    """The first token does not wait for the whole answer.

    What it does: Requests short and long answers in turns and compares the time to the first content. A single stream
    cannot show this: an answer that is generated completely and then sent slowly looks like a fast model.
    Why it matters: The user waits as long as the whole answer takes. The streaming afterwards is only for show.
    Good: 300 ms to the first token, whatever the length.
    Bad: 300 ms for a word, 9 s for a page. A model that thinks longer for a longer answer, and does not show it, looks
    the same: stream its reasoning.
    """
    short, long = (sorted(map(_first_ms, each)) for each in (lengths.short, lengths.long))
    sizes = [sorted(map(_size, each)) for each in (lengths.short, lengths.long)]
    if sizes[1][0] < _LONGER * max(1, sizes[0][-1]):
        problem = f"{lengths.requests}: the answers had {sizes[0][-1]} and {sizes[1][0]} characters"
        raise Inconclusive(f"{problem}, too similar to compare; give a --prompt that asks for a long answer")
    middle = short[len(short) // 2], long[len(long) // 2]
    apart = long[0] - short[-1] > max(_CLEARLY_LATER_MS, short[-1] - short[0])
    if apart and middle[1] > _MUCH_LATER * middle[0]:
        problem = (
            f"{lengths.requests}: the first content arrived after {human_ms(middle[0])} and {human_ms(middle[1])}: "
            "the whole answer is generated before it is sent"
        )
        yield Finding("whole-before-sent", problem, None, f"about {human_ms(middle[0])} for both", human_ms(middle[1]))


def _first_ms(stream: Transcript) -> float:
    return stream.content[0].read.t_ns / 1e6


def _size(stream: Transcript) -> int:
    return sum(len(delta.text) for message in stream.content for delta in message.deltas)


@rule("BUF006", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#authoring-notes", of=Compression)
def compression_delays_nothing(streams: Compression) -> Iterator[Finding]:
    """Compression does not delay events.

    What it does: Makes the request with `Accept-Encoding: gzip` and compares the arrival of events with an uncompressed
    stream.
    Why it matters: A compressor that is not flushed after each event turns the stream into bursts. Browsers always
    accept compression.
    Good: No Content-Encoding for event streams, or a compressor that is flushed.
    Bad: Hundreds of events in one read.
    """
    head = streams.compressed.head
    encoding = head.header("content-encoding") if head else None
    if encoding is None or encoding.strip().lower() == "identity":
        return
    plain, compressed = _per_burst(streams.plain), _per_burst(streams.compressed)
    if plain is None or compressed is None:
        raise Inconclusive(f"fewer than {_ENOUGH_EVENTS} events with content; ask for a longer answer (--prompt)")
    if compressed >= _BURST_RATIO * plain and compressed >= _BURST_RATIO:
        problem = f"events arrive in bursts of {compressed:.3g} with {one_line(encoding, 40)}, of {plain:.3g} without"
        yield Finding("held-by-compression", problem, None, f"{plain:.3g} events per burst", f"{compressed:.3g}")


def _per_burst(stream: Transcript) -> float | None:
    """Content events per arrival time (events per burst), None if there are too few."""
    times = [message.read.t_ns for message in stream.messages if message.has(*CONTENT_KINDS)]
    return len(times) / len(set(times)) if len(times) >= _ENOUGH_EVENTS else None


@rule("BUF005", Severity.ERROR, Kind.CONFORMANCE, f"{_ASGI}#response-body-send-event", of=SlowReading)
def bounds_what_it_buffers(slow: SlowReading) -> Iterator[Finding]:
    """The server limits what it buffers for a slow reader.

    What it does: Stops reading mid-stream. The server must stop generating when its buffers are full, or close the
    connection. Only the bundled mock's record shows whether it stopped. From outside only a closed connection is
    visible, because data that a fast server sends afterwards looks like buffered data.
    Why it matters: A few slow readers fill the memory of a server that buffers without a limit.
    Good: Generation pauses after a few hundred KiB.
    Bad: The whole answer waits in memory.
    """
    if slow.cut:
        return
    if slow.held_tokens is None or slow.planned_tokens is None:
        problem = f"the server kept the connection of a client that did not read for {human_ms(slow.stalled_ms)}"
        hint = "use a witness: sseprobe abort-test --how stall --witness SPEC"
        raise Inconclusive(f"{problem}; whether it kept generating is not visible from outside: {hint}")
    if slow.held_tokens >= slow.planned_tokens:
        problem = f"all {slow.planned_tokens:,} tokens were generated for a client that had stopped reading"
        yield Finding("unbounded-buffer", problem, None, "generation pauses", f"{slow.held_tokens:,} tokens")
