"""Receives one stream over the network, for any probe: request, framing, decoding, recording."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import BufferedIOBase
from typing import Final

from msgspec import Struct

from sseprobe.config.options.connection import ConnectOptions
from sseprobe.dialects import by_header
from sseprobe.dialects.base import Dialect
from sseprobe.errors import TargetError
from sseprobe.http_exchange import BodyEnd, Chunk, Head, Redirect, Request
from sseprobe.net.open_stream import OpenStream
from sseprobe.probes.ending_advice import EndOfBody, has_too_many_items, outcome_of
from sseprobe.probes.not_a_stream import excerpt, not_a_stream
from sseprobe.redaction import Redactor, redact_url
from sseprobe.sse.framing import CONTENT_TYPES, Framing, by_content_type, media_type
from sseprobe.streams.body_framing import Guess, Undecided, framing_from_body, framing_from_head
from sseprobe.streams.cassette import Recorder
from sseprobe.streams.decoder import StreamDecoder
from sseprobe.streams.ending import Outcome
from sseprobe.streams.transcript import Transcript, read, recut, transcript_of
from sseprobe.streams.view import StreamView

SILENCE_AFTER_END_S: Final = 5.0


class StreamPlan(Struct, frozen=True):
    """One request and how its answer is received. `dialect`, `named`: as `StreamDecoder` has them.

    `keep`: everything received is kept, for a transcript.
    """

    request: Request
    options: ConnectOptions
    dialect: Dialect | None
    redact: Redactor
    max_bytes: int
    named: bool = False
    record_to: BufferedIOBase | None = None
    keep: bool = False


class StreamRun:
    """One stream while it is received. `stream`: the connection, once it is being opened."""

    def __init__(self, plan: StreamPlan, view: StreamView) -> None:
        self.plan = plan
        self.view = view
        self.decoder = StreamDecoder(plan.dialect, named=plan.named)
        self.recorder = Recorder(plan.redact)
        self.head: Head | None = None
        self.redirects: list[Redirect] = []
        self.body_end: BodyEnd | None = None
        self.end_ns = 0
        self.problem: str | None = None
        self.notes: list[str] = []
        self.interrupted = False
        self.stream: OpenStream | None = None
        self.lacks_content = False
        """Whether it was ended here, since no content came within --content-timeout."""
        self._content_s = 0.0
        self._chunks: list[Chunk] = []

    async def go(self) -> None:
        """Receives the stream to its end. Raises TargetError and UsageError where there is no stream."""
        self._content_s = asyncio.get_running_loop().time()
        self.stream = OpenStream(self.plan.request, self.plan.options)
        async with self._opened() as stream:
            self.head, self.redirects = stream.head, stream.redirects
            async with contextlib.aclosing(stream.chunks()) as chunks:
                try:
                    await self._receive(stream, chunks)
                except asyncio.CancelledError:
                    self.interrupted = True
                    self.body_end = BodyEnd.ABORT
            self.body_end = self.body_end or stream.body_end
            if self.body_end is BodyEnd.IDLE_TIMEOUT and self.decoder.ends_in_silence and not self.lacks_content:
                self.body_end = BodyEnd.LEFT_OPEN
            self.problem = stream.problem
            self.end_ns = stream.now_ns()
            self._record(self.recorder.end, self.body_end or BodyEnd.ABORT, self.end_ns, self.problem)

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncGenerator[OpenStream, None]:
        """The stream, once its head has come. Raises TargetError after --content-timeout."""
        assert self.stream is not None
        async with contextlib.AsyncExitStack() as cleanup:
            try:
                async with self._patience():
                    stream = await cleanup.enter_async_context(self.stream)
            except TimeoutError as error:
                raise TargetError(
                    f"{redact_url(self.plan.request.url)} did not answer within "
                    f"{self.plan.options.content_timeout_s:g} s (--content-timeout)."
                ) from error
            yield stream

    def _patience(self) -> asyncio.Timeout:
        """The rest of --content-timeout; no limit once the dialect's end has come."""
        limit_s = self.plan.options.content_timeout_s
        over = limit_s is None or self.decoder.tally.meter.content_end_ns is not None
        return asyncio.timeout_at(None if over or limit_s is None else self._content_s + limit_s)

    async def _next(self, chunks: AsyncGenerator[Chunk, None]) -> Chunk | None:
        """The next chunk, None at the end of the body and after --content-timeout."""
        try:
            async with self._patience():
                return await anext(chunks, None)
        except TimeoutError:
            self.body_end, self.lacks_content = BodyEnd.IDLE_TIMEOUT, True
            return None

    async def _receive(self, stream: OpenStream, chunks: AsyncGenerator[Chunk, None]) -> None:
        first, framing = await self._first_chunks(stream, chunks)
        dialect = self.plan.dialect if self.plan.named else by_header(stream.head.header, self.plan.dialect)
        self.decoder = self._new_decoder(dialect, self.plan.named, framing)
        self.view.head(stream.head, stream.redirects)
        self._record(self.recorder.opening, self.plan.request, self.decoder.dialect.name, now())
        self._record(self.recorder.head, stream.head)
        for each in first:
            self._take(each, stream)
        while self.body_end is None and (chunk := await self._next(chunks)) is not None:
            self._take(chunk, stream)
        with self._showing():
            self.decoder.receive_eof(self.view)

    def _new_decoder(self, dialect: Dialect | None, named: bool, framing: Framing | None) -> StreamDecoder:
        decoder = StreamDecoder(dialect, named=named, framing=framing, keep=self.plan.keep)
        decoder.tally.meter.ttfb_ns = self.head.t_ns if self.head else None
        return decoder

    async def _first_chunks(
        self, stream: OpenStream, chunks: AsyncGenerator[Chunk, None]
    ) -> tuple[list[Chunk], Framing]:
        """The first chunks, as many as show the framing. Raises TargetError if this is not a stream."""
        head, dialect = stream.head, self.plan.dialect
        if head.status != 200:
            raise not_a_stream(head, await excerpt(stream, chunks), Framing.SSE, self.plan.request)
        first: list[Chunk] = []
        framing: Guess = framing_from_head(head, dialect) or Undecided.MORE
        while framing is Undecided.MORE:
            chunk = await anext(chunks, None)
            first += [chunk] if chunk is not None else []
            begun = b"".join(each.data for each in first)
            framing = framing_from_body(head, begun, dialect, over=chunk is None)
            if framing is Undecided.NO_STREAM or (framing is Undecided.MORE and chunk is None):
                expected = dialect.framing if dialect else Framing.SSE
                raise not_a_stream(head, begun + await excerpt(stream, chunks), expected, self.plan.request)
        assert isinstance(framing, Framing)
        self._note_content_type(head, framing)
        return first, framing

    def _note_content_type(self, head: Head, framing: Framing) -> None:
        sent, expected = media_type(head.header("content-type")) or "missing", CONTENT_TYPES[framing]
        if by_content_type(sent) is not framing and sent != expected:
            self.notes.append(f"Content-Type is {sent}, not {expected}: clients that check it refuse the stream")

    def _take(self, chunk: Chunk, stream: OpenStream) -> None:
        before = self.decoder.tally.content_deltas
        received = self.decoder.receive(chunk)
        if self.decoder.tally.content_deltas != before:
            self._content_s = asyncio.get_running_loop().time()
        self._record(self.recorder.chunk, chunk)
        if self.plan.keep:
            self._chunks.append(chunk)
        with self._showing():
            self.view.received(chunk, received, self.decoder.dialect)
        if self.decoder.tally.over_limit is not None or self._kept_too_much():
            self.body_end = BodyEnd.LIMIT
        if self.decoder.is_certainly_over:
            stream.expect_silence(SILENCE_AFTER_END_S)

    @contextlib.contextmanager
    def _showing(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.interrupted = True  # our output is closed
            self.body_end = BodyEnd.ABORT

    def _kept_too_much(self) -> bool:
        kept = self.plan.keep or self.plan.record_to is not None
        return (kept and self.decoder.body_bytes > self.plan.max_bytes) or has_too_many_items(self.decoder)

    def _record(self, line: Callable[..., bytes], *values: object) -> None:
        if self.plan.record_to is not None:
            self.plan.record_to.write(line(*values))
            self.plan.record_to.flush()  # kept even if this process is killed

    def read_as(self, dialect: Dialect, cut_at: Sequence[int] | None = None) -> None:
        """Decodes the kept chunks again, in a dialect that was learned meanwhile.

        `cut_at`: where a plain-text body is cut as well, in bytes.
        """
        decoder = self._new_decoder(dialect, self.plan.named, self.decoder.framing)
        if cut_at is not None and decoder.framing is Framing.TEXT:
            self._chunks = recut(self._chunks, cut_at)
        self.decoder = read(self._chunks, decoder, self.head)

    def transcript(self) -> Transcript:
        """Everything received. Needs `keep`, and a head."""
        assert self.head is not None
        return transcript_of(
            self.decoder,
            self._chunks,
            request=self.plan.request,
            head=self.head,
            body_end=self.body_end or BodyEnd.ABORT,
            outcome=self.outcome(),
            end_ns=self.end_ns,
            redirects=self.redirects,
            gzip_members=self.stream.gzip_members if self.stream is not None else 0,
        )

    def outcome(self) -> Outcome:
        """How the stream ended, and why."""
        end = EndOfBody(
            self.body_end,
            self.end_ns,
            self.problem,
            self.lacks_content,
            self.stream is not None and self.stream.coding_is_cut,
            self.plan.max_bytes,
            self.plan.options,
        )
        return outcome_of(self.decoder, end)


def now() -> str:
    """The time of day, as reports have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
