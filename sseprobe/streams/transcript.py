"""A whole stream, for judging afterwards: its bytes, what parser and dialect made of them, and when they came."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, TypeVar

from msgspec import Struct

from sseprobe import dialects
from sseprobe.dialects.base import CONTENT_KINDS, Delta, DeltaKind, Dialect
from sseprobe.http_exchange import BodyEnd, Chunk, Ending, Head, Read, Redirect, Request
from sseprobe.sse import Comment, Event, Frame, Item, Tail
from sseprobe.sse.framing import Framing, new_parser
from sseprobe.streams.body_framing import framing_of
from sseprobe.streams.cassette import Cassette
from sseprobe.streams.decoder import Message, StreamDecoder
from sseprobe.streams.ending import Outcome

T = TypeVar("T")


class Transcript(Struct, frozen=True, dict=True):
    """The body of one stream, and what was decoded from it.

    `messages`: its events, decoded. `request`, `head`, `body_end`, `outcome`, `end_ns`: None where only bytes are
    known. `named`: the dialect was named by the user, not taken from the path or the events; `expected`: the one
    that was named or promised by the path, where the events are another vendor's. `end_mark`: of an app's own stream,
    in words; `error_as_text`: such a stream sent its failure as if it were text. `gzip_members`: that it came in.
    """

    body: bytes
    items: Sequence[Item]
    last_event_id: str
    retry_ms: int | None
    framing: Framing
    dialect: Dialect
    messages: Sequence[Message] = ()
    end_mark: str | None = None
    error_as_text: bool = False
    named: bool = False
    expected: Dialect | None = None
    gzip_members: int = 0
    chunks: Sequence[Chunk] = ()
    request: Request | None = None
    head: Head | None = None
    redirects: Sequence[Redirect] = ()
    body_end: BodyEnd | None = None
    outcome: Outcome | None = None
    end_ns: int | None = None

    @cached_property
    def _by_type(self) -> dict[type, list[Any]]:
        found: dict[type, list[Any]] = {}
        for item in self.items:
            found.setdefault(type(item), []).append(item)
        return found

    def of(self, kind: type[T]) -> list[T]:
        """The items of one type, in order."""
        return self._by_type.get(kind, [])

    @property
    def events(self) -> list[Event]:
        return self.of(Event)

    @property
    def frames(self) -> list[Frame]:
        return self.of(Frame)

    @property
    def comments(self) -> list[Comment]:
        return self.of(Comment)

    @property
    def tail(self) -> Tail | None:
        """What was pending when the body ended."""
        last = self.items[-1] if self.items else None
        return last if isinstance(last, Tail) else None

    @property
    def ending(self) -> Ending | None:
        """What became of the stream, None where only bytes are known."""
        return self.outcome.ending if self.outcome else None

    @cached_property
    def chunk_ends(self) -> list[int]:
        """Where each chunk ends in the body."""
        return list(accumulate(len(chunk.data) for chunk in self.chunks))

    @cached_property
    def _starts(self) -> list[int]:
        return [message.event.start for message in self.messages]

    @cached_property
    def deltas_by_kind(self) -> dict[DeltaKind, list[tuple[Message, Delta]]]:
        """What the events decode to, by kind, in order; `OPEN` is left out."""
        deltas_by_kind: dict[DeltaKind, list[tuple[Message, Delta]]] = {kind: [] for kind in DeltaKind}
        for message in self.messages:
            for delta in message.deltas:
                if delta.kind is not DeltaKind.OPEN:
                    deltas_by_kind[delta.kind].append((message, delta))
        return deltas_by_kind

    @cached_property
    def content(self) -> list[Message]:
        """The events with text, reasoning, refusal or tool calls."""
        return [message for message in self.messages if message.has(*CONTENT_KINDS)]

    def remembered(self, make: "Callable[[Transcript], T]") -> "T":
        """What `make` makes of this transcript, made once: for what several rules look at."""
        made: dict[Any, Any] = self.__dict__.setdefault("made", {})
        if make not in made:
            made[make] = make(self)
        result: T = made[make]
        return result

    def read_at(self, offset: int) -> Read | None:
        """The read that brought the byte at this offset of the body, None where only bytes are known."""
        position = bisect_right(self.chunk_ends, offset)
        return self.chunks[position].read if position < len(self.chunks) else None

    def message_at(self, offset: int) -> Message | None:
        """The event in whose span this byte lies."""
        position = bisect_right(self._starts, offset) - 1
        found = self.messages[position] if position >= 0 else None
        return found if found is not None and offset < found.event.end else None


def transcribe(body: bytes, framing: Framing = Framing.SSE, cut_at: Sequence[int] = ()) -> Transcript:
    """Parses a whole body of which nothing else is known: no dialect is asked. `cut_at`: where its pieces ended."""
    parser = new_parser(framing)
    items: list[Item] = []
    for start, end in pairwise([0, *cut_at, len(body)]):
        items += parser.receive(body[start:end])
    items += parser.receive_eof()
    return Transcript(body, items, parser.last_event_id, parser.retry_ms, framing, dialects.by_name(dialects.PLAIN))


def transcript_of(
    decoder: StreamDecoder,
    chunks: Sequence[Chunk],
    *,
    request: Request,
    head: Head,
    body_end: BodyEnd,
    outcome: Outcome,
    end_ns: int,
    redirects: Sequence[Redirect] = (),
    gzip_members: int = 0,
) -> Transcript:
    """The transcript of a stream that was received with `keep`."""
    return Transcript(
        body=b"".join(chunk.data for chunk in chunks),
        items=decoder.items,
        last_event_id=decoder.parser.last_event_id,
        retry_ms=decoder.parser.retry_ms,
        framing=decoder.framing,
        dialect=decoder.dialect,
        messages=decoder.messages,
        end_mark=decoder.end_mark,
        error_as_text=decoder.error_as_text,
        named=decoder.named,
        expected=decoder.expected,
        gzip_members=gzip_members,
        chunks=chunks,
        request=request,
        head=head,
        redirects=redirects,
        body_end=body_end,
        outcome=outcome,
        end_ns=end_ns,
    )


def read(chunks: Sequence[Chunk], decoder: StreamDecoder, head: Head | None) -> StreamDecoder:
    """The same decoder, once it has received these chunks to their end."""
    decoder.tally.meter.ttfb_ns = head.t_ns if head is not None else None
    for chunk in chunks:
        decoder.receive(chunk)
    decoder.receive_eof()
    return decoder


def recut(chunks: Sequence[Chunk], ends: Sequence[int]) -> list[Chunk]:
    """The same body and reads, cut also where another saw a piece of it end: offsets in the body, ascending.

    A body that is text has no events but its chunks, so that two views of it are compared cut alike.
    """
    pieces: list[Chunk] = []
    position = 0
    for chunk in chunks:
        inner = [
            end - position for end in ends[bisect_right(ends, position) : bisect_left(ends, position + len(chunk.data))]
        ]
        for start, end in pairwise([0, *inner, len(chunk.data)]):
            pieces.append(Chunk(chunk.data[start:end], chunk.read))
        position += len(chunk.data)
    return pieces


def transcript_of_cassette(
    cassette: Cassette, dialect: Dialect | None, *, named: bool
) -> tuple[StreamDecoder, Transcript]:
    """A recording, received once more. `dialect`, `named`: as `StreamDecoder` has them."""
    opening, head = cassette.opening, cassette.head
    dialect = dialect if named else dialects.by_header(head.header, dialect)
    framing = framing_of(head, (chunk.data for chunk in cassette.chunks), dialect)
    decoder = read(cassette.chunks, StreamDecoder(dialect, named=named, framing=framing, keep=True), head)
    body = None if opening.body is None else opening.body.encode()
    return decoder, transcript_of(
        decoder,
        cassette.chunks,
        request=Request(opening.method, opening.url, opening.headers, body),
        head=head,
        body_end=cassette.end.end,
        outcome=decoder.finish(cassette.end.end, cassette.end.t_ns),
        end_ns=cassette.end.t_ns,
    )
