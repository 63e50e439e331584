"""Family BUF: whether events arrive as they are made. One path alone shows little: what it cannot show is left open."""

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
_LUMPS: Final = 3.0
_HELD_NS: Final = 5 * 10**6
_LONGER: Final = 3
_MUCH_LATER: Final = 2
_SURELY_LATER_MS: Final = 150.0


@rule("BUF001", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#authoring-notes")
def arrives_in_pieces(stream: Transcript) -> Iterator[Finding]:
    """Events arrive as they are made, not all at once.

    What it does: reports 20 events with content or more that all arrived within 2 ms, or faster than 5,000 a second
    and in less than a fiftieth of the wait, after more than a second in which nothing came. Shorter waits and shorter
    answers are left open: a canned answer looks the same.
    Why it matters: the user waits for the whole answer, as without streaming. Something gathers it: a proxy that
    buffers, a compressor that is not flushed, or an app that waits for the whole answer itself.
    Good: a token every 20 ms. Bad: nothing for 14 s, then everything.
    """
    if stream.head is None:
        raise NotApplicable("only bytes are known, and not when they came")
    if len(stream.content) < 2:
        raise NotApplicable("fewer than two events with content came")
    if not came_at_once(stream):
        return
    said = stream.remembered(diagnose)
    if said.kind is not Holding.WHOLE_BODY:
        raise Inconclusive(said.evidence[0])
    spread_ns = stream.content[-1].read.t_ns - stream.content[0].read.t_ns
    encoding = one_line(stream.head.header("content-encoding") or "", 40)
    packed = f"; it came as {encoding}: a compressor that is not flushed holds so" if encoding else ""
    yield Finding("all-at-once", f"{said.evidence[0]}{packed}", None, "one by one", f"within {human_ms(ms(spread_ns))}")


@rule("BUF002", Severity.WARNING, Kind.CONFORMANCE, f"{WHATWG}#parsing-an-event-stream")
def arrives_in_events(stream: Transcript) -> Iterator[Finding]:
    """Events do not arrive in blocks of a fixed size.

    What it does: looks for bursts of equal size, three or more in a row, more than 50 ms apart, that end inside an
    event. Pieces that come faster are left alone: an answer sent at once arrives like that.
    Why it matters: a buffer on the way is passed on when it is full, whatever is in it: "block buffering … can cause
    events to be delayed".
    Good: each burst ends with an event. Bad: 4,096 bytes, then 4,096 bytes, each ending in the middle of an event.
    """
    if stream.head is None or len(stream.chunks) < 2:
        raise NotApplicable("the body came in one piece" if stream.head else "only bytes are known")
    bursts = bursts_of(stream)
    said = stream.remembered(diagnose)
    if said.kind is Holding.BLOCK:
        block = bursts[1]
        size = human_bytes(said.block_bytes or 0)
        yield Finding("fixed-blocks", said.evidence[0], (block.start, block.end), "whole events", size)
    elif 2 * sum(each.trusted for each in bursts) < len(bursts):
        raise Inconclusive("this process read late: what came in pieces may have been read as one")


@rule("BUF003", Severity.WARNING, Kind.CONFORMANCE, f"{WHATWG}#event-stream-interpretation")
def dispatches_at_once(stream: Transcript) -> Iterator[Finding]:
    """The blank line that dispatches an event comes with the event.

    What it does: compares the arrival of an event's last line with that of its blank line; reports it where most
    events wait for more than 5 ms.
    Why it matters: the event is there and no client may deliver it: each token is seen when the next one is made.
    Good: `data: a`, LF, LF in one write. Bad: `data: a`, LF; a token later LF, `data: b`, LF.
    """
    if len(stream.messages) < 2 or len(stream.chunks) < 2:
        raise NotApplicable("fewer than two events came" if stream.messages else "there is no event")
    cuts = dict(zip(stream.chunk_ends, stream.chunks, strict=True))
    late = []
    for message in stream.messages:
        before = cuts.get(message.event.end - 1)
        if before is not None and message.read.t_ns - before.read.t_ns > _HELD_NS:
            late.append(message)
    if 2 * len(late) > len(stream.messages):
        said = f"the blank lines of {len(late)} of {len(stream.messages)} events come later than the events"
        yield Finding("blank-line-late", said, late[0].event.span, "with the event", "later")


@rule("BUF004", Severity.INFO, Kind.COMPATIBILITY, f"{WHATWG}#parsing-an-event-stream")
def cuts_at_lines(stream: Transcript) -> Iterator[Finding]:
    """Chunks end neither inside a character nor inside CRLF.

    What it does: tells where a piece of the body ends between CR and LF, or in the middle of a character. It is legal.
    Why it matters: requests' iter_lines makes an extra blank line of the first; clients that decode piece by piece
    damage the second.
    Good: pieces that end with an event. Bad: a piece that ends with the first byte of `é`.
    """
    if len(stream.chunks) < 2:
        raise NotApplicable("the body came in one piece")
    body = stream.body
    for end in stream.chunk_ends[:-1]:
        if 0 < end < len(body) and (body[end] & 0xC0 == 0x80 or body[end - 1 : end + 1] == b"\r\n"):
            what = "CRLF" if body[end - 1 : end + 1] == b"\r\n" else "a character"
            key = "cut-inside-crlf" if what == "CRLF" else "cut-inside-character"
            yield Finding(key, f"a piece of the body ends inside {what}", (end - 1, end + 1), "a whole line", what)


@rule("BUF007", Severity.ERROR, Kind.COMPATIBILITY, f"{WHATWG}#authoring-notes", of=Lengths)
def begins_before_it_is_whole(lengths: Lengths) -> Iterator[Finding]:
    """The first token does not wait for the whole answer.

    What it does: asks in turns for a short and for a long answer, and compares how long the first content takes. One
    stream cannot show it: an answer that is made whole and then typed out looks like a fast model.
    Why it matters: the user looks at nothing for as long as the whole answer takes; what then moves is for show.
    Good: 300 ms to the first token, whatever the length. Bad: 300 ms for a word, 9 s for a page. A model that thinks
    longer for a longer answer, and does not show it, looks the same: let it send its reasoning.
    """
    short, long = (sorted(map(_first_ms, each)) for each in (lengths.short, lengths.long))
    sizes = [sorted(map(_size, each)) for each in (lengths.short, lengths.long)]
    if sizes[1][0] < _LONGER * max(1, sizes[0][-1]):
        said = f"{lengths.said}, the answers had {sizes[0][-1]} and {sizes[1][0]} characters"
        raise Inconclusive(f"{said}: too alike to be compared; give a --prompt that asks for a long answer")
    middle = short[len(short) // 2], long[len(long) // 2]
    apart = long[0] - short[-1] > max(_SURELY_LATER_MS, short[-1] - short[0])
    if apart and middle[1] > _MUCH_LATER * middle[0]:
        said = (
            f"{lengths.said}, the first content came after {human_ms(middle[0])} and {human_ms(middle[1])}: "
            "the answer is made whole before it is sent"
        )
        yield Finding("whole-before-sent", said, None, f"about {human_ms(middle[0])} for both", human_ms(middle[1]))


def _first_ms(stream: Transcript) -> float:
    return stream.content[0].read.t_ns / 1e6


def _size(stream: Transcript) -> int:
    return sum(len(delta.text) for message in stream.content for delta in message.deltas)


@rule("BUF006", Severity.ERROR, Kind.CONFORMANCE, f"{WHATWG}#authoring-notes", of=Compression)
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


@rule("BUF005", Severity.ERROR, Kind.CONFORMANCE, f"{_ASGI}#response-body-send-event", of=SlowReading)
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
